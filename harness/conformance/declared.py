"""What a backend says of itself: facts, formats, digest, and which workloads it supports."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator

from harness.backend import BackendInfo, PairedTiming, Specimens, StoresInputs, ToolProvider
from harness.conformance.bench import Bench, ProblemError, draw
from harness.conformance.result import Result, found
from harness.errors import UsageError
from harness.grading.band import bands
from harness.grading.lint import lint
from harness.task import Formats

UNKNOWN_OPTION = "no-such-option"
SLACK = (1.0, 16.0)
"""Sane factors on a first-order error bound."""
UNARY_ROUNDOFFS = (0.5, 1 << 20)
"""Sane errors of unary functions, in roundoffs of the type that sums are kept in."""
COARSE = ("zeros", "nan", "largest", "smallest", "constant", "replay", "copy")
"""Wrong kernels of the linter that no format excuses; one left-out operation may vanish in a coarse one."""
OTHER_PROCESS = """
import json, sys
from harness.run.plan import Options
from harness.run.session import Session
name, options = json.loads(sys.argv[1])
print("digest", Session(Options(models=(), backends=(name,), backend_options=options)).backend(name).info.digest)
"""


def info(bench: Bench) -> Result:
    """Facts that prompts, files and the judge rely on."""
    one = bench.backend.info
    offered = (PairedTiming, StoresInputs, ToolProvider, Specimens)
    offers = [protocol.__name__ for protocol in offered if isinstance(bench.backend, protocol)]
    tools = ", ".join(tool.name for tool in one.tools)
    return found(
        "info",
        f"{one.title!r}, {one.language}, *.{one.extension}, {one.source_limit:,} bytes; tools: {tools or 'none'}; "
        f"offers: {', '.join(offers) or 'the six methods'}",
        list(_info_problems(bench, one)),
        "set these fields of BackendInfo to what harness/backend.py says of them",
    )


def _info_problems(bench: Bench, one: BackendInfo) -> Iterator[str]:
    if one.name != bench.name:
        yield f"info.name is {one.name!r}, and it is registered as {bench.name!r}"
    for name in ("title", "language", "extension", "version", "digest", "sandbox"):
        if not str(getattr(one, name)).strip():
            yield f"info.{name} is empty"
    if one.extension.startswith("."):
        yield f"info.extension is {one.extension!r}; it is written without the dot"
    if one.source_limit < 1:
        yield f"info.source_limit is {one.source_limit}; no kernel is that small"
    if not one.deterministic and not isinstance(bench.backend, PairedTiming):
        yield "cycles do not repeat (deterministic is False), and there is no race(): the judge could not measure speed"
    if one.tools and not isinstance(bench.backend, ToolProvider):
        yield f"it lists tools ({', '.join(tool.name for tool in one.tools)}) and has no call_tool()"


def options(bench: Bench) -> Result:
    """An option that does not exist is refused, or a typo would decide a score."""
    try:
        bench.create({**bench.options, UNKNOWN_OPTION: "1"})
        problem = [f"--backend-option {UNKNOWN_OPTION}=1 was accepted in silence"]
    except UsageError:
        problem = []
    return found(
        "options", f"the option {UNKNOWN_OPTION!r} was given", problem, "raise harness.errors.UsageError in create() for it"
    )


def digest(bench: Bench) -> Result:
    """The same in another instance and process, another one under other options."""
    seen, problems = ["this instance"], []
    first = bench.backend.info.digest
    again = {"this instance": bench.backend.info.digest, "another instance": bench.create(bench.options).info.digest}
    if bench.registered:
        again["another process"] = _digest_elsewhere(bench)
    seen += [where for where in again if where != "this instance"]
    problems += [f"in {where} it is {other}, not {first}" for where, other in again.items() if other != first]
    if bench.options:
        seen.append("without its options")
        if bench.create({}).info.digest == first:
            problems.append(f"without {dict(bench.options)!r} it is the same; a result would not say which was measured")
    return found(
        "digest",
        f"{first[:16]}, asked of {', '.join(seen)}",
        problems,
        "hash sources, tools' versions and options with harness.record.digest; no times, paths, ids, or order of sets",
    )


def _digest_elsewhere(bench: Bench) -> str:
    command = [sys.executable, "-c", OTHER_PROCESS, json.dumps([bench.name, dict(bench.options)])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    for line in done.stdout.splitlines():
        if line.startswith("digest "):
            return line.removeprefix("digest ")
    raise ProblemError(f"another process cannot make the backend: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")


def support(bench: Bench) -> Result:
    """Yes or a reason, the same every time, and at least one yes."""
    problems, yes = [], 0
    for workload in bench.workloads:
        answer = bench.backend.support(workload)
        yes += answer.supported
        if not answer.supported and not answer.reason.strip():
            problems.append(f"{workload.id}: not supported, and no reason given")
        if bench.backend.support(workload) != answer:
            problems.append(f"{workload.id}: asked twice, answered differently")
    if not yes:
        problems.append("no workload is supported: nothing can be measured")
    return found(
        "support",
        f"{yes} of {len(bench.workloads)} workloads are supported, {len(bench.supported)} are tried below",
        problems,
        "support() depends on the workload alone, and says which property of the target is in the way",
    )


def formats(bench: Bench) -> Result:
    """The declared arithmetic is sane, and tolerances that follow from it still tell right kernels from wrong ones."""
    declared = bench.backend.info.formats
    problems = list(_format_problems(declared))
    caught = tried = seen = small = 0
    for workload in bench.few:
        if problems:
            break
        outcome = lint(workload, declared)
        tried += len(outcome.nulls)
        caught += sum(not null.passed for null in outcome.nulls)
        problems += [f"{workload.id}: {name} would be accepted" for name in outcome.leaks if name.startswith(COARSE)]
        refused = list(_refused(bench, outcome.refused))
        for band in bands(workload, {bench.backend.info.name: bench.backend}):
            # In coarser sums the inputs would be rounded too, unless the target says that it stores them so.
            if declared.accumulate.roundoff <= Formats().accumulate.roundoff:
                refused += [f"{name}, rounded as declared" for name in band.refused]
            small += len(band.mistakes)
            seen += sum(mistake.caught for mistake in band.mistakes)
        problems += [f"{workload.id}: a right kernel ({name}) would be refused" for name in refused]
    return found(
        "formats",
        f"stored as {declared.storage.name}, sums in {declared.accumulate.name}, slack {declared.slack:g}, unary functions "
        f"{declared.unary_roundoffs:g} roundoffs; {caught} of {tried} wrong kernels and {seen} of {small} smallest mistakes "
        f"refused on {len(bench.few)} workloads",
        problems,
        "declare the types that the target computes in, slack near 2, the error that its exp, sqrt and division have, and a "
        "stored() if it rounds inputs",
    )


def _refused(bench: Bench, names: tuple[str, ...]) -> tuple[str, ...]:
    """Right kernels of the linter that count: those in float32 need not be as good as a target of more precision."""
    return names if bench.backend.info.formats.accumulate.roundoff >= Formats().accumulate.roundoff else ()


def _format_problems(declared: Formats) -> Iterator[str]:
    for name in ("storage", "accumulate"):
        if not getattr(declared, name).is_float:
            yield f"formats.{name} is {getattr(declared, name).name}; it is the floating type of tensors or of sums"
    if declared.accumulate.roundoff > declared.storage.roundoff:
        yield f"sums in {declared.accumulate.name} are coarser than what is stored, {declared.storage.name}"
    for name, (low, high) in (("slack", SLACK), ("unary_roundoffs", UNARY_ROUNDOFFS)):
        value = getattr(declared, name)
        if not (math.isfinite(value) and low <= value <= high):
            yield f"formats.{name} is {value:g}; sane values are {low:g} to {high:g}"


def stored(bench: Bench) -> Result:
    """Inputs as the device stores them: the same names, types and shapes, and storing them again changes nothing."""
    problems: list[str] = []
    if not isinstance(bench.backend, StoresInputs):
        return found("stored", "inputs are stored as they are: there is no stored()", [], "")
    for workload in bench.few:
        inputs = draw(workload)
        before = {name: array.copy() for name, array in inputs.items()}
        once = bench.backend.stored(workload, inputs)
        twice = bench.backend.stored(workload, once)
        for name, tensor in workload.inputs.items():
            if name not in once or once[name].shape != tensor.shape or once[name].dtype != tensor.dtype.numpy:
                problems.append(f"{workload.id}: {name} does not come back as {tensor.dtype.name}{list(tensor.shape)}")
            elif once[name].tobytes() != twice[name].tobytes():
                problems.append(f"{workload.id}: {name} changes when it is stored a second time")
            if inputs[name].tobytes() != before[name].tobytes():
                problems.append(f"{workload.id}: stored() wrote to its argument {name}")
    return found("stored", f"inputs of {len(bench.few)} workloads, stored twice", problems, "round a copy, once, as a load does")
