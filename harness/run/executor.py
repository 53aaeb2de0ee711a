"""The Executor protocol and the local one: trials in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol


class Executor(Protocol):
    """Something that runs jobs, each in isolation, and reports back."""

    def run(
        self,
        work: Callable[[Any], None],
        jobs: Iterable[Any],
        done: Callable[[Any, str | None], None],
        stopping: Callable[[], bool],
    ) -> None:
        """Calls ``work(job)`` for every job in worker processes (``work`` and jobs are picklable; results go to disk, not
        back through pipes). ``done(job, error)`` is called in the caller's process when one ends; ``error`` is None, or how
        its process died. When ``stopping()`` turns true no new job starts; those running are drained."""
