"""The trusted timer (`timer.c`) behind ctypes."""

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
        pointer, i, i64, out = ctypes.c_char_p, ctypes.c_int, ctypes.c_int64, ctypes.POINTER(ctypes.c_int64)
        self._read, self._send, self._receive = library.timer_read, library.timer_send, library.timer_receive
        self._read.argtypes = [i, pointer, i, i64]
        self._send.argtypes = [i, i, pointer, i, out]
        self._receive.argtypes = [i, pointer, i, i64, i64, out]
        library.timer_frequency.argtypes, library.timer_frequency.restype = [i64], ctypes.c_double
        measured = library.timer_frequency(_DURATION_NS)
        self.ticks_per_ns = measured or 1.0
        """Reference cycles per nanosecond; where the machine has no such clock, a cycle is taken as a nanosecond."""

    def read(self, reply_fd: int, timeout_s: float) -> Answer:
        """Waits for a reply that was not asked for: the announcement of a runner that is ready."""
        buffer = ctypes.create_string_buffer(REPLY.size)
        result = self._read(reply_fd, buffer, REPLY.size, int(timeout_s * 1e9))
        return Answer(result, REPLY.unpack(buffer.raw), 0)

    def send(self, request_fd: int, reply_fd: int, request: bytes) -> tuple[int, int]:
        """Starts the clock and sends a request: `OK` or what went wrong, and the time on the clock."""
        start = ctypes.c_int64()
        return self._send(request_fd, reply_fd, request, len(request), ctypes.byref(start)), start.value

    def receive(self, reply_fd: int, start: int, timeout_s: float) -> Answer:
        """Waits for the reply to a request that was sent at ``start``."""
        buffer, elapsed = ctypes.create_string_buffer(REPLY.size), ctypes.c_int64()
        result = self._receive(reply_fd, buffer, REPLY.size, int(timeout_s * 1e9), start, ctypes.byref(elapsed))
        return Answer(result, REPLY.unpack(buffer.raw), elapsed.value)
