"""An executor of this package's own: every worker is a fresh interpreter, and every job a new worker."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from typing import Any

from harness.errors import UsageError


class Shoal:
    """Runs jobs in spawned processes, ``workers`` at a time. See `harness.run.executor.Executor` for what it must keep."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise UsageError(f"workers must be at least 1, got {workers}")
        self.workers = workers

    def run(
        self,
        work: Callable[[Any], None],
        jobs: Iterable[Any],
        done: Callable[[Any, str | None], None],
        stopping: Callable[[], bool],
    ) -> None:
        """Every job once; ``done`` hears of each in this process."""
        spawn = multiprocessing.get_context("spawn")
        waiting, running = iter(jobs), dict[Future[None], Any]()
        with ProcessPoolExecutor(self.workers, mp_context=spawn, max_tasks_per_child=1) as pool:
            while True:
                if not stopping():
                    for job in islice(waiting, self.workers - len(running)):
                        running[pool.submit(work, job)] = job
                if not running:
                    return
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    error = future.exception()
                    done(running.pop(future), None if error is None else f"{type(error).__name__}: {error}")


def create_executor(workers: int) -> Shoal:
    """The entry point."""
    return Shoal(workers)
