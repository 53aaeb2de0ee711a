"""Grading a run again: its stored kernels, its secret, no model.

Each kernel is judged in a worker of its own. What changed is a list of differences: a verdict that is another one, counted cycles
that are not the same, measured speedups whose intervals do not meet. The record of a regrade stays in the run's folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from harness.files import write_atomically
from harness.record import Record
from harness.run.executor import Executor
from harness.run.session import Session
from harness.run.store import Store
from harness.run.worker import GradeWorker
from harness.scoring.verify import evaluation_differences
from harness.trial import Evaluation, Trial, TrialSpec


class Difference(Record):
    """One trial that is judged otherwise than before."""

    trial: str
    """`TrialSpec.id`."""
    details: tuple[str, ...]
    """What differs, in sentences."""
    stored_verdict: str
    """Verdict in the trial's record."""
    verdict: str
    """Verdict now."""
    stored_speedup: float | None
    """Speedup in the trial's record; None unless passed."""
    speedup: float | None
    """Speedup now; None unless passed."""


class Regrade(Record):
    """``regrades/WHEN/summary.json``."""

    schema_version: Literal[1] = 1
    at: str
    """When it was started, ISO 8601, UTC."""
    changed: tuple[str, ...]
    """Digests of the run's lock that what is installed does not reproduce; empty unless that was explicitly accepted."""
    judged: int
    """Kernels judged again."""
    skipped: int
    """Finished trials without a graded kernel."""
    differences: tuple[Difference, ...]
    """Trials that are judged otherwise."""
    failed: dict[str, str]
    """Trial ids whose kernel could not be judged, with the reason: the machine's failure, not the kernel's."""
    workers: int
    """Worker processes."""
    seconds: float
    """Wall time of all of it."""
    tool_seconds: float
    """Wall time inside compilers, simulators and kernels, summed over the kernels."""
    evaluation_seconds: float
    """Wall time of the evaluations, the judge's own work included, summed over the kernels."""

    @property
    def same(self) -> int:
        """Kernels judged as before."""
        return self.judged - len(self.differences)


@dataclass
class _Comparison:
    """Adds up while the workers go on."""

    store: Store
    session: Session
    results: Path
    progress: Callable[[str], None]
    judged: int = 0
    skipped: int = 0
    tool_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    differences: list[Difference] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def jobs(self) -> Iterator[TrialSpec]:
        """Trials with a kernel that was graded."""
        for trial in self.store.trials():
            if trial.final is None:
                self.skipped += 1
            else:
                yield trial.spec

    def ended(self, spec: TrialSpec, death: str | None) -> None:
        """Compares one kernel's old and new grade."""
        path = self.results / f"{spec.id}.json"
        trial = self.store.trial(spec)
        if death or trial is None or trial.final is None or not path.exists():
            self.failed[spec.id] = death or "the kernel's text is missing"
            self.progress(f"{spec.id}: {self.failed[spec.id]}; see {path.with_suffix('.log')}")
            return
        fresh = Evaluation.model_validate_json(path.read_bytes())
        self.judged += 1
        self.tool_seconds += fresh.tool_seconds
        self.evaluation_seconds += fresh.seconds
        details = tuple(evaluation_differences(trial.final, fresh, self.session.backend(spec.backend).info.deterministic))
        if details:
            self.differences.append(_difference(trial, trial.final, fresh, details))
        self.progress(f"{spec.id}: {'; '.join(details) or 'as before'}")


def regrade(
    store: Store, session: Session, executor: Executor, workers: int, *,
    changed: tuple[str, ...] = (), cached: bool = False,
    progress: Callable[[str], None] = lambda _: None, stopping: Callable[[], bool] = lambda: False,
) -> Regrade:  # fmt: skip
    """Judges every graded kernel of a run again and writes down what differs."""
    at, started = datetime.now(UTC), time.monotonic()
    results = _new_folder(store.folder / "regrades", at)
    comparison = _Comparison(store, session, results, progress)
    worker = GradeWorker(store.folder, session.tiers, results, cached)
    executor.run(worker, comparison.jobs(), comparison.ended, stopping)
    summary = Regrade(
        at=at.isoformat(timespec="seconds"),
        changed=changed,
        judged=comparison.judged,
        skipped=comparison.skipped,
        differences=tuple(sorted(comparison.differences, key=lambda difference: difference.trial)),
        failed=comparison.failed,
        workers=workers,
        seconds=time.monotonic() - started,
        tool_seconds=comparison.tool_seconds,
        evaluation_seconds=comparison.evaluation_seconds,
    )
    write_atomically(results / "summary.json", summary.model_dump_json(indent=2) + "\n")
    return summary


def _difference(trial: Trial, stored: Evaluation, fresh: Evaluation, details: tuple[str, ...]) -> Difference:
    return Difference(
        trial=trial.spec.id,
        details=details,
        stored_verdict=str(stored.verdict),
        verdict=str(fresh.verdict),
        stored_speedup=stored.speedup,
        speedup=fresh.speedup,
    )


def _new_folder(parent: Path, at: datetime) -> Path:
    """A folder named by the time, with a number where one second saw several."""
    stamp = at.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        folder = parent / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{parent}: a thousand regrades in one second")
