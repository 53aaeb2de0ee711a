"""The only judge: every verdict and every speed in this benchmark is made here.

Tools call `Judge.check` and `Judge.run`; the final grade, a regrade and the leaderboard's verification call `Judge.grade`. The
order is fixed: build, then draw inputs, then compute what is expected in this process, then execute, compare, and only for a
kernel that is right measure its speed. A kernel can be bad in any way without an exception; exceptions mean that the machine
(`InfraError`) or our own code failed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from harness.backend import Backend, Build, Diagnostic, Execution, Fault, Limits, Measures, PairedTiming, Profiles, StoresInputs
from harness.errors import InfraError
from harness.grading import seeds
from harness.grading.compare import compare
from harness.grading.tolerance import allowed_error
from harness.record import digest
from harness.task import Tensors, Workload
from harness.trial import Evaluation, Mismatch, Verdict

Stage = Literal["build", "public", "final"]
PAIRS: Mapping[Stage, int] = {"public": 11, "final": 25}
"""Interleaved pairs of a race: enough for a hint while the agent works, more for the score."""
WIDE_INTERVAL = 1.25
"""A speedup whose 95% interval spans more than this ratio is flagged."""


class EvaluationCache(Protocol):
    """Remembers evaluations by content, so that none is paid for twice."""

    def get(self, key: str) -> Evaluation | None:
        """The evaluation stored under this key, if any."""

    def put(self, key: str, evaluation: Evaluation) -> None:
        """Stores an evaluation; the same key always means the same content."""


@dataclass(frozen=True)
class InputSet:
    """One set of inputs with what the reference says about it."""

    label: str
    """How reports name it."""
    inputs: Tensors
    """What the target is given."""
    expected: Tensors
    """The float64 reference."""
    allowed: Tensors
    """Allowed absolute error per element."""


@dataclass
class _Findings:
    """What an evaluation has found so far; becomes an `Evaluation`."""

    verdict: Verdict | None = None
    summary: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    fault: Fault | None = None
    input_sets: int = 0
    tool_seconds: float = 0.0

    def fail(self, verdict: Verdict, summary: str) -> None:
        self.verdict, self.summary = verdict, summary


class Judge:
    """Judges kernels of one backend with the seeds of one run."""

    def __init__(self, backend: Backend, secret: str, cache: EvaluationCache | None = None) -> None:
        self._backend = backend
        self._secret = secret
        self._cache = cache
        self._baselines: dict[str, Build] = {}
        self._public: dict[str, list[InputSet]] = {}

    def check(self, source: str, workload: Workload) -> Evaluation:
        """Builds only."""
        return self._judged(source, workload, "build", profile=False)

    def run(self, source: str, workload: Workload, profile: bool = False) -> Evaluation:
        """Judges on public inputs, which are the same for every call of a run; what the agent's tools show."""
        return self._judged(source, workload, "public", profile)

    def grade(self, source: str, workload: Workload, profile: bool = False) -> Evaluation:
        """Judges on hidden inputs: the grade."""
        return self._judged(source, workload, "final", profile)

    # One evaluation, from text to record

    def _judged(self, source: str, workload: Workload, stage: Stage, profile: bool) -> Evaluation:
        kernel = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
        key = digest(kernel, workload.id, workload.task.digest, stage, profile, digest(self._secret), self._backend.info.digest)
        if self._cache and (known := self._cache.get(key)):
            return known
        started = time.perf_counter()
        findings = _Findings()
        measured: dict[str, Any] = {}
        build = self._build(source, workload, findings)
        if build and stage != "build":
            sets = self._input_sets(workload, stage)
            executions = self._run_sets(build, sets, workload, findings)
            if not findings.verdict and stage == "final":
                self._run_other_sizes(source, workload, findings)
            if not findings.verdict:
                measured = self._speed(build, workload, stage, sets, executions, findings)
            if not findings.verdict and stage == "final":
                measured["metrics"] = self._metrics(build, workload, measured, findings)
            if profile and not findings.verdict:
                self._add_profile(measured, build, workload, sets[0], executions[0], findings)
            if not findings.verdict:
                findings.fail(Verdict.passed, _pass_summary(measured, findings.input_sets))
        evaluation = Evaluation(
            workload=workload.id,
            backend=self._backend.info.name,
            stage=stage,
            kernel=kernel,
            verdict=findings.verdict,
            summary=findings.summary or "it builds",
            diagnostics=findings.diagnostics,
            mismatches=findings.mismatches,
            fault=findings.fault,
            input_sets=findings.input_sets,
            sandbox=self._backend.info.sandbox,
            tool_seconds=findings.tool_seconds,
            seconds=time.perf_counter() - started,
            **(measured if findings.verdict is Verdict.passed else {}),
        )
        if self._cache:
            self._cache.put(key, evaluation)
        return evaluation

    def _build(self, source: str, workload: Workload, findings: _Findings) -> Build | None:
        limit = self._backend.info.source_limit
        problem = _text_problem(source)
        if problem:
            findings.diagnostics = (Diagnostic(severity="error", message=problem, cause="not_text"),)
            findings.fail(Verdict.build_error, problem)
        elif len(source.encode()) > limit:
            findings.fail(Verdict.limit, f"the kernel has {len(source.encode())} bytes; the limit is {limit}")
        if findings.verdict:
            return None
        build = self._backend.build(source, workload)
        findings.tool_seconds += build.seconds
        findings.diagnostics = build.diagnostics
        if build.outcome == "built":
            return build
        findings.fail(Verdict(build.outcome), build.problem)
        return None

    # Correctness

    def _input_sets(self, workload: Workload, stage: Stage) -> list[InputSet]:
        """Drawn only now, after the build; public ones, which never change, are kept for the next call."""
        if stage == "public":
            if workload.id not in self._public:
                self._public[workload.id] = [
                    self._input_set(workload, "public inputs", "public", 0),
                    self._input_set(workload, "public edge cases", "public-adversarial", 0),
                ]
            return self._public[workload.id]
        name = "held-out" if workload.is_held_out else "hidden"
        return [
            self._input_set(
                workload, f"{name} edge cases" if kind == "adversarial" else f"{name} inputs {index + 1}", kind, index
            )
            for kind, index in seeds.GRADING_DRAWS
        ]

    def _input_set(self, workload: Workload, label: str, kind: seeds.SeedKind, index: int) -> InputSet:
        inputs = seeds.draw(self._secret, workload, kind, index)
        return InputSet(label, inputs, *self._expected(workload, inputs))

    def _expected(self, workload: Workload, inputs: Tensors) -> tuple[Tensors, Tensors]:
        """The reference on the inputs as the device stores them, and the error it allows."""
        if isinstance(self._backend, StoresInputs):
            inputs = self._backend.stored(workload, inputs)
        expected = workload.compute(inputs)
        return expected, allowed_error(workload, inputs, expected, self._backend.info.formats)

    def _run_sets(self, build: Build, sets: Sequence[InputSet], workload: Workload, findings: _Findings) -> Sequence[Execution]:
        executions = self._backend.execute(build, [s.inputs for s in sets], Limits())
        for one, execution in zip(sets, executions, strict=False):
            findings.input_sets += 1
            findings.tool_seconds += execution.seconds
            self._judge_execution(one, execution, workload, findings)
            if findings.verdict:
                return executions
        if len(executions) != len(sets):
            raise InfraError(
                f"backend {self._backend.info.name!r} returned {len(executions)} executions for {len(sets)} input sets, "
                "all completed; it must return one for each, or stop at the first that does not complete"
            )
        return executions

    def _judge_execution(self, one: InputSet, execution: Execution, workload: Workload, findings: _Findings) -> None:
        if execution.outcome != "completed":
            findings.fault = execution.fault
            reason = execution.fault.message if execution.fault else execution.outcome
            findings.fail(Verdict(execution.outcome), f"{reason} (on {one.label})")
            return
        findings.mismatches = compare(workload, execution.outputs or {}, one.expected, one.allowed, one.label)
        if findings.mismatches:
            findings.fail(Verdict.wrong, _mismatch_summary(findings.mismatches))
        elif not execution.inputs_intact:
            findings.fail(Verdict.wrong, f"the kernel changed its inputs (on {one.label}); they are read-only")

    def _run_other_sizes(self, source: str, workload: Workload, findings: _Findings) -> None:
        """A kernel whose text is generic in the sizes must be right at sizes it was not shown, and where it is graded at those,
        at the ones it was shown."""
        other = workload.shown if workload.is_held_out else workload.held_out
        if not (self._backend.info.generic_sizes and other):
            return
        diagnostics = findings.diagnostics
        build = self._build(source, other, findings)
        if build:
            self._run_sets(build, self._input_sets(other, "final"), other, findings)
        if findings.verdict:
            findings.summary = f"at the {'held-out' if other.is_held_out else 'shown'} sizes {other.p!r}: {findings.summary}"
        else:
            findings.diagnostics = diagnostics

    # Speed

    def _speed(
        self, build: Build, workload: Workload, stage: Stage, sets: Sequence[InputSet], executions: Sequence[Execution],
        findings: _Findings,
    ) -> dict[str, Any]:  # fmt: skip
        if isinstance(self._backend, PairedTiming):
            measured = self._race(build, workload, stage, findings)
        else:
            ours, theirs = _cycles(executions), self._baseline_cycles(workload, sets, findings)
            speedup = theirs / ours
            measured = {"cycles": ours, "baseline_cycles": theirs, "speedup": speedup}
            measured |= {"speedup_low": speedup, "speedup_high": speedup}
        if findings.verdict:
            return measured
        bound = self._backend.bound(workload)
        share = bound.cycles / measured["cycles"]
        alarms = []
        if share > 1:
            alarms.append(f"faster than the bound: {measured['cycles']:.0f} cycles against {bound.cycles:.0f}")
        if measured["speedup_high"] > measured["speedup_low"] * WIDE_INTERVAL:
            alarms.append(f"wide interval: {measured['speedup_low']:.3f} to {measured['speedup_high']:.3f}")
        counters = dict(executions[0].counters)
        return measured | {"bound": bound, "bound_share": share, "alarms": tuple(alarms), "counters": counters}

    def _metrics(
        self, build: Build, workload: Workload, measured: Mapping[str, Any], findings: _Findings
    ) -> dict[str, float]:  # fmt: skip
        """What kernel and baseline cost besides cycles, on targets that measure it."""
        if not isinstance(self._backend, Measures):
            return {}
        started = time.perf_counter()
        baseline = self._baseline(workload, findings)
        costs = self._backend.measure(build, measured["cycles"], baseline, measured["baseline_cycles"])
        findings.tool_seconds += time.perf_counter() - started
        return dict(costs)

    def _race(self, build: Build, workload: Workload, stage: Stage, findings: _Findings) -> dict[str, Any]:
        assert isinstance(self._backend, PairedTiming)

        def wrong(inputs: Tensors, outputs: Tensors) -> str | None:
            found = compare(workload, outputs, *self._expected(workload, inputs), "timed inputs")
            return _mismatch_summary(found) if found else None

        seed = seeds.seed(self._secret, workload.id, "timing" if stage == "final" else "tool-timing")
        race = self._backend.race(
            build, self._baseline(workload, findings), workload, seed, wrong, pairs=PAIRS[stage], limits=Limits()
        )
        findings.tool_seconds += race.seconds
        if race.outcome != "completed":
            findings.fail(Verdict(race.outcome), f"{race.detail} (while timed)")
            return {}
        return {
            "cycles": race.cycles,
            "baseline_cycles": race.baseline_cycles,
            "speedup": race.speedup,
            "speedup_low": race.low,
            "speedup_high": race.high,
        }

    def _baseline(self, workload: Workload, findings: _Findings) -> Build:
        if workload.id not in self._baselines:
            build = self._backend.build(self._backend.baseline(workload), workload)
            if build.outcome != "built":
                raise InfraError(f"the baseline of {workload.id} on {self._backend.info.name} does not build: {build.problem}")
            findings.tool_seconds += build.seconds
            self._baselines[workload.id] = build
        return self._baselines[workload.id]

    def _baseline_cycles(self, workload: Workload, sets: Sequence[InputSet], findings: _Findings) -> float:
        executions = self._backend.execute(self._baseline(workload, findings), [s.inputs for s in sets], Limits())
        findings.tool_seconds += sum(e.seconds for e in executions)
        if len(executions) != len(sets) or any(e.outcome != "completed" for e in executions):
            last = executions[-1]
            why = last.fault.message if last.fault else last.outcome
            raise InfraError(f"the baseline of {workload.id} on {self._backend.info.name} fails: {why}")
        return _cycles(executions)

    def _add_profile(
        self, measured: dict[str, Any], build: Build, workload: Workload, one: InputSet, execution: Execution, findings: _Findings
    ) -> None:
        """Where the cycles went. A profile made on request also counts the baseline: counts repeat exactly, so they tell apart
        what a measured time calls a tie, and show a regression that noise would hide."""
        measured["profile"] = execution.profile
        if execution.profile is None and isinstance(self._backend, Profiles):
            started = time.perf_counter()
            ours, theirs = (
                self._backend.profile(each, one.inputs, Limits()) for each in (build, self._baseline(workload, findings))
            )
            findings.tool_seconds += time.perf_counter() - started
            if isinstance(ours, str):
                findings.diagnostics += (Diagnostic(severity="warning", message=f"no profile: {ours}"),)
                return
            measured["profile"] = ours
            if not isinstance(theirs, str):
                measured["counters"] |= {ours.unit: ours.total, f"baseline_{theirs.unit}": theirs.total}


