"""The exploit corpus against every workload it is written for, on every backend of this machine, in parallel."""

from __future__ import annotations

import multiprocessing
import os
import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness import plugins
from harness.errors import KernelwrightError, unknown
from harness.grading.evaluate import Judge
from harness.grading.redteam import LAYERS, Attempt, Cheat, attempt, read_corpus
from harness.grading.seeds import new_secret
from harness.record import Record
from harness.run.plan import Options
from harness.run.selection import load_suites, select
from harness.run.session import Session

if TYPE_CHECKING:
    from harness.sandbox import Tiers


class Job(NamedTuple):
    """One evaluation to be done: names, so that it can travel to a worker."""

    backend: str
    cheat: str
    workload: str


@dataclass(frozen=True)
class Campaign:
    """What to attack."""

    corpus: Path
    """Folder of the corpus."""
    backends: tuple[str, ...] = ()
    """Only these; all that the corpus has if empty."""
    tasks: tuple[str, ...] = ()
    """Only these workloads or patterns; all that a cheat is written for if empty."""
    cheats: tuple[str, ...] = ()
    """Only these cheats, by name; all if empty."""
    quick: bool = False
    """Only the first workload of each cheat."""
    sandbox: str = ""
    """Sandbox tier."""
    unsafe: bool = False
    """Whether to go on without a sandbox."""


class Result(Record):
    """What a campaign came to."""

    attempts: tuple[Attempt, ...]
    """Every cheat on every workload that was tried."""
    skipped: dict[str, str]
    """Backends, and cheats as ``backend/name``, that could not be tried, and why."""

    @property
    def leaks(self) -> tuple[Attempt, ...]:
        """What passed."""
        return tuple(one for one in self.attempts if one.leaks)

    @property
    def unjudged(self) -> tuple[Attempt, ...]:
        """What the machine failed to judge."""
        return tuple(one for one in self.attempts if one.verdict == "infra")

    @property
    def odd(self) -> tuple[Attempt, ...]:
        """What was stopped otherwise than the corpus says."""
        return tuple(one for one in self.attempts if not one.expected and one.layer is not None)

    @property
    def safe(self) -> bool:
        """Whether something was tried, all of it was judged, and none of it passed."""
        return bool(self.attempts) and not self.leaks and not self.unjudged

    def by_layer(self, backend: str) -> dict[str, int]:
        """How many attempts on a backend each layer stopped, leaks last."""
        here = [one for one in self.attempts if one.backend == backend]
        counts: dict[str, int] = {layer: sum(one.layer == layer for one in here) for layer in LAYERS}
        return {**counts, "LEAK": sum(one.leaks for one in here)}


def plan(campaign: Campaign, session: Session) -> tuple[list[Job], dict[str, str]]:
    """Jobs, and what cannot be tried here and why. UsageError for a backend or cheat that the corpus does not have."""
    cheats = read_corpus(campaign.corpus)
    for kind, names, known in (
        ("backend", campaign.backends, {cheat.backend for cheat in cheats}),
        ("cheat", campaign.cheats, {cheat.name for cheat in cheats}),
    ):
        for name in names:
            if name not in known:
                raise unknown(kind, name, known, f"the corpus {str(campaign.corpus)!r}")
    jobs: list[Job] = []
    skipped: dict[str, str] = {}
    suites = load_suites()
    wanted = {workload.id for workload in select(campaign.tasks, suites)} if campaign.tasks else None
    for cheat in cheats:
        if cheat.backend not in (campaign.backends or (cheat.backend,)) or cheat.name not in (campaign.cheats or (cheat.name,)):
            continue
        if problem := _problem(cheat, session, skipped):
            skipped.setdefault(*problem)
            continue
        backend = session.backend(cheat.backend)
        found = [
            w.id for w in select(cheat.workloads, suites) if (wanted is None or w.id in wanted) and backend.support(w).supported
        ]
        jobs += [Job(cheat.backend, cheat.name, id) for id in (found[:1] if campaign.quick else found)]
    return jobs, skipped


def _problem(cheat: Cheat, session: Session, known: dict[str, str]) -> tuple[str, str] | None:
    """What cannot be tried, and why: a backend that is missing or broken, a cheat for another processor."""
    if cheat.backend in known:
        return cheat.backend, known[cheat.backend]
    if cheat.backend not in plugins.entries("backend"):
        return cheat.backend, "no backend of this name is registered"
    try:
        if session.backend(cheat.backend).info.sandbox == "none works":
            return cheat.backend, "no sandbox works here"
    except KernelwrightError as error:
        return cheat.backend, error.message
    if cheat.machine and cheat.machine != platform.machine():
        return f"{cheat.backend}/{cheat.name}", f"it is machine code of {cheat.machine}"
    return None


def run(campaign: Campaign, workers: int) -> Iterator[Attempt | Result]:
    """Attempts as they are done, then the result of all."""
    session = Session(Options(models=(), backends=(), sandbox=campaign.sandbox, unsafe=campaign.unsafe))
    jobs, skipped = plan(campaign, session)
    done: list[Attempt] = []
    for one in _attempts(campaign, session.tiers, jobs, workers):
        done.append(one)
        yield one
    yield Result(attempts=tuple(done), skipped=skipped)


def _attempts(campaign: Campaign, tiers: Tiers | None, jobs: Sequence[Job], workers: int) -> Iterator[Attempt]:
    if workers == 1 or len(jobs) < 2:
        _prepare(campaign, tiers)
        yield from map(_work, jobs)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_prepare, initargs=(campaign, tiers)) as pool:
        yield from pool.map(_work, jobs)


class _Worker:
    """What a process attacks with; secrets are its own, so that no two of them draw the same inputs."""

    def __init__(self, campaign: Campaign, tiers: Tiers | None) -> None:
        self.session = Session(Options(models=(), backends=(), sandbox=campaign.sandbox, unsafe=campaign.unsafe), tiers)
        self.cheats = {(cheat.backend, cheat.name): cheat for cheat in read_corpus(campaign.corpus)}
        self.judges: dict[str, Judge] = {}


_worker: list[_Worker] = []


def _prepare(campaign: Campaign, tiers: Tiers | None) -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # workers would fight for the same processors
    _worker[:] = [_Worker(campaign, tiers)]


def _work(job: Job) -> Attempt:
    (worker,) = _worker
    backend = worker.session.backend(job.backend)
    judge = worker.judges.setdefault(job.backend, Judge(backend, new_secret()))
    return attempt(backend, judge, worker.cheats[job.backend, job.cheat], worker.session.workload(job.workload))
