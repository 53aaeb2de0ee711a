"""A live kernel: the confined runner process, its two memories, and how its death becomes a typed fault.

The verdict on a call rests on what the harness sees: a whole reply with the right nonce in time, and the state of memory. The
runner's own report of a trap only adds detail to a death that happened anyway.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from pathlib import Path
from typing import Literal, Self

from backends.cpu.clock import CLOSED, OK, REQUEST, SHORT, TIMEOUT, UNASKED, Answer, Clock
from backends.cpu.layout import Layout, as_bytes
from backends.cpu.toolchain import Artifact
from harness.backend import Fault, Limits
from harness.errors import InfraError
from harness.sandbox import Box, BoxLimits, Sandbox
from harness.task import Array

_DONE, _READY, _TRAPPED, _CONTROL_WORD = range(4)
_CANNOT_LOAD = 119
_START_S = 20.0
_STACK_OVERFLOW = 0
_CAUSES: dict[int, tuple[str, str]] = {
    _STACK_OVERFLOW: ("stack_overflow", "the kernel used more stack than it has; use static arrays or smaller tiles"),
    signal.SIGSEGV: ("segmentation", "the kernel touched memory that is not its own"),
    signal.SIGBUS: ("segmentation", "the kernel made an access that the memory bus refuses"),
    signal.SIGFPE: ("arithmetic", "an integer division by zero or its overflow"),
    signal.SIGILL: ("illegal_instruction", "the kernel executed an instruction that this machine does not have, or a trap"),
    signal.SIGSYS: ("forbidden_system_call", "the kernel made a system call; kernels compute and return, nothing else"),
    signal.SIGABRT: ("abort", "the kernel aborted"),
    signal.SIGXCPU: ("cpu_limit", "the kernel used up its processor time"),
    signal.SIGKILL: ("killed", "the kernel's process was killed: out of memory or processor time"),
}


class StoppedError(Exception):
    """A kernel that will not answer again; carries what an `Execution` needs."""

    def __init__(self, outcome: Literal["fault", "timeout", "limit"], fault: Fault | None, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.fault = fault
        self.detail = detail


class KernelProcess:
    """A kernel loaded in a box, ready to be called on slots of its memories. Use as a context manager."""

    def __init__(
        self, sandbox: Sandbox, clock: Clock, runner: Path, artifact: Artifact, layout: Layout, slots: int, limits: Limits
    ) -> None:
        self.layout, self.slots = layout, slots
        self._clock, self._artifact, self._timeout_s = clock, artifact, limits.wall_s
        self._memory_bytes = limits.memory_bytes
        self._closed: tuple[int, bytes] | None = None
        argv = [
            "/kernel/runner", "/kernel/kernel.so", "{request}", "{reply}", "{inputs}", "{outputs}",
            str(slots), str(layout.inputs.stride), str(layout.outputs.stride), *layout.arguments(),
        ]  # fmt: skip
        self.box: Box = sandbox.start(
            argv,
            mounts={"/kernel/runner": runner, "/kernel/kernel.so": artifact.verify()},
            memories={
                "inputs": (layout.inputs.memory_bytes(slots), False),
                "outputs": (layout.outputs.memory_bytes(slots), True),
            },
            limits=_box_limits(limits, layout.inputs.memory_bytes(slots) + layout.outputs.memory_bytes(slots)),
        )
        self._used: int | None = None
        self._pauses = False
        self._inputs, self._outputs = self.box.memories["inputs"], self.box.memories["outputs"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> tuple[int, bytes]:
        """Ends the process; its status and what it printed."""
        if self._closed is None:
            self._closed = self.box.close()
        return self._closed

    def wait_ready(self) -> None:
        """Returns once the kernel is loaded and sealed. It runs no code before that, so a failure is the machine's; except
        that static arrays may not fit, which raises `StoppedError`."""
        answer = self._clock.read(self.box.reply_fd, _START_S)
        if answer.result != OK or answer.record[1] != _READY:
            status, printed = self.close()
            if status == _CANNOT_LOAD:
                message = f"the kernel's static arrays do not fit into {self._memory_bytes >> 20} MiB"
                raise StoppedError("limit", Fault(cause="memory", message=message, limit=self._memory_bytes), message)
            text = printed.decode("utf-8", "replace").strip()
            raise InfraError(f"the kernel's process did not start: status {status}, {text!r}", "kernelwright doctor")
        if self.box.waiting() is not None:
            self._used = self.box.cpu_ns()

    def write_inputs(self, image: Array) -> None:
        """Fills all input slots."""
        self._inputs.write(self.layout.inputs.memory_offset(self.slots), as_bytes(image))

    def read_inputs(self) -> bytes:
        """A copy of all input slots."""
        return self._inputs.read(self.layout.inputs.memory_offset(self.slots), self.slots * self.layout.inputs.stride)

    def write_outputs(self, image: Array) -> None:
        """Fills all output slots, guards included."""
        self._outputs.write(self.layout.outputs.memory_offset(self.slots), as_bytes(image))

    def read_outputs(self, slots: int) -> bytes:
        """A copy of the first output slots."""
        return self._outputs.read(self.layout.outputs.memory_offset(self.slots), slots * self.layout.outputs.stride)

    def call(self, count: int, begin: int = 0) -> int:
        """Calls the kernel on ``count`` slots, starting with slot ``begin``. Raises `StoppedError`.

        Returns what it cost in nanoseconds: the processor time that the process used since its last call, by the system's
        account. One thread that can make no system call but reading requests and writing replies does all its work on that
        account, whenever it does it, and is not charged for what else runs on the machine. Where the tier cannot tell, it is
        the time from request to reply."""
        nonce = secrets.randbits(64)
        result, start = self._clock.send(self.box.request_fd, self.box.reply_fd, REQUEST.pack(nonce, begin, count))
        if result != OK:
            raise self._stopped(Answer(result, (0, 0, 0, 0, 0), 0), nonce)
        if self._pauses:
            self.box.resume()
        answer = self._clock.receive(self.box.reply_fd, start, self._timeout_s)
        if answer.result != OK or answer.record[:2] != (nonce, _DONE):
            raise self._stopped(answer, nonce)
        if self._pauses:
            self.box.pause()
        return answer.nanoseconds if self._used is None else self._charge()

    def settle(self) -> None:
        """Before calls of several processes are timed in turns: where none can be seen to sleep, they are paused instead."""
        self._pauses = self._used is None
        if self._pauses:
            self.box.pause()

    def _charge(self) -> int:
        """Processor time since the last charge, once the process sleeps again."""
        deadline = time.monotonic() + self._timeout_s
        while not self.box.waiting():
            if time.monotonic() > deadline:
                self.close()
                raise _fault("protocol", "the kernel's process went on running after it had replied")
            os.sched_yield()
        before, self._used = self._used or 0, self.box.cpu_ns() or 0
        return self._used - before

    def _stopped(self, answer: Answer, nonce: int) -> StoppedError:
        if answer.result == TIMEOUT:
            self.close()
            return StoppedError("timeout", None, f"the kernel did not return within {self._timeout_s:g} s")
        if answer.result in (UNASKED, SHORT) or (answer.result == OK and answer.record[0] != nonce):
            self.close()
            return _fault("protocol", "the kernel wrote to the runner's reply channel")
        if answer.result == OK and answer.record[1] == _CONTROL_WORD:
            self.close()
            return _fault("floating_point_environment", "the kernel changed the rounding or subnormal mode and left it changed")
        trap = answer if answer.result == OK and answer.record[1] == _TRAPPED else None
        if trap is not None:
            self._clock.read(self.box.reply_fd, self._timeout_s)  # returns when the pipe closes: the status is then its own
        elif answer.result != CLOSED:
            self.close()
            return _fault("protocol", "the kernel wrote to the runner's reply channel")
        return self._death(trap)

    def _death(self, trap: Answer | None) -> StoppedError:
        status, _ = self.close()
        if status >= 0 and trap is None:
            return _fault("exited", f"the kernel ended its process with status {status} instead of returning")
        number = -status
        _, _, reported, address, pc = trap.record if trap else (0, 0, number, 0, 0)
        if trap is None or (number not in (signal.SIGKILL, reported) and reported != _STACK_OVERFLOW):
            reported = number
        cause, text = _CAUSES.get(reported, ("killed", f"the kernel's process was ended by signal {reported}"))
        outcome: Literal["fault", "limit"] = "limit" if cause == "cpu_limit" else "fault"
        fault = Fault(cause=cause, message=text, pc=pc if trap else None, address=address if trap else None)
        return StoppedError(outcome, fault, text)


def _fault(cause: str, message: str) -> StoppedError:
    return StoppedError("fault", Fault(cause=cause, message=message), message)


def _box_limits(limits: Limits, memories: int) -> BoxLimits:
    """One process without files. Address space: the memories with their fences, libc, and what the kernel may add."""
    return BoxLimits(
        wall_s=limits.wall_s,
        cpu_s=max(10, int(limits.wall_s * 30)),
        memory_bytes=limits.memory_bytes + memories,
        file_bytes=0,
        processes=1,
        output_bytes=limits.output_bytes,
    )
