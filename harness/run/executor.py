"""The Executor protocol and the local one: trials in processes of their own.

The local executor keeps one server process (`harness.run.forkserver`) with everything imported and lets it fork one worker
per job. Jobs are taken from their iterable only when a worker is free, so a plan may be a generator of any length.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection, Pipe
from typing import Any, Protocol

from harness.errors import InfraError, KernelwrightError, UsageError

POLL_S = 0.1
"""How long the local executor waits for a worker before it asks again whether to stop."""
CLOSE_S = 10.0
"""How long a server may take to kill and reap its workers."""


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
        its process died. When ``stopping()`` turns true no new job starts; those running are drained. An exception in the
        caller's process (a second Ctrl-C) kills the workers and passes through. A ``work.warm_up()``, where it exists, is
        called once per machine before the first job: the place for slow imports."""


def create(workers: int) -> Executor:
    """The local executor, as the ``kernelwright.executors`` entry point names it."""
    return LocalExecutor(workers)


class LocalExecutor:
    """Runs jobs on this machine, ``workers`` at a time, each in a process forked for it."""

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
        """See `Executor.run`. A worker that dies is reported by ``done`` and harms nothing else."""
        waiting = enumerate(jobs)
        running: dict[int, Any] = {}
        server: _Server | None = None
        try:
            while True:
                while len(running) < self.workers and not stopping() and (entry := next(waiting, None)):
                    number, job = entry
                    server = server or _Server(work)
                    running[number] = job
                    server.submit(number, job)
                if not running or server is None:
                    return
                try:
                    ended = server.poll(POLL_S)
                except (EOFError, ConnectionError):
                    server.close()
                    server = None
                    ended = [(number, "its server process died") for number in running]
                for number, error in ended:
                    done(running.pop(number), error)
                stopping()
        finally:
            if server:
                server.close()


class _Server:
    """The parent's end of a fork server."""

    def __init__(self, work: Callable[[Any], None]) -> None:
        connection, remote = Pipe()
        self.connection: Connection[Any, Any] = connection
        with remote:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", __package__ + ".forkserver", str(remote.fileno()), str(os.getpid())],
                pass_fds=[remote.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # stdout belongs to the caller: it may be one JSON document
                start_new_session=True,  # Ctrl-C in a terminal reaches the caller alone
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},  # one core per worker
            )
        try:
            self.connection.send(sys.path)
            self.connection.send(pickle.dumps(work))
            answer = self.connection.recv()
            if isinstance(answer, KernelwrightError):
                raise answer
        except (EOFError, ConnectionError):
            self.close()
            raise InfraError("the worker server could not start", "its traceback is on stderr") from None
        except BaseException:
            self.process.kill()  # it has no worker yet, and may hang in a package
            self.close()
            raise

    def submit(self, number: int, job: Any) -> None:
        """Has a worker forked for the job. A dead server is noticed by `poll`."""
        with contextlib.suppress(ConnectionError):
            self.connection.send((number, pickle.dumps(job)))

    def poll(self, timeout: float) -> list[tuple[int, str | None]]:
        """Job numbers that ended within ``timeout`` seconds and how their processes died; EOFError if the server is dead."""
        ended: list[tuple[int, str | None]] = []
        while self.connection.poll(0.0 if ended else timeout):
            number, status = self.connection.recv()
            ended.append((number, describe_status(status)))
        return ended

    def close(self) -> None:
        """Kills every worker, and returns once the server has reaped them. One that hangs in a package is killed: its workers
        die with it."""
        self.connection.close()
        try:
            self.process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def describe_status(status: int) -> str | None:
    """How a process died, from its wait status; None if it ended well."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        return "killed by SIGALRM: it waited for its target longer than any may take"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exited with status {code}" if code else None
