"""Verification of the leaderboard: without a model, from evidence and what is installed.

For each row, in this order, and stopping where going on has no meaning:

1. the evidence is there, has the SHA-256 that the row states, and does not contradict itself;
2. the row is what the evidence adds up to, in every field;
3. task, backend, manual and baselines are the ones the row was made with;
4. the stored kernels, judged again on the run's hidden inputs, get the verdicts that the evidence states, with the same cycles
   where cycles are counted, and with overlapping speedup intervals where time is measured.

What this cannot see is said in ``docs/design/scoring.md``: the numbers that only the run itself knew, such as tokens and cost.
"""

from __future__ import annotations

import math
import multiprocessing
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import InfraError, IntegrityError, KernelwrightError, unknown
from harness.record import Record
from harness.scoring.leaderboard import Evidence, Row, evidence_path, evidence_problems, load_evidence, row_of
from harness.task import Workload
from harness.trial import Evaluation

if TYPE_CHECKING:
    from harness.grading.evaluate import Judge

WIDENING = 1.10
"""Both ends of both intervals are moved outwards by this factor before they must overlap, where time is measured: another day
on the same kind of machine. Another kind of machine may differ by more, and is then rightly not confirmed."""
DECISIVE = ("task", "backend", "manual", "baselines")
"""First words of the digests that must be the installed ones. The others (prompts, settings, harness) shaped what the agent
wrote, not what its kernels do; where they differ the report notes it, and judging the kernels again is the test."""


class Grader(NamedTuple):
    """What judges the kernels of one row again."""

    judge: Judge
    workload: Callable[[str], Workload]
    """From a workload id to the workload."""


class Target(Record):
    """What verification must know of the installed backend of a row."""

    digests: dict[str, str]
    """Digests of what is installed, by the names that rows use."""
    deterministic: bool
    """Whether cycles must repeat exactly."""


class RowReport(Record):
    """What verification found out about one row."""

    id: str
    """`Row.id`."""
    model: str
    """Model of the row."""
    backend: str
    """Backend of the row."""
    reasons: tuple[str, ...]
    """Why it is not confirmed; empty if it is."""
    notes: tuple[str, ...] = ()
    """What a reader should know although it is no failure."""
    judged: int = 0
    """Kernels judged again."""
    judgeable: int = 0
    """Kernels that the evidence holds a grade of."""

    @property
    def ok(self) -> bool:
        """Whether the row is confirmed."""
        return not self.reasons


class Case(NamedTuple):
    """One stored kernel to judge again."""

    trial: str
    source: str
    stored: Evaluation


def pick(rows: Sequence[Row], ids: Sequence[str]) -> list[Row]:
    """The rows whose ids begin with one of ``ids``, or all rows. UsageError for one that fits none."""
    for wanted in ids:
        if not any(row.id.startswith(wanted) for row in rows):
            raise unknown("row", wanted, [row.id for row in rows], "the leaderboard")
    return [row for row in rows if not ids or row.id.startswith(tuple(ids))]


