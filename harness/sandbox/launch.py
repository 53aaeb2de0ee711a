"""Starting a box: the keeper outside, whatever wall the tier puts up, the launcher inside, and the pipes between.

    keep --uid ... -- [bwrap ... --] confine --memory ... -- the program

Tiers whose boxes are processes of this machine differ only in the middle, which their `Arrange` function makes.
"""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Literal

from harness.errors import InfraError
from harness.sandbox import BoxLimits
from harness.sandbox.native import HERE, compile_trusted
from harness.sandbox.stream import check_name, pack
from harness.sandbox.system import spare_uid

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"}
"""What a box's program finds in its environment, besides TMPDIR and what the caller adds."""
_OPEN_FILES = 256
_STACK_BYTES = 8 << 20
_KEEPER_S = 20.0
_BURIAL_S = 5.0


@dataclass(frozen=True)
class Program:
    """What is to run in a box, and what it is to see."""

    argv: Sequence[str]
    """As named in the box."""
    limits: BoxLimits
    """What it may use."""
    mounts: Mapping[str, Path]
    """Path in the box to path of the host, read-only."""
    workshop: bool
    """True for tools: all of /usr and a writable working folder. False for kernels: libc's files only."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to `ENVIRONMENT`."""
    keep: Sequence[int] = ()
    """Descriptors it inherits."""
    files: Mapping[str, bytes] | None = None
    """Contents of the working folder."""
    collect: Sequence[str] | None = None
    """Files wanted back."""


@dataclass(frozen=True)
class Site:
    """What a tier needs to know to put up a wall."""

    launcher: Path
    """The compiled ``confine.c``."""
    uid: int | None
    """The uid that all in the box runs under; None for the harness's."""
    pid_fd: int
    """Where a command that `Wall.reports_pid` writes."""


@dataclass
class Wall:
    """A tier's way to start the launcher behind its wall."""

    command: list[str]
    """Ends with the launcher; the launcher's options are appended."""
    options: list[str] = field(default_factory=list)
    """The launcher's options that are the tier's business: profile, Landlock, working folder."""
    executable: int | None = None
    """Open file to execute instead of looking ``command[0]`` up."""
    fds: list[int] = field(default_factory=list)
    """Descriptors that ``command`` needs."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment that ``command`` is started with."""
    reports_pid: bool = False
    """Whether ``command`` writes the pid itself, as JSON with ``child-pid``; else the keeper does, as a number."""
    translate: Callable[[str], str] = str
    """Rewrites an argument of the program where its paths are named otherwise than in a box with its own root."""
    extra_processes: int = 0
    """Tasks to add to RLIMIT_NPROC, where it counts more than the box."""


Arrange = Callable[[Program, Site, ExitStack], Wall]
"""Puts up a wall; what must be taken down again goes on the stack."""


class Pipes:
    """Makes pipes; ours are closed when the stack unwinds (closing twice is harmless), theirs as soon as the box has them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._theirs: list[FileIO] = []

    def make(self, *, we: Literal["read", "write"]) -> tuple[FileIO, int]:
        """A pipe: our end, and the number of theirs."""
        reader, writer = os.pipe()
        ends = FileIO(reader, "r"), FileIO(writer, "w")
        ours, theirs = ends if we == "read" else ends[::-1]
        for end in ends:
            self._stack.callback(end.close)
        self._theirs.append(theirs)
        return ours, theirs.fileno()

    def close_theirs(self) -> None:
        """For when the box has been started, or could not be."""
        for end in self._theirs:
            end.close()


@dataclass
class Started:
    """A box as its keeper and the harness's ends of its pipes."""

    keeper: subprocess.Popen[bytes]
    """Ends as the box ended."""
    lifeline: FileIO
    """Closing it kills the box."""
    ready: FileIO
    """Reads ``+`` and then ends, or reads what went wrong."""
    stdout: FileIO
    """What the program prints."""
    stderr: FileIO
    """What it complains of."""
    pid: FileIO
    """Reads the pid of the first process."""
    collected: FileIO
    """The stream of collected files; empty if none were wanted."""

    def wait(self, *, dying: bool) -> int:
        """The status the box ended with once the keeper has cleaned up; negative is a signal. Kills it unless it is ``dying``:
        a box whose program has ended is left the time to report how."""
        if not (dying and self._ended_within(_BURIAL_S)):
            self.lifeline.close()
        if self._ended_within(_KEEPER_S):
            return exit_status(self.keeper.wait())
        self.keeper.kill()
        self.keeper.wait()
        raise InfraError(f"a box could not be killed within {_KEEPER_S:g} s", "look for processes in state D")

    def _ended_within(self, seconds: float) -> bool:
        """Waits for the keeper; without the naps that `subprocess` takes between looks."""
        if self.keeper.poll() is not None:
            return True
        with FileIO(os.pidfd_open(self.keeper.pid), "r") as pidfd:
            poll = select.poll()  # unlike select, it takes any descriptor
            poll.register(pidfd, select.POLLIN)
            return bool(poll.poll(seconds * 1000))


