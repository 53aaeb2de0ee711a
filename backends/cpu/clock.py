"""The trusted timer (`timer.c`) behind ctypes: one C call sends a request, waits for the reply and measures between."""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from pathlib import Path

from harness.sandbox.native import compile_trusted

OK, TIMEOUT, CLOSED, UNASKED, SHORT = range(5)
"""What became of a call: answered, too late, pipe closed, bytes that nobody asked for, half a record."""
REQUEST = struct.Struct("<QII")
"""nonce, first slot, number of slots"""
REPLY = struct.Struct("<QIIQQ")
"""nonce, status, signal, address, pc"""
_DURATION_NS = 20_000_000


@dataclass(frozen=True)
class Answer:
    """One exchange with a runner."""

    result: int
    """`OK` or what went wrong."""
    record: tuple[int, int, int, int, int]
    """nonce, status, signal, address, pc of the reply; zeros where there was none."""
    nanoseconds: int
    """From sending the request to holding the reply."""


class Clock:
    """Loads the timer, compiled once."""

    def __init__(self, cache: Path) -> None:
        library = ctypes.CDLL(str(compile_trusted(Path(__file__).with_name("timer.c"), cache, shared=True)))
        self._call, self._read = library.timer_call, library.timer_read
        pointer, i, i64 = ctypes.c_char_p, ctypes.c_int, ctypes.c_int64
        self._call.argtypes = [i, i, pointer, i, pointer, i, i64, ctypes.POINTER(i64)]
        self._read.argtypes = [i, pointer, i, i64]
        library.timer_frequency.argtypes, library.timer_frequency.restype = [i64], ctypes.c_double
        measured = library.timer_frequency(_DURATION_NS)
        self.has_ticks = measured > 0
        """Whether the machine has a reference clock of its own; if not, a cycle is taken as a nanosecond."""
        self.ticks_per_ns = measured or 1.0
        """Reference cycles per nanosecond."""

    def read(self, reply_fd: int, timeout_s: float) -> Answer:
        """Waits for a reply that was not asked for: the announcement of a runner that is ready."""
        buffer = ctypes.create_string_buffer(REPLY.size)
        result = self._read(reply_fd, buffer, REPLY.size, int(timeout_s * 1e9))
        return Answer(result, REPLY.unpack(buffer.raw), 0)

    def call(self, request_fd: int, reply_fd: int, request: bytes, timeout_s: float) -> Answer:
        """Sends a request and times the reply."""
        buffer, elapsed = ctypes.create_string_buffer(REPLY.size), ctypes.c_int64()
        timeout_ns = int(timeout_s * 1e9)
        result = self._call(
            request_fd, reply_fd, request, len(request), buffer, REPLY.size, timeout_ns, ctypes.byref(elapsed)
        )  # fmt: skip
        return Answer(result, REPLY.unpack(buffer.raw), elapsed.value)
