"""What runs in a worker process: one trial, or one kernel judged again.

Workers get a picklable description and find everything else on disk and through plugins. Results go to the run's folder; what
a library prints goes to ``worker.log`` in the trial's folder, because stdout and the terminal belong to the caller.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.files import write_atomically
from harness.grading.evaluate import Judge
from harness.run import failures
from harness.run.patience import HANG_S, deadly
from harness.run.plan import check_backend
from harness.run.session import Session
from harness.run.store import Store
from harness.run.trial import run_trial
from harness.trial import Trial, TrialSpec

if TYPE_CHECKING:
    from harness.sandbox import Tiers

LOG = "worker.log"


@dataclass(frozen=True)
class TrialWorker:
    """Runs one trial of a run and publishes it."""

    folder: Path
    """The run's folder."""
    tiers: Tiers | None
    """The sandbox tier that the parent chose."""
    hang_s: float = HANG_S
    """Wall seconds after which one call of a tool ends the worker."""

    def warm_up(self) -> None:
        """Imports what every trial needs, once in the server that workers are forked from."""
        with deadly(self.hang_s)():
            _warm_up(Store.open(self.folder), self.tiers)

    def __call__(self, spec: TrialSpec) -> None:
        """Runs or continues the trial; afterwards its finished folder is there."""
        store = Store.open(self.folder)
        with store.working_on(spec) as pending:
            with _output_to(pending / LOG):
                self._run(store, spec, pending)
            store.publish(spec)

    def _run(self, store: Store, spec: TrialSpec, pending: Path) -> None:
        """Leaves a ``trial.json``, whatever happens short of a full disk."""
        patience = deadly(self.hang_s)
        try:
            digests = {"harness": store.lock.digests["harness"]}
            with patience():
                setup = Session(store.lock.options, self.tiers).setup(spec, store.secret, store.cache, digests)
                check_backend(store.lock, spec.backend, setup.backend.info)
        except Exception as error:
            traceback.print_exc()
            write_failure(pending, spec, error)
        else:
            run_trial(spec, pending, replace(setup, patience=patience))


@dataclass(frozen=True)
class GradeWorker:
    """Judges the stored kernel of one trial again."""

    folder: Path
    """The run's folder."""
    tiers: Tiers | None
    """The sandbox tier that the parent chose."""
    results: Path
    """Folder that ``ID.json`` is written to."""
    cached: bool
    """Whether an evaluation of the same content may be reused."""
    hang_s: float = HANG_S
    """Wall seconds after which the grading ends the worker."""

    def warm_up(self) -> None:
        """As `TrialWorker.warm_up`."""
        with deadly(self.hang_s)():
            _warm_up(Store.open(self.folder), self.tiers)

    def __call__(self, spec: TrialSpec) -> None:
        """Leaves the new evaluation in ``results``."""
        store = Store.open(self.folder)
        source = store.kernel(spec)
        if source is None:
            return
        with _output_to(self.results / f"{spec.id}.log"), deadly(self.hang_s)():
            session = Session(store.lock.options, self.tiers)
            judge = Judge(session.backend(spec.backend), store.secret, store.cache if self.cached else None)
            evaluation = judge.grade(source, session.workload(spec.workload))
        write_atomically(self.results / f"{spec.id}.json", evaluation.model_dump_json(indent=2) + "\n")


def write_failure(folder: Path, spec: TrialSpec, error: BaseException) -> None:
    """Records that a trial ended before it could begin."""
    trial = Trial(spec=spec, status=failures.attribute(error), detail=failures.describe(error))
    write_atomically(folder / "trial.json", trial.model_dump_json(indent=2) + "\n")


def _warm_up(store: Store, tiers: Tiers | None) -> None:
    """Makes suites and backends once, for the imports and templates that this brings; workers make their own."""
    session = Session(store.lock.options, tiers)
    for name, record in store.lock.backends.items():
        backend = session.backend(name)
        for workload in record.workloads[:1]:
            backend.baseline(session.workload(workload))


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Sends stdout and stderr of this process and its children to a file, which is removed again if nothing came."""
    saved = [os.dup(1), os.dup(2)]
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in enumerate(saved, start=1):
            os.dup2(descriptor, number)
        for descriptor in (*saved, target):
            os.close(descriptor)
        if path.stat().st_size == 0:
            path.unlink()