def verify_row(
    row: Row,
    leaderboard: Path,
    target: Callable[[Evidence], Target],
    grader: Callable[[Evidence], Callable[[], Grader]],
    *,
    sample: int | None = None,
    workers: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> RowReport:
    """Verifies one row. ``grader(evidence)`` is picklable when ``workers`` > 1. Raises InfraError when the machine fails."""

    def report(*reasons: str, **fields: Any) -> RowReport:
        return RowReport(id=row.id, model=row.identity.model, backend=row.identity.backend, reasons=reasons, **fields)

    try:
        evidence, found = load_evidence(evidence_path(leaderboard, row.id))
    except IntegrityError as error:
        return report(error.message)
    if found != row.evidence:
        return report(f"the evidence was changed: its SHA-256 is {found[:12]}, the row states {row.evidence[:12]}")
    if problems := evidence_problems(evidence):
        return report(*problems)
    if different := list(differences(row.model_dump(mode="json"), row_of(evidence, found).model_dump(mode="json"))):
        return report(*different)
    try:
        installed = target(evidence)
    except KernelwrightError as error:
        return report(f"cannot be judged here: {error.message}")
    refused, notes = digest_differences(evidence.identity.digests, installed.digests)
    if refused:
        return report(*refused, notes=tuple(notes))
    cases = list(_cases(evidence))
    chosen = cases if sample is None or sample >= len(cases) else random.SystemRandom().sample(cases, sample)
    reasons = []
    for case, fresh in zip(chosen, _judged(chosen, grader(evidence), workers), strict=True):
        progress(case.trial)
        reasons += [f"{case.trial}: {d}" for d in evaluation_differences(case.stored, fresh, installed.deterministic)]
    return report(*reasons, notes=tuple(notes), judged=len(chosen), judgeable=len(cases))


def digest_differences(stated: Mapping[str, str], installed: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Reasons to refuse, and notes, for every digest of a row that is not the installed one."""
    refused: list[str] = []
    notes: list[str] = []
    for name in sorted(stated):
        now = installed.get(name)
        if now == stated[name]:
            continue
        here = f"{now[:12]} is installed" if now else "it is not installed"
        text = f"made with another {name}: {stated[name][:12]}, {here}"
        (refused if name.split()[0] in DECISIVE else notes).append(text)
    return refused, notes


def evaluation_differences(stored: Evaluation, fresh: Evaluation, deterministic: bool) -> Iterator[str]:
    """Where a fresh grade contradicts the stored one."""
    if fresh.verdict is not stored.verdict:
        yield f"the row states {_word(stored)}, judged again it is {_word(fresh)} ({fresh.summary})"
    elif stored.passed and deterministic:
        for name in ("cycles", "baseline_cycles", "speedup", "speedup_low", "speedup_high", "bound", "bound_share", "alarms"):
            before, now = getattr(stored, name), getattr(fresh, name)
            if not _same(before, now):
                yield f"{name} is stated as {before}, judged again it is {now}"
                return  # the others follow from it
    elif stored.passed and not _overlap(stored, fresh):
        yield (
            f"speedup is stated as {_span(stored)}, judged again it is {_span(fresh)}: "
            f"apart even when both are widened by {WIDENING - 1:.0%}"
        )


def differences(stated: Any, computed: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ; floats are equal when they agree to 9 digits."""
    if isinstance(stated, dict) and isinstance(computed, dict):
        for key in sorted(stated.keys() | computed.keys()):
            yield from differences(stated.get(key), computed.get(key), f"{path}.{key}" if path else key)
    elif isinstance(stated, list) and isinstance(computed, list) and len(stated) == len(computed):
        for index, (a, b) in enumerate(zip(stated, computed, strict=True)):
            yield from differences(a, b, f"{path}[{index}]")
    elif not _same(stated, computed):
        yield f"{path}: the row states {_short(stated)}, its evidence gives {_short(computed)}"


def _cases(evidence: Evidence) -> Iterator[Case]:
    for trial in evidence.trials:
        if trial.final and (source := evidence.kernels.get(trial.final.kernel)) is not None:
            yield Case(trial.spec.id, source, trial.final)


def _judged(cases: Sequence[Case], make: Callable[[], Grader], workers: int) -> Iterable[Evaluation]:
    """Fresh grades in the order of the cases."""
    if workers <= 1 or len(cases) <= 1:
        grader = make()
        return (grader.judge.grade(case.source, grader.workload(case.stored.workload)) for case in cases)
    return _judged_in_processes(cases, make, min(workers, len(cases)))


def _judged_in_processes(cases: Sequence[Case], make: Callable[[], Grader], workers: int) -> Iterator[Evaluation]:
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of whatever threads are running
    with ProcessPoolExecutor(workers, context, _start_worker, (make,)) as pool:
        try:
            yield from pool.map(_judge_one, [(case.source, case.stored.workload) for case in cases])
        except BrokenProcessPool as error:
            raise InfraError("a worker process died while judging stored kernels", "try --workers 1") from error


_grader: Grader | None = None
"""Of a worker process, made once."""


def _start_worker(make: Callable[[], Grader]) -> None:
    global _grader  # noqa: PLW0603  (how an initializer hands something to the tasks of its process)
    _grader = make()


def _judge_one(job: tuple[str, str]) -> Evaluation:
    assert _grader is not None
    source, workload = job
    return _grader.judge.grade(source, _grader.workload(workload))


def _overlap(a: Evaluation, b: Evaluation) -> bool:
    if a.speedup_low is None or a.speedup_high is None or b.speedup_low is None or b.speedup_high is None:
        return False
    apart = max(a.speedup_low / b.speedup_high, b.speedup_low / a.speedup_high)
    return apart <= WIDENING**2


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float | int) and isinstance(b, float | int) and not isinstance(a, bool) and not isinstance(b, bool):
        return math.isclose(a, b, rel_tol=1e-9)
    return bool(a == b)


def _word(evaluation: Evaluation) -> str:
    return evaluation.verdict.value if evaluation.verdict else "nothing"


def _span(evaluation: Evaluation) -> str:
    return f"{evaluation.speedup_low} to {evaluation.speedup_high}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
