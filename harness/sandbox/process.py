"""Boxes that are processes of this machine: running tools to their end, and holding live kernels."""

from __future__ import annotations

import json
import os
import select
import selectors
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

from harness.errors import InfraError
from harness.sandbox import BoxLimits, Completed, Probe, SharedMemory
from harness.sandbox.launch import Arrange, Pipes, Program, Started, spawn
from harness.sandbox.memory import SealedMemory
from harness.sandbox.stream import unpack

_START_S = 20.0
_DRAIN_S = 5.0
_STOP_S = 2.0
_CHUNK = 1 << 16
_MESSAGE_BYTES = 4096


class ProcessSandbox:
    """A tier whose boxes are processes of this machine, behind the wall that ``arrange`` puts up."""

    def __init__(self, name: str, arrange: Arrange, cache: Path, hint: str) -> None:
        self.name = name
        self._arrange, self._cache, self._hint = arrange, cache, hint

    def probe(self) -> Probe:
        """Runs the canary attacks in a box of each kind."""
        from harness.sandbox.probe import attack

        return attack(self, self._cache)

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
        """Runs a tool to its end; see `harness.sandbox.Sandbox.run`."""
        begin = time.monotonic()
        program = Program(argv, limits, mounts, True, environment, files=files, collect=collect)
        with ExitStack() as stack:
            box = self._spawn(stack, program)
            sinks = {
                box.ready: Sink(_MESSAGE_BYTES),
                box.stdout: Sink(limits.output_bytes),
                box.stderr: Sink(limits.output_bytes),
                box.collected: Sink(sum(limits.file_bytes + 16 + len(name.encode()) for name in collect)),
            }
            timed_out = not drain(sinks, begin + limits.wall_s)
            status = box.wait(dying=not timed_out)
            drain(sinks, time.monotonic() + _DRAIN_S)
        ready, stdout, stderr, collected = (bytes(sink.content) for sink in sinks.values())
        if ready != b"+" and not timed_out:
            raise self._broken(ready + stderr)
        found = {} if timed_out else unpack(collected, collect)
        return Completed(status, stdout, stderr, found, timed_out, time.monotonic() - begin)

    def start(
        self, argv: Sequence[str], *, mounts: Mapping[str, Path], memories: Mapping[str, tuple[int, bool]], limits: BoxLimits
    ) -> ProcessBox:
        """Starts a live box; see `harness.sandbox.Sandbox.start`."""
        with ExitStack() as stack:
            shared = {name: SealedMemory(size, writable=writable) for name, (size, writable) in memories.items()}
            for memory in shared.values():
                stack.callback(memory.close)
            pipes = Pipes(stack)
            request, request_fd = pipes.make(we="write")
            reply, reply_fd = pipes.make(we="read")
            fds = {name: memory.fd for name, memory in shared.items()} | {"request": request_fd, "reply": reply_fd}
            named = [fill_in(text, fds) for text in argv]
            program = Program(named, limits, mounts, False, keep=list(fds.values()))
            started = self._spawn(stack, program)
            pipes.close_theirs()
            box = ProcessBox(shared, request, reply, started, limits, stack.pop_all())
        try:
            box.wait_started()
        except BaseException as error:
            _, printed = box.close()
            if isinstance(error, Exception):
                raise self._broken(f"{error}\n".encode() + printed) from error
            raise
        return box

    def _spawn(self, stack: ExitStack, program: Program) -> Started:
        try:
            return spawn(stack, self._arrange, self._cache, program)
        except OSError as error:
            raise InfraError(f"the {self.name} sandbox cannot start: {error}", self._hint) from error

    def _broken(self, message: bytes) -> InfraError:
        text = message.decode("utf-8", "replace").strip() or "it ended without a word"
        return InfraError(f"the {self.name} sandbox cannot start: {text}", self._hint)


