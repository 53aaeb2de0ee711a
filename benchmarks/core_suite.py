"""How long it takes to grade every baseline of a suite on a simulated backend: build, draw inputs, reference, run, compare.

| figure | aim |
|---|---|
| wall time for the core suite on ``plena``, graded on 3 seeds and the edge cases, 2 processes | under 20 s |

    python benchmarks/core_suite.py
    python benchmarks/core_suite.py --backend tiny --tasks 'P0*'

The wall time is that of everything: processes start, the simulator is taken from the cache or compiled, kernels are made, inputs
drawn, references computed in float64, kernels run with their profile, outputs compared. A verdict other than ``passed`` is an
error.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from harness.backend import Backend
from harness.grading.evaluate import Judge
from harness.run.plan import Options
from harness.run.session import Session

AIM = 20.0
"""Seconds."""
SECRET = "benchmark"
"""The same inputs in every run."""


class Graded(NamedTuple):
    """What one grading said and took."""

    workload: str
    verdict: str
    summary: str
    seconds: float
    simulated: float
    """Seconds of building and running."""
    cycles: float


@dataclass
class Worker:
    """What a process keeps from one grading to the next."""

    session: Session
    backend: Backend
    judge: Judge

    @classmethod
    def of(cls, backend: str) -> Worker:
        """A worker for one backend."""
        session = Session(Options(models=(), backends=(backend,)))
        made = session.backend(backend)
        return cls(session, made, Judge(made, SECRET))

    def grade(self, workload_id: str) -> Graded:
        """Grades the baseline of a workload."""
        begun = time.perf_counter()
        workload = self.session.workload(workload_id)
        found = self.judge.grade(self.backend.baseline(workload), workload)
        taken = time.perf_counter() - begun
        return Graded(workload_id, str(found.verdict), found.summary, taken, found.tool_seconds, found.cycles or 0)


_workers: dict[str, Worker] = {}


def grade(backend: str, workload_id: str) -> Graded:
    """Grades in this process."""
    if backend not in _workers:
        _workers[backend] = Worker.of(backend)
    return _workers[backend].grade(workload_id)


def supported(backend: str, tasks: Sequence[str]) -> list[str]:
    """Workloads of the tasks that the backend supports."""
    session = Session(Options(models=(), backends=(backend,), tasks=tuple(tasks)))
    made = session.backend(backend)
    return [workload.id for workload in session.workloads if made.support(workload).supported]


def main() -> int:
    """0 when every baseline passes, and in time if it is the whole suite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="plena")
    parser.add_argument("--tasks", action="append", help="selectors; default core")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slowest", type=int, default=5, help="how many of the slowest workloads to list")
    chosen = parser.parse_args()
    begun = time.perf_counter()
    workloads = supported(chosen.backend, chosen.tasks or ["core"])
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        graded = list(pool.map(grade, [chosen.backend] * len(workloads), workloads))
    wall = time.perf_counter() - begun
    failed = [one for one in graded if one.verdict != "passed"]
    console = Console()
    table = Table("slowest", "seconds", "simulating", "cycles")
    for one in sorted(graded, key=lambda g: -g.seconds)[: chosen.slowest]:
        table.add_row(one.workload, f"{one.seconds:.2f}", f"{one.simulated:.2f}", f"{one.cycles:.0f}")
    console.print(table)
    for one in failed:
        console.print(f"{one.workload}: {one.verdict}: {one.summary}", highlight=False)
    simulated, inside = sum(one.simulated for one in graded), sum(one.seconds for one in graded)
    console.print(
        f"{len(graded)} baselines on {chosen.backend}, {len(failed)} failed; {wall:.1f} s with {chosen.workers} processes "
        f"(aim: {AIM:.0f} s for core on plena); {inside:.1f} s inside of gradings, {simulated:.1f} s of it building and running",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    in_time = wall < AIM or chosen.backend != "plena" or chosen.tasks is not None
    return 0 if graded and not failed and in_time else 1


if __name__ == "__main__":
    sys.exit(main())
