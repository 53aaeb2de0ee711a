"""Why kernels and trials fail: every failure in one class, counts of classes, and what feedback turned into what.

A class is a group and a kind, ``build/unknown_mnemonic``. Classes are read from records alone, so that old runs are classified
like new ones, and outside backends too: their diagnostics and faults carry causes, which become kinds.

| group | of | kind |
|---|---|---|
| build | a kernel that did not build | cause of its first error |
| integrity | a kernel that was rejected | cause of its first error |
| fault | a trap | cause of the fault |
| limit | a timeout or another limit | what was exhausted |
| numeric | wrong outputs | shape of the error (`harness.trial.ErrorShape`) |
| agent | no kernel to judge, or a call that could not be carried out | what the model did |
| lost | a trial that is nobody's failure and is not graded | its status |
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from harness.grading.shape import kind_of
from harness.scoring.attempts import Attempt
from harness.trial import Evaluation, Mismatch, Status, Trial, Verdict

Group = Literal["build", "integrity", "fault", "limit", "numeric", "agent", "lost"]
PASSED = "passed"
"""Outcome of an attempt that passed."""
BUILT = "built"
"""Outcome of an attempt that only had to build, and did."""
OTHER = "other"
"""Kind of a failure whose record tells no more than its group."""
STEPS: Mapping[str, int] = {
    "lost": -1, "agent": 0, "integrity": 1, "build": 1, BUILT: 2, "fault": 3, "limit": 3, "numeric": 4, PASSED: 5,
}  # fmt: skip
"""How far towards a pass a group of outcomes is."""


class Failure(NamedTuple):
    """A class of failures."""

    group: Group
    """Which boundary it happened at."""
    kind: str
    """What it was; snake case."""

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}"


_WORDS: Mapping[str, str] = {
    "build/other": "it does not build", "build/not_text": "the kernel is empty or no plain text",
    "integrity/other": "it breaks an integrity rule", "fault/other": "it traps",
    "limit/timeout": "it runs longer than the wall limit", "limit/size": "the text is too long",
    "limit/cycles": "it takes more cycles than the budget", "limit/other": "it exceeds a limit",
    "numeric/missing": "an output is missing or has another shape", "numeric/nan": "not a number, or never written",
    "numeric/infinite": "all infinite", "numeric/zero": "all zero", "numeric/constant": "the same value everywhere",
    "numeric/sign": "the sign is wrong", "numeric/scale": "wrong by a constant factor", "numeric/offset": "wrong by a constant",
    "numeric/permuted": "right values in wrong places", "numeric/precision": "nearly right: a want of precision",
    "numeric/unrelated": "noise: never written, or of something else", "numeric/other": "wrong values",
    "numeric/inputs_changed": "it overwrites its inputs",
    "numeric/timed": "wrong, missing or stale only when timed",
    "agent/truncated": "replies cut off at the length limit", "agent/refusal": "the model declined",
    "agent/empty": "empty replies", "agent/no_tool_call": "words and no tool call",
    "agent/turns": "out of turns", "agent/tool_calls": "out of tool calls", "agent/output_tokens": "out of output tokens",
    "agent/cost": "out of money", "agent/tool_seconds": "out of tool time",
    "agent/no_submission": "it ended without a kernel",
    "lost/provider": "the model's server failed", "lost/infra": "the machine failed", "lost/harness_bug": "a bug of the harness",
    "lost/cancelled": "stopped by the user",
}  # fmt: skip


def describe(failure: Failure) -> str:
    """The class in words: ``the sign is wrong``, ``build: unknown mnemonic``."""
    return _WORDS.get(str(failure)) or f"{failure.group}: {failure.kind.replace('_', ' ')}"


# Classifying


def of_evaluation(evaluation: Evaluation) -> Failure | None:
    """The class of a judged kernel; None where it passed or, asked only to build, built."""
    match evaluation.verdict:
        case None | Verdict.passed:
            return None
        case Verdict.build_error:
            return Failure("build", _first_cause(evaluation))
        case Verdict.rejected:
            return Failure("integrity", _first_cause(evaluation))
        case Verdict.fault:
            return Failure("fault", evaluation.fault.cause if evaluation.fault else OTHER)
        case Verdict.timeout:
            return Failure("limit", "timeout")
        case Verdict.limit:
            return Failure("limit", _limit(evaluation))
        case Verdict.wrong:
            return Failure("numeric", _numeric(evaluation))


def of_attempt(attempt: Attempt) -> Failure | None:
    """The class of an attempt; None where it passed or built."""
    if attempt.problem:
        return Failure("agent", attempt.problem.replace(" ", "_"))
    return of_evaluation(attempt.evaluation) if attempt.evaluation else None


def of_trial(trial: Trial) -> Failure | None:
    """The class of a trial; None where its final kernel passed."""
    if not trial.status.is_graded:
        return Failure("lost", trial.status.value)
    if trial.final:
        return of_evaluation(trial.final)
    if limit := re.search(r"reached the limit (\w+)=", trial.detail):
        return Failure("agent", limit[1])
    if trial.status is Status.refused and ":" in trial.detail:
        reasons = [reason.strip() for reason in trial.detail.partition(":")[2].split(",")]
        return Failure("agent", Counter(reasons).most_common(1)[0][0].replace(" ", "_"))
    return Failure("agent", "no_submission")


def outcome(attempt: Attempt) -> str:
    """`PASSED`, `BUILT`, or the class as text."""
    if failure := of_attempt(attempt):
        return str(failure)
    return PASSED if attempt.evaluation and attempt.evaluation.passed else BUILT


def _first_cause(evaluation: Evaluation) -> str:
    errors = [diagnostic for diagnostic in evaluation.diagnostics if diagnostic.severity == "error"]
    return next((error.cause for error in errors if error.cause), OTHER)


def _limit(evaluation: Evaluation) -> str:
    if evaluation.fault is None:
        return "size"
    # Simulators call the cause of an exhausted cycle budget just "limit".
    return "cycles" if evaluation.fault.cause == "limit" else evaluation.fault.cause


def _numeric(evaluation: Evaluation) -> str:
    if evaluation.mismatches:
        return _kind(evaluation.mismatches[0])
    if "changed its inputs" in evaluation.summary:
        return "inputs_changed"
    return "timed" if "while timed" in evaluation.summary else OTHER


def _kind(mismatch: Mismatch) -> str:
    """The recorded kind, or for a record of before there were any, what its examples look like."""
    if mismatch.shape:
        return mismatch.shape.kind
    if not mismatch.examples:
        return "missing"
    got, expected = (np.array([getattr(e, name) for e in mismatch.examples]) for name in ("got", "expected"))
    return kind_of(got, expected, float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))))


# Counting


def counts(trials: Iterable[Trial]) -> dict[tuple[str, str], Counter[Failure]]:
    """Failed trials by class, for each (model, backend)."""
    found: dict[tuple[str, str], Counter[Failure]] = defaultdict(Counter)
    for trial in trials:
        counter = found[trial.spec.model, trial.spec.backend]
        if failure := of_trial(trial):
            counter[failure] += 1
    return dict(sorted(found.items()))


class Step(NamedTuple):
    """From one attempt of a trial to the next."""

    before: str
    """Outcome of the attempt (`outcome`)."""
    tool: str
    """Tool whose feedback on it the agent read."""
    after: str
    """Outcome of the attempt that followed."""

    @property
    def is_progress(self) -> bool:
        """Whether the next attempt got further."""
        return _level(self.after) > _level(self.before)


def steps(attempts: Sequence[Attempt]) -> list[Step]:
    """The steps of one trial: attempts less one. The final grade is no answer to feedback, unless it is of a kernel not shown
    before, and is left out."""
    shown = [attempt for attempt in attempts if not (attempt.evaluation and attempt.evaluation.stage == "final")]
    return [Step(outcome(a), a.tool, outcome(b)) for a, b in pairwise(shown)]


def transitions(steps: Iterable[Step]) -> dict[str, Counter[str]]:
    """How often an outcome was followed by which: a matrix of classes by classes, rows sorted by how far they are from a pass."""
    matrix: dict[str, Counter[str]] = defaultdict(Counter)
    for step in steps:
        matrix[step.before][step.after] += 1
    return dict(sorted(matrix.items(), key=lambda row: (_level(row[0]), row[0])))


class Repair(NamedTuple):
    """What came of feedback of one tool on one class of failures."""

    fixed: int
    """Attempts that got further next time."""
    same: int
    """Attempts that failed alike next time."""
    total: int
    """Attempts that were followed by another."""


def repairs(steps: Iterable[Step]) -> dict[tuple[str, str], Repair]:
    """What feedback fixed what: for each failure class and tool, how often the next attempt got further."""
    grouped: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for step in steps:
        if step.before not in (PASSED, BUILT):
            grouped[step.before, step.tool].append(step)
    return {
        key: Repair(sum(s.is_progress for s in found), sum(s.after == s.before for s in found), len(found))
        for key, found in sorted(grouped.items())
    }


def _level(outcome: str) -> int:
    return STEPS[outcome.partition("/")[0]]