def fill_in(text: str, values: Mapping[str, int]) -> str:
    """The text with ``{name}`` replaced by its value; other braces are left alone."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


class Sink:
    """Keeps the first bytes that arrive and drops the rest."""

    def __init__(self, limit: int) -> None:
        self.content = bytearray()
        self._limit = limit

    def take(self, data: bytes) -> None:
        """Takes what has been read."""
        self.content += data[: self._limit - len(self.content)]


def drain(sinks: Mapping[FileIO, Sink], deadline: float | None = None) -> bool:
    """Reads pipes into their sinks until all have ended; False if the deadline came first."""
    with selectors.DefaultSelector() as selector:
        for pipe, sink in sinks.items():
            selector.register(pipe, selectors.EVENT_READ, sink)
        while selector.get_map():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            for key, _ in selector.select(left):
                data = os.read(key.fd, _CHUNK)
                key.data.take(data)
                if not data:
                    selector.unregister(key.fileobj)
    return True


class ProcessBox:
    """A live confined process; see `harness.sandbox.Box`."""

    def __init__(
        self,
        memories: Mapping[str, SharedMemory],
        request: FileIO,
        reply: FileIO,
        started: Started,
        limits: BoxLimits,
        stack: ExitStack,
    ) -> None:
        self.memories = memories
        self.request_fd, self.reply_fd = request.fileno(), reply.fileno()
        self._started, self._stack, self._limits = started, stack, limits
        self._printed = Sink(limits.output_bytes)
        self._ended: tuple[int, bytes] | None = None
        self._process: Process | None = None
        self._monitor: Process | None = None
        pipes = {started.stdout: self._printed, started.stderr: self._printed}
        self._reader = threading.Thread(target=drain, args=(pipes,), daemon=True, name="box output")
        self._reader.start()

    def wait_started(self) -> None:
        """Returns once the program has been started behind its wall; ValueError with what went wrong."""
        said = {self._started.ready: Sink(_MESSAGE_BYTES), self._started.pid: Sink(_MESSAGE_BYTES)}
        if not drain(said, time.monotonic() + _START_S):
            raise ValueError(f"it was not ready within {_START_S:g} s")
        ready, pid = (bytes(sink.content) for sink in said.values())
        if ready != b"+":
            raise ValueError(ready.removeprefix(b"+").decode("utf-8", "replace"))
        parsed = json.loads(pid)
        self._process = self._hold(parsed["child-pid"] if isinstance(parsed, dict) else parsed)
        if isinstance(parsed, dict) and (parent := self._process.parent()):
            # bwrap waits as the parent and is woken by every pause and resume, on the very processor that the kernel is to run
            # on: asleep it disturbs nobody.
            self._monitor = self._hold(parent)
            self._monitor.signal(signal.SIGSTOP)

    def _hold(self, pid: int) -> Process:
        process = Process(pid)
        self._stack.callback(process.close)
        return process

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._ended is None and self._process is not None and self._process.alive()

    def waiting(self) -> bool | None:
        """Whether its one thread sleeps; see `harness.sandbox.Box.waiting`."""
        if self._process is None or self._ended is not None:
            return True
        return self._process.is_in("SZX") if self._limits.processes == 1 else None

    def cpu_ns(self) -> int | None:
        """Processor nanoseconds used so far; see `harness.sandbox.Box.cpu_ns`."""
        return self._process.cpu_ns() if self._process is not None and self._ended is None else None

    def pause(self) -> None:
        """Stops all its threads and returns once they are stopped, or gone."""
        if self._process is not None and self._ended is None:
            self._process.stop(threads=self._limits.processes > 1)

    def resume(self) -> None:
        """Undoes `pause`."""
        if self._process is not None and self._ended is None:
            self._process.signal(signal.SIGCONT)

    def close(self) -> tuple[int, bytes]:
        """Kills the box and gives everything back; the status and what it printed. Idempotent."""
        if self._ended is None:
            with self._stack:
                if self._process is not None:
                    self._process.signal(signal.SIGKILL)
                if self._monitor is not None:
                    self._monitor.signal(signal.SIGCONT)
                status = self._started.wait(dying=self._process is not None)
                self._reader.join(_DRAIN_S)
                self._ended = status, bytes(self._printed.content)
        return self._ended


class Process:
    """A process of the machine that is not our child, held by descriptors so that its number cannot come to mean another."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._pidfd = self._stat = -1
        try:
            self._pidfd = os.pidfd_open(pid)
            self._stat = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # it has ended already
            self.close()

    def close(self) -> None:
        """Lets go of it."""
        for fd in (self._pidfd, self._stat):
            if fd >= 0:
                os.close(fd)
        self._pidfd = self._stat = -1

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; nothing happens if the process has ended."""
        if self._pidfd >= 0:
            try:
                signal.pidfd_send_signal(self._pidfd, number)
            except ProcessLookupError:
                return

    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        if self._pidfd < 0:
            return False
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return not poll.poll(0)

    def parent(self) -> int | None:
        """Its parent's pid; None if it has ended, or the parent is not to be seen from here."""
        try:
            stat = os.pread(self._stat, 512, 0)
        except OSError:
            return None
        return int(stat[stat.rindex(b")") + 4 :].split()[0]) or None

    def stop(self, *, threads: bool) -> None:
        """SIGSTOP, then waits for the kernel to have stopped it; InfraError if that does not happen."""
        self.signal(signal.SIGSTOP)
        deadline = time.monotonic() + _STOP_S
        while not self._stopped(threads):
            if time.monotonic() > deadline:
                raise InfraError(f"process {self.pid} of a box did not stop within {_STOP_S:g} s")
            os.sched_yield()

    def cpu_ns(self) -> int | None:
        """Processor nanoseconds of all its threads; None once it has ended."""
        process_clock = (~self.pid << 3) | 2  # what clock_getcpuclockid(3) returns on Linux
        try:
            return time.clock_gettime_ns(process_clock)
        except OSError:
            return None

    def is_in(self, states: str) -> bool:
        """Whether its main thread is in one of these states (letters of /proc/PID/stat), or gone."""
        try:
            return _state(os.pread(self._stat, 512, 0)) in states
        except OSError:
            return True

    def _stopped(self, threads: bool) -> bool:
        try:
            if _state(os.pread(self._stat, 512, 0)) not in "TtZX":
                return False
            tasks = Path(f"/proc/{self.pid}/task").iterdir() if threads else ()
            return all(_state((task / "stat").read_bytes()) in "TtZX" for task in tasks)
        except OSError:
            return True  # it has ended


def _state(stat: bytes) -> str:
    """The state letter of /proc/PID/stat: the field after the program's name, which may itself hold spaces and brackets."""
    return chr(stat[stat.rindex(b")") + 2])
