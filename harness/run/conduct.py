"""Carries out a run: every trial that is not graded yet, in rounds, until nothing is left that another attempt could change.

One round offers each trial to the executor once. What the failure table says is worth another attempt goes into the next round:
the machine has then had time to recover, and the trial continues from its journal. A failure that is not the trial's own (a full
disk) ends the run at once instead, because every further trial would meet it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, Self

from harness.errors import InfraError
from harness.run import failures
from harness.run.executor import Executor
from harness.run.progress import Progress
from harness.run.store import Store
from harness.run.worker import TrialWorker, write_failure
from harness.trial import Status, Trial, TrialSpec


class Interrupts(AbstractContextManager["Interrupts"]):
    """Ctrl-C and SIGTERM: the first drains, the second raises KeyboardInterrupt, which stops everything at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.draining = False
        self._say = say
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.draining:
            for known in self._before:
                signal.signal(known, signal.SIG_IGN)  # a third one must not disturb the clearing up
            raise KeyboardInterrupt
        self.draining = True
        self._say("stopping: waiting for the running trials; once more stops at once (nothing finished is lost)")


@dataclass
class Conductor:
    """One process's work on a run."""

    store: Store
    executor: Executor
    worker: TrialWorker
    progress: Progress
    stopping: Callable[[], bool]
    problem: InfraError | None = None
    """Why the run ended early."""
    attempts: dict[str, int] = field(default_factory=dict)
    """Failed attempts by trial id; only of trials that failed."""
    again: set[str] = field(default_factory=set)
    """Trials of the next round."""

    def run(self) -> None:
        """Runs what is to be run. KeyboardInterrupt passes through, with all workers dead."""
        self.executor.run(self.worker, self._ungraded(), self._ended, self._must_stop)
        while self.again and not self._must_stop():
            chosen, self.again = self.again, set()
            specs = (spec for spec in self.store.lock.trials() if spec.id in chosen)
            self.executor.run(self.worker, self._announced(specs), self._ended, self._must_stop)

    def _must_stop(self) -> bool:
        return self.problem is not None or self.stopping()

    def _ungraded(self) -> Iterator[TrialSpec]:
        """Trials to run, looked up as workers become free; what is graded already is only counted."""
        for spec in self.store.lock.trials():
            trial = self.store.trial(spec)
            if trial and trial.status.is_graded:
                self.progress.tally.add(trial, is_new=False)
            else:
                self.progress.begin(spec)
                yield spec

    def _announced(self, specs: Iterator[TrialSpec]) -> Iterator[TrialSpec]:
        for spec in specs:
            self.progress.begin(spec)
            yield spec

    def _ended(self, spec: TrialSpec, death: str | None) -> None:
        """Called by the executor for every job that ended."""
        trial = None if death else self.store.trial(spec)
        error: Exception | None = failures.WorkerDeathError(f"the worker process was lost: {death}") if death else None
        status = failures.attribute(error) if error else trial.status if trial else Status.infra
        if status.is_graded:
            self.progress.end(spec, trial)
            return
        self._look_around()
        failed = self.attempts[spec.id] = self.attempts.get(spec.id, 0) + 1
        if failed <= failures.RETRIES.get(status, 0):
            self.again.add(spec.id)
            self.progress.end(spec, None, f"{error or (trial and trial.detail)}; it will be tried again")
        else:
            self.progress.end(spec, trial or self._recorded(spec, error))

    def _recorded(self, spec: TrialSpec, error: Exception | None) -> Trial | None:
        """Writes down, in the dead worker's place, that its trial could not be run."""
        try:
            with self.store.working_on(spec) as pending:
                write_failure(pending, spec, error or InfraError("the worker left no record of the trial"))
                self.store.publish(spec)
        except OSError:
            return None  # `_look_around` has said why
        return self.store.trial(spec)

    def _look_around(self) -> None:
        """Ends the run if the failure just seen would meet every other trial too."""
        try:
            self.store.check_space()
        except InfraError as error:
            if not self.problem:
                self.progress.say(f"stopping: {error}")
            self.problem = error