def _cycles(executions: Iterable[Execution]) -> float:
    """Mean cycles over input sets: control flow may depend on the data."""
    counted = [execution.cycles for execution in executions]
    if any(c is None or not c > 0 for c in counted):
        raise InfraError(f"a backend without paired timing must count cycles for every execution; it gave {counted}")
    return sum(c for c in counted if c is not None) / len(counted)


def _text_problem(source: str) -> str:
    """What is wrong with a kernel as mere text; empty if nothing."""
    if not source.strip():
        return "the kernel is empty"
    try:
        source.encode()
    except UnicodeEncodeError as error:
        return f"the kernel is not valid Unicode text: {error.reason} at character {error.start}"
    for number, line in enumerate(source.split("\n"), start=1):
        bad = next((c for c in line if ord(c) < 32 and c not in "\t\r\f\v"), None)
        if bad:
            return f"the kernel is not plain text: control character {bad!r} in line {number}"
    return ""


def _mismatch_summary(mismatches: Sequence[Mismatch]) -> str:
    first = mismatches[0]
    pattern = f" ({first.pattern})" if first.pattern else ""
    return f"{first.wrong} of {first.total} elements of {first.output} are wrong{pattern} on {first.inputs}"


def _pass_summary(measured: Mapping[str, Any], input_sets: int) -> str:
    low, high = measured["speedup_low"], measured["speedup_high"]
    interval = f" [{low:.3f}, {high:.3f}]" if low != high else ""
    return f"right on {input_sets} input sets; {measured['speedup']:.3f}x the baseline's speed{interval}"
