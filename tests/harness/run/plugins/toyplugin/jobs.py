"""Work for executors: a job is (verb, folder)."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.errors import UsageError


def work(job: tuple[str, Path]) -> None:
    verb, path = job
    if verb == "touch":
        path.write_text(str(os.getpid()))
    elif verb == "fail":
        raise ValueError("this traceback is expected")
    elif verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "kill server":
        while not (path / "pid").exists():  # the job beside this one has begun
            time.sleep(0.01)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    elif verb == "sleep":
        path.write_text(str(os.getpid()))
        time.sleep(60)
    elif verb == "leave children":
        same_group = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
        path.write_text(f"{same_group.pid} {daemon.pid}")
    elif verb == "print":
        sys.stdout.write("a worker's stdout is not the caller's\n")


class Cold:
    """Work that cannot begin."""

    def warm_up(self) -> None:
        raise UsageError("the pond is frozen", "wait for spring")

    def __call__(self, job: Path) -> None:
        job.write_text("begun")


class Warm:
    """Work that is warmed up once, in the server."""

    loaded_in = 0

    def warm_up(self) -> None:
        Warm.loaded_in = os.getpid()

    def __call__(self, job: Path) -> None:
        job.write_text(f"{Warm.loaded_in} {os.getppid()}")
