"""The backend ``verilog-problems``: modules of imported problem sets, judged by their authors' benches behind our gate.

It does not measure: the only number is how many samples differ. Cycles are the samples compared, the same for every
module, so that every correct one has speed 1.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from backends.verilog.classes import Failure
from backends.verilog.gate import SOURCE_LIMIT, SourceGate
from backends.verilog.problems.bench import Counted, Ended, Rejected, compile_bench, run
from backends.verilog.problems.problem import FORMAT, Problem
from backends.verilog.problems.suite import OUTPUT, ProblemTask
from backends.verilog.simulate.icarus import Icarus
from harness.backend import (
    BackendContext,
    BackendInfo,
    Bound,
    Brief,
    Build,
    Diagnostic,
    Execution,
    Fault,
    Limits,
    Manual,
    ManualSection,
    Support,
)
from harness.errors import InfraError, unknown
from harness.record import digest
from harness.task import Tensors, Workload

_RULES = """\
Write one text with the module `{top}`; it may contain other modules. A test bench that you do not see compares its outputs with
those of a reference and counts the samples that differ: `{output}` must be 0. There is nothing to make fast.

The text is SystemVerilog as Icarus Verilog takes it. It may not reach out of the design: no system tasks but pure functions such
as `$signed` and `$clog2`, no delays, no events inside a block, no names inside other modules, no compiler directives but
macros and conditionals."""
_TIMEOUTS = (Failure.cpu_timeout, Failure.wall_timeout)
_ICARUS = re.compile(r"kernel\.sv:(\d+): (?:error: |sorry: )?(.*)")
_MOST = 20


@dataclass(frozen=True)
class Artifact:
    """A module compiled with its bench."""

    problem: Problem
    program: bytes
    """What ``vvp`` runs."""


class ProblemBackend:
    """Icarus with other people's benches."""

    def __init__(self, context: BackendContext) -> None:
        if context.options:
            raise unknown("option", next(iter(context.options)), (), f"backend {FORMAT}")
        self._sandbox = context.sandbox
        self._gate = SourceGate(context.sandbox)
        self._icarus = Icarus(context.sandbox)

    @cached_property
    def info(self) -> BackendInfo:
        """What this target is."""
        here = Path(__file__).parent
        ours = [path.read_text(encoding="utf-8") for path in sorted(here.glob("*.py"))]
        manual = Manual(
            sections=(ManualSection(name="rules", title="Rules", text=_RULES.format(top="TopModule", output=OUTPUT)),)
        )
        return BackendInfo(
            name=FORMAT,
            title="imported Verilog problem sets, judged by their own benches",
            language="SystemVerilog",
            extension="sv",
            version=version("kernelwright"),
            digest=digest(self._icarus.version, self._gate.digest, ours),
            manual=manual,
            sandbox=self._tier(),
            source_limit=SOURCE_LIMIT,
        )

    def support(self, workload: Workload) -> Support:
        """Imported problems only."""
        if isinstance(workload.task, ProblemTask):
            return Support(supported=True)
        return Support(supported=False, reason="it is no imported Verilog problem; make some with: kernelwright import")

    def brief(self, workload: Workload) -> Brief:
        """The module's name; its ports are in the statement."""
        problem = problem_of(workload)
        return Brief(signature=f"module {problem.top} (...);", text=_RULES.format(top=problem.top, output=OUTPUT))

    def build(self, source: str, workload: Workload) -> Build:
        """The gate, then Icarus with the bench."""
        started = time.perf_counter()
        problem = problem_of(workload)
        gated = self._gate.check_module(source, problem.top, hardware=False)
        if gated.text is None:
            failure = gated.failure or Failure.source_reject
            outcome: Any = "rejected" if failure.rejected else "timeout" if failure in _TIMEOUTS else "build_error"
            return Build(None, gated.diagnostics, time.perf_counter() - started, outcome)
        program = compile_bench(self._sandbox(), problem, gated.text)
        if isinstance(program, Rejected):
            return Build(None, _complaints(program, source), time.perf_counter() - started, "build_error")
        return Build(Artifact(problem, program), gated.diagnostics, time.perf_counter() - started)

    def execute(self, build: Build, batch: Sequence[Tensors], limits: Limits) -> Sequence[Execution]:
        """One run of the bench, whose stimulus is always the same, stands for every input set."""
        artifact: Artifact = build.artifact
        started = time.perf_counter()
        result = run(self._sandbox(), artifact.problem, artifact.program)
        seconds = (time.perf_counter() - started) / max(1, len(batch))
        if isinstance(result, Ended):
            return [Execution(_outcome(result.failure), fault=_fault(result.failure, result.message), seconds=seconds)]
        return [_completed(result, seconds)] * len(batch)

    def bound(self, workload: Workload) -> Bound:
        """None is meant: a cycle is a sample, and every correct module is compared on all of them."""
        samples = problem_of(workload).samples
        return Bound(cycles=float(samples), limited_by="bench", formula=f"{samples} samples are compared")

    def baseline(self, workload: Workload) -> str:
        """The authors' own solution."""
        return problem_of(workload).reference

    def _tier(self) -> str:
        try:
            return self._sandbox().name
        except InfraError:
            return "none works"


def problem_of(workload: Workload) -> Problem:
    """The problem behind a workload; TypeError for a task that is none."""
    if not isinstance(workload.task, ProblemTask):
        raise TypeError(f"{workload.id} is no imported Verilog problem")
    return workload.task.problem


def _completed(result: Counted, seconds: float) -> Execution:
    return Execution(
        "completed",
        outputs={OUTPUT: np.array([result.mismatches], np.uint32)},
        cycles=float(result.samples),
        counters={"samples": float(result.samples)},
        seconds=seconds,
    )


def _outcome(failure: Failure) -> Any:
    if failure in _TIMEOUTS:
        return "timeout"
    return "limit" if failure in (Failure.max_cycles, Failure.output_limit) else "fault"


def _fault(failure: Failure, message: str) -> Fault:
    return Fault(cause=failure.value, message=message)


def _complaints(rejected: Rejected, source: str) -> tuple[Diagnostic, ...]:
    """What Icarus said about the module, on its own lines."""
    lines, found = source.split("\n"), []
    for number, text in _ICARUS.findall(rejected.log)[:_MOST]:
        line = int(number)
        shown = lines[line - 1].strip()[:200] if line <= len(lines) else ""
        found.append(Diagnostic(severity="error", message=text, line=line, snippet=shown, cause=rejected.failure.value))
    if not found:
        said = next((line for line in rejected.log.splitlines() if "error" in line), "it did not compile with the bench")
        hint = "compare the names and widths of the ports with the statement"
        found.append(Diagnostic(severity="error", message=said, hint=hint, cause=rejected.failure.value))
    return tuple(found)
