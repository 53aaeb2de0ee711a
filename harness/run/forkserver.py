"""A small process that has imported everything once and forks a fresh worker per job.

A worker starts in milliseconds, shares nothing with its siblings, and cannot outlive the run: the server dies with its parent,
workers die with the server (``PR_SET_PDEATHSIG``), and whatever a worker leaves behind is handed to the server, which kills it
(both are child subreapers). So ``kill -9`` of any of the three leaves no process behind, and no run lock or trial folder in use.

Spoken over one duplex connection, pickled:

| direction | message |
|---|---|
| in | ``sys.path`` of the parent, then the pickled ``work``; answered by ``READY`` once both are loaded, or by an error |
| in | ``(number, pickled job)``: fork a worker for it |
| out | ``(number, wait status)``: that worker has ended |
| in | end of file: kill every worker and exit |
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NoReturn

from harness.errors import KernelwrightError

READY = "ready"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def bind_to(parent: int) -> None:
    """Makes this process die when its parent does, and adopt the orphans of its own descendants."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != parent:  # it died before the first prctl
        os._exit(1)


class Server:
    """Forks workers on request and reports how they ended."""

    def __init__(self, connection: Connection[Any, Any], work: Callable[[Any], None]) -> None:
        self.connection = connection
        self.work = work
        self.workers: dict[int, tuple[int, int]] = {}
        """pidfd of a worker to (pid, job number)."""

    def serve(self) -> None:
        """Runs until the connection ends, then kills what is left."""
        try:
            while True:
                for ready in wait([self.connection, *self.workers]):
                    if isinstance(ready, int):
                        self.bury(ready)
                    else:
                        self.fork(*self.connection.recv())
        except (EOFError, ConnectionError):
            for pidfd, (pid, _) in self.workers.items():
                os.killpg(pid, signal.SIGKILL)
                os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
            kill_orphans(set())

    def fork(self, number: int, job: bytes) -> None:
        """Starts the worker of one job."""
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            self.connection.close()
            _be_worker(server, self.work, job)
        self.workers[os.pidfd_open(pid)] = (pid, number)

    def bury(self, pidfd: int) -> None:
        """Reaps an ended worker with all that it left behind, then reports it."""
        pid, number = self.workers.pop(pidfd)
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOWAIT)
        os.killpg(pid, signal.SIGKILL)  # the unreaped worker keeps its group's id from being reused
        _, status = os.waitpid(pid, 0)
        os.close(pidfd)
        kill_orphans({pid for pid, _ in self.workers.values()})
        self.connection.send((number, status))


def _be_worker(server: int, work: Callable[[Any], None], job: bytes) -> NoReturn:
    status = 1
    try:
        os.setsid()
        bind_to(server)
        work(pickle.loads(job))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def kill_orphans(keep: set[int]) -> None:
    """Kills and reaps every child of this process that is not to be kept."""
    while orphans := _children() - keep:
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def main() -> None:
    """Entry of the server process: ``python -P -m harness.run.forkserver FD PARENT``."""
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bind_to(int(sys.argv[2]))
    sys.path[:] = connection.recv()
    work = pickle.loads(connection.recv())
    if warm_up := getattr(work, "warm_up", None):
        try:
            warm_up()
        except KernelwrightError as error:
            connection.send(error)
            return
    gc.collect()
    gc.freeze()  # keeps the pages of imported modules shared with the workers
    connection.send(READY)
    Server(connection, work).serve()


if __name__ == "__main__":
    main()
