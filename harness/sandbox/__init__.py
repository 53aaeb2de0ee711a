"""Where untrusted code runs: compilers, simulators and native kernels, behind one protocol.

Open first: this file for the contract, `harness.sandbox.bubblewrap` for the default tier, ``confine.h`` for limits and filters
that close the last doors from inside, ``keep.c`` for how a box ends. A tier is trusted only after `probe` has run the attacks of
``canary.c`` in it and seen them fail. The reasons are in docs/design/sandbox.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.record import Record


@dataclass(frozen=True)
class BoxLimits:
    """What a box may use, all its processes together where the tier can count that, else per process."""

    wall_s: float = 30.0
    """Wall seconds until the box is killed (`run`) or its next answer is given up on (`Box.call`)."""
    cpu_s: int = 30
    """CPU seconds (RLIMIT_CPU)."""
    memory_bytes: int = 2 << 30
    """Address space per process (RLIMIT_AS), cgroup limit in Docker."""
    file_bytes: int = 64 << 20
    """Largest file a process may write (RLIMIT_FSIZE); 0 forbids writing."""
    processes: int = 64
    """Processes and threads; 1 forbids fork and threads."""
    output_bytes: int = 64 * 1024
    """Bytes kept of stdout and of stderr; the rest is read and dropped."""
    proc: bool = False
    """Whether the box gets a /proc of its own processes (valgrind needs one); only tiers with a process namespace can."""


@dataclass(frozen=True)
class Completed:
    """A finished `Sandbox.run`."""

    returncode: int
    """Exit status; negative is the signal that ended it (a program that exits with 128 + n looks as if signal n had)."""
    stdout: bytes
    """First `BoxLimits.output_bytes` bytes."""
    stderr: bytes
    """First `BoxLimits.output_bytes` bytes."""
    files: Mapping[str, bytes]
    """Contents of the collected files that exist, as regular files, under the box's working folder."""
    timed_out: bool
    """Whether the wall limit ended it."""
    seconds: float
    """Wall seconds, start of the box included."""


class SharedMemory(Protocol):
    """Memory shared with a box, written and read by copy so that nothing the box does can fault the harness."""

    size: int
    """Bytes; fixed."""

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Copies into the memory; also possible where the box itself may only read."""

    def read(self, offset: int, size: int) -> bytes:
        """Copies out of the memory; InfraError if the box has damaged it (truncation)."""


class Box(Protocol):
    """A live confined process that answers over a pair of pipes."""

    memories: Mapping[str, SharedMemory]
    """The shared memories it was started with."""
    request_fd: int
    """Write end of the pipe that the process reads requests from."""
    reply_fd: int
    """Read end of the pipe that the process replies on."""

    def alive(self) -> bool:
        """Whether the process still runs."""

    def waiting(self) -> bool | None:
        """Whether its one thread sleeps in a system call, so that it cannot run until something it waits for happens; True
        also once it has ended. None where the tier cannot tell, or the box may have threads."""

    def cpu_ns(self) -> int | None:
        """Processor nanoseconds that the process has used since it was started, by the system's own account, which nothing in
        the box can change; exact while it sleeps. None where the tier cannot tell."""

    def pause(self) -> None:
        """Stops all its threads (SIGSTOP) and returns once they are stopped; a no-op where the tier cannot."""

    def resume(self) -> None:
        """Undoes `pause`."""

    def close(self) -> tuple[int, bytes]:
        """Kills everything in the box; returns the status (negative is a signal) and what it printed, capped."""


class Probe(Record):
    """What a tier showed when it was attacked."""

    tier: str
    """Name of the tier."""
    works: bool
    """Whether it started and stopped every attack."""
    detail: str
    """Versions, or the missing package, or the attack that got through."""
    attacks: dict[str, bool] = {}
    """Attack name to whether it was stopped."""


class Sandbox(Protocol):
    """One tier of confinement."""

    name: str
    """``bubblewrap``, ``docker``, ``unconfined``, ...; recorded in every result."""

    def probe(self) -> Probe:
        """Proves itself by running the canary attacks; never by looking for a program."""

    def run(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, bytes] = {},
        collect: Sequence[str] = (),
        mounts: Mapping[str, Path] = {},
        environment: Mapping[str, str] = {},
        limits: BoxLimits = BoxLimits(),
    ) -> Completed:
        """Runs a program to its end in an empty private working folder that holds ``files``; ``mounts`` (path in the box
        to host path) are read-only. System programs and libraries (/usr) are visible. InfraError if the tier breaks."""

    def start(
        self, argv: Sequence[str], *, mounts: Mapping[str, Path], memories: Mapping[str, tuple[int, bool]], limits: BoxLimits
    ) -> Box:
        """Starts a long-lived program with nothing visible but libc's folder and ``mounts``. ``memories`` maps a name to
        (bytes, writable by the box); in ``argv`` the text ``{name}`` becomes the path or descriptor the program opens it by,
        ``{request}`` and ``{reply}`` those of the pipes."""


@dataclass(frozen=True)
class Tiers:
    """The result of choosing: the tier in use and what every tier showed."""

    chosen: Sandbox
    probes: Sequence[Probe] = field(default_factory=tuple)
