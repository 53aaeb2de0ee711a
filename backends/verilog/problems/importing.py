"""What all importers share: every problem is tried with its own reference, and only what that passes becomes a task."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backends.verilog.gate import SourceGate
from backends.verilog.problems.bench import Counted, Ended, Rejected, sandboxed
from backends.verilog.problems.problem import FORMAT, Problem, ProblemSet, save
from harness.errors import UsageError
from harness.suites import ImportReport, ImportRequest, Skipped

LICENSES = ("LICENSE", "LICENSE.txt", "LICENSE.md")
_EVERY = 10


def text_of(path: Path) -> str:
    """A file of a checkout; bytes that are no UTF-8 become question marks."""
    return path.read_text(encoding="utf-8", errors="replace")


def import_all(request: ImportRequest, name: str, description: str, found: Iterable[Problem | Skipped]) -> ImportReport:
    """Tries the references and writes the suite. UsageError if there is no problem at all."""
    gate = SourceGate(request.sandbox)
    good: list[Problem] = []
    skipped: list[Skipped] = []
    for count, problem in enumerate(found, 1):
        if count % _EVERY == 0:
            request.say(f"{count} problems tried, {len(skipped)} of them left out")
        tried = problem if isinstance(problem, Skipped) else try_reference(request, gate, problem)
        if isinstance(tried, Skipped):
            skipped.append(tried)
        else:
            good.append(tried)
    if not good and not skipped:
        raise UsageError(f"{str(request.checkout)!r} has no problems of {name}", "name the folder of its checkout")
    licenses = [request.checkout / file for file in LICENSES if (request.checkout / file).is_file()]
    text = text_of(licenses[0]) if licenses else ""
    made = ProblemSet(name=name, description=description, license=text, problems=tuple(good), skipped=tuple(skipped))
    save(made, request.out)
    return ImportReport(suite=name, backend=FORMAT, imported=tuple(problem.id for problem in good), skipped=tuple(skipped))


def try_reference(request: ImportRequest, gate: SourceGate, problem: Problem) -> Problem | Skipped:
    """The problem with the samples that its reference was compared on, or why it cannot be a task here."""
    gated = gate.check_module(problem.reference, problem.top, hardware=False)
    if gated.text is None:
        told = next(each for each in gated.diagnostics if each.severity == "error")
        place = f" (line {told.line})" if told.line else ""
        return Skipped(name=problem.id, reason=f"the gate refuses its reference: {told.message}{place}")
    result = sandboxed(request.sandbox, problem, gated.text)
    match result:
        case Rejected(log=log):
            first = next((line for line in log.splitlines() if "error" in line or "sorry" in line), log.strip()[:200])
            return Skipped(name=problem.id, reason=f"its reference does not compile with its bench: {first}")
        case Ended(message=message):
            return Skipped(name=problem.id, reason=f"with its reference, {message}")
        case Counted(mismatches=0, samples=samples):
            return problem.model_copy(update={"samples": samples})
        case Counted(mismatches=mismatches, samples=samples):
            return Skipped(name=problem.id, reason=f"its reference fails its bench: {mismatches} of {samples} samples differ")