def exit_status(status: int) -> int:
    """Undoes what launchers that outlive a program report of its death: 128 + signal becomes -signal."""
    return 128 - status if 128 < status <= 128 + 64 else status


def limit_options(limits: BoxLimits, extra_processes: int | None = 0) -> list[str]:
    """The launcher's options for resource limits; None for ``extra_processes`` leaves counting processes to the tier."""
    options = {
        "memory": limits.memory_bytes,
        "cpu": max(1, limits.cpu_s),
        "file": limits.file_bytes,
        "open-files": _OPEN_FILES,
        "stack": _STACK_BYTES,
    }
    if extra_processes is not None:
        options["processes"] = limits.processes + extra_processes
    alone = ["--alone", "yes"] if limits.processes <= 1 else []
    return [text for name, value in options.items() for text in (f"--{name}", str(value))] + alone


def file_options(program: Program, files_fd: int | None, collect_fd: int | None) -> list[str]:
    """The launcher's options for files in and out."""
    options = [] if files_fd is None else ["--files", str(files_fd)]
    if collect_fd is not None:
        options += ["--collect", str(collect_fd), "--largest", str(program.limits.file_bytes)]
        options += [text for name in program.collect or () for text in ("--name", check_name(name))]
    return options


def spawn(stack: ExitStack, arrange: Arrange, cache: Path, program: Program) -> Started:
    """Starts a program behind a wall. Unwinding the stack closes the pipes, which kills the box; `Started.wait` reaps it."""
    keeper = compile_trusted(HERE / "keep.c", cache)
    pipes = Pipes(stack)
    lifeline, lifeline_fd = pipes.make(we="write")
    ready, ready_fd = pipes.make(we="read")
    stdout, stdout_fd = pipes.make(we="read")
    stderr, stderr_fd = pipes.make(we="read")
    pid, pid_fd = pipes.make(we="read")
    collected, collect_fd = pipes.make(we="read")
    try:
        site = Site(compile_trusted(HERE / "confine.c", cache), spare_uid(), pid_fd)
        wall = arrange(program, site, stack)
        with memory_file(pack(program.files or {})) as files:
            files_fd = None if program.files is None else files.fileno()
            inherited = [ready_fd, *program.keep, *([] if files_fd is None else [files_fd])]
            if program.collect is not None:
                inherited.append(collect_fd)
            options = file_options(program, files_fd, None if program.collect is None else collect_fd)
            options += [text for fd in program.keep for text in ("--keep", str(fd))]
            options += ["--ready", str(ready_fd), *limit_options(program.limits, wall.extra_processes), *wall.options]
            argv = [*wall.command, *options, "--", *map(wall.translate, program.argv)]
            process = subprocess.Popen(
                [str(keeper), *_keeper_options(site, wall, lifeline_fd), "--", *argv],
                stdin=subprocess.DEVNULL,
                stdout=stdout_fd,
                stderr=stderr_fd,
                pass_fds=[lifeline_fd, pid_fd, *inherited, *wall.fds],
                env=dict(wall.environment),
                cwd="/",
                start_new_session=True,
            )
    finally:
        pipes.close_theirs()
    return Started(process, lifeline, ready, stdout, stderr, pid, collected)


def _keeper_options(site: Site, wall: Wall, lifeline_fd: int) -> list[str]:
    options = {
        "--lifeline": lifeline_fd,
        "--uid": site.uid,
        "--exec": wall.executable,
        "--pid": None if wall.reports_pid else site.pid_fd,
    }
    return [text for name, value in options.items() if value is not None for text in (name, str(value))]


def memory_file(content: bytes) -> FileIO:
    """An anonymous file with this content, to be read from its beginning."""
    file = FileIO(os.memfd_create("kernelwright", os.MFD_CLOEXEC), "r+")
    view = memoryview(content)
    while view.nbytes:
        view = view[file.write(view) :]
    file.seek(0)
    return file
