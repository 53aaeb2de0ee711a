"""The verbs of the command line that execute kernels: start, resume, grade and evaluate, each returning a record.

Everything that can be known to be wrong is found before a folder is made or a model is asked. What is said to a person goes to
the console that the caller gives, which writes to stderr.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rich.console import Console

from harness import plugins
from harness.agent.text import clean
from harness.errors import UsageError
from harness.grading.evaluate import Judge
from harness.grading.seeds import new_secret
from harness.record import Record
from harness.run.conduct import Conductor, Interrupts
from harness.run.executor import Executor
from harness.run.plan import Lock, Options, changes, check_unchanged
from harness.run.progress import Progress, Tally
from harness.run.regrade import Regrade, regrade
from harness.run.session import Session
from harness.run.store import Store, check_new
from harness.run.worker import TrialWorker
from harness.scoring.metrics import Metrics, compute
from harness.trial import Evaluation

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
RUNS = Path("results/runs")
"""Where runs go that are given no folder."""
UNSUPPORTED_SHOWN = 5
"""Unsupported workloads that are listed one by one on the console; all of them are in the lock."""


class AgentResult(Record):
    """One model on one backend at the end of a run."""

    model: str
    """Model as named on the command line."""
    backend: str
    """Backend name."""
    planned: int
    """Trials of the run."""
    graded: int
    """Trials that count for or against the model."""
    passed: int
    """Trials whose kernel passed on hidden inputs."""
    metrics: Metrics
    """What the trials add up to."""


class RunResult(Record):
    """What ``run`` and ``resume`` answer."""

    folder: str
    """Folder of the run."""
    rows: tuple[AgentResult, ...]
    """One per model and backend."""
    unsupported: dict[str, dict[str, str]]
    """By backend, the workloads that it cannot hold and why; they are no part of the run."""
    interrupted: bool
    """Whether the run was stopped before its end."""
    problem: str
    """Why it ended early, if the machine was the reason."""

    @property
    def exit_code(self) -> int:
        """0 when all is graded, 1 when something is not, 130 after an interruption."""
        if self.interrupted:
            return INTERRUPTED
        return 0 if not self.problem and all(row.graded == row.planned for row in self.rows) else 1


@plugins.printing_to_stderr()
def start(
    options: Options,
    out: Path | None,
    workers: int,
    console: Console,
    command: tuple[str, ...] = (),
    executor_name: str = "local",
) -> RunResult:
    """A new run. Where its trials run decides no score, so the executor is not part of its options."""
    if out:
        check_new(out)
    executor = make_executor(workers, executor_name)
    secret = new_secret()
    session = Session(options)
    lock = session.lock(secret, command)
    store = Store.create(out or default_folder(lock), lock, secret)
    with store.exclusive():
        _say_unsupported(lock, console)
        return _carry_out(store, session, executor, console)


@plugins.printing_to_stderr()
def resume(folder: Path, workers: int, console: Console) -> RunResult:
    """Goes on with a run. IntegrityError if what is installed is not what it began with."""
    store = Store.open(folder)
    executor = make_executor(workers)
    with store.exclusive():
        session = Session(store.lock.options)
        check_unchanged(store.lock, session.lock(store.secret))
        return _carry_out(store, session, executor, console)


def _carry_out(store: Store, session: Session, executor: Executor, console: Console) -> RunResult:
    with Progress(Tally(store.lock), console) as progress, Interrupts(progress.say) as interrupts:
        worker = TrialWorker(store.folder.absolute(), session.tiers)
        conductor = Conductor(store, executor, worker, progress, lambda: interrupts.draining)
        try:
            conductor.run()
        except KeyboardInterrupt:
            progress.say(f"stopped; go on with: kernelwright resume {store.folder}")
    return RunResult(
        folder=str(store.folder),
        rows=tuple(_rows(store)),
        unsupported={name: record.unsupported for name, record in store.lock.backends.items() if record.unsupported},
        interrupted=interrupts.draining and progress.tally.graded < store.lock.size,
        problem=str(conductor.problem or ""),
    )


def _rows(store: Store) -> list[AgentResult]:
    lock, rows = store.lock, []
    for model in lock.models:
        for backend, record in lock.backends.items():
            metrics = compute(trial for trial in store.trials() if (trial.spec.model, trial.spec.backend) == (model, backend))
            planned = lock.options.repeats * len(record.workloads)
            passed = metrics.verdicts.get("passed", 0)
            rows.append(
                AgentResult(model=model, backend=backend, planned=planned, graded=metrics.graded, passed=passed, metrics=metrics)
            )
    return rows


@plugins.printing_to_stderr()
def grade(folder: Path, workers: int, console: Console, *, cached: bool, accept_changes: bool) -> tuple[Regrade, bool]:
    """Judges a run's kernels again; also whether it was interrupted. IntegrityError if something that decides a score has
    changed, unless that is accepted, which the record says."""
    store = Store.open(folder)
    executor = make_executor(workers)
    with store.exclusive(), Interrupts(lambda text: console.print(text, markup=False)) as interrupts:
        session = Session(store.lock.options)
        now = session.lock(store.secret, models=store.lock.models)
        if not accept_changes:
            check_unchanged(store.lock, now)

        def say(text: str) -> None:
            console.print(clean(text), markup=False, highlight=False, soft_wrap=True)

        result = regrade(
            store, session, executor, workers or processors(), changed=tuple(changes(store.lock, now)), cached=cached,
            progress=say, stopping=lambda: interrupts.draining,
        )  # fmt: skip
        return result, interrupts.draining


@plugins.printing_to_stderr()
def evaluate(file: Path, task: str, options: Options, *, final: bool, profile: bool) -> Evaluation:
    """Judges one kernel file: on public inputs, or with ``final`` on hidden ones of a secret made for this call."""
    try:
        source = file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(f"cannot read the kernel {str(file)!r}: {error.strerror}") from error
    session = Session(options)
    workload = session.workload(task)
    (name,) = session.backend_names
    backend = session.backend(name)
    support = backend.support(workload)
    if not support.supported:
        raise UsageError(f"backend {name!r} does not support {workload.id}: {support.reason}")
    judge = Judge(backend, new_secret())
    return judge.grade(source, workload, profile) if final else judge.run(source, workload, profile)


def make_executor(workers: int, name: str = "local") -> Executor:
    """An executor by name; 0 workers is one per processor. UsageError if there is none."""
    executor: Executor = plugins.load("executor", name)(workers or processors())
    return executor


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def default_folder(lock: Lock, parent: Path = RUNS) -> Path:
    """``results/runs/<time>-<model>-<suite>``, numbered where that exists."""
    models = list(lock.models)
    label = f"{models[0]}{f'+{len(models) - 1}' if len(models) > 1 else ''}-{lock.suite or '-'.join(lock.options.tasks)}"
    name = f"{datetime.now():%Y%m%d-%H%M%S}-{re.sub(r'[^A-Za-z0-9.+_-]+', '-', label)[:80].strip('-')}"
    candidates = (parent / (name if number == 1 else f"{name}-{number}") for number in range(1, 1000))
    return next(folder for folder in candidates if not folder.exists())


def _say_unsupported(lock: Lock, console: Console) -> None:
    for backend, record in lock.backends.items():
        reasons: Mapping[str, str] = record.unsupported
        for workload, reason in list(reasons.items())[:UNSUPPORTED_SHOWN]:
            console.print(f"not run on {backend}: {workload}: {reason}", markup=False, highlight=False, soft_wrap=True)
        if len(reasons) > UNSUPPORTED_SHOWN:
            console.print(f"not run on {backend}: {len(reasons) - UNSUPPORTED_SHOWN} more; all are listed in lock.json")
