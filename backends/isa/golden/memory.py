"""What a memory or register file holds: patterns, in pages that exist once they are written."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import BoundMemory
from backends.isa.conversion import encode, pattern_type
from backends.isa.pages import PAGE_BITS, is_small
from harness.errors import UsageError

PAGE = 4096
"""Elements of a page."""


class PagedMemory:
    """The patterns of one memory. Addresses are the caller's to check; those past the end read as 0 and are never written."""

    def __init__(self, memory: BoundMemory) -> None:
        self.memory = memory
        self._type = pattern_type(memory.dtype)
        self._initial = encode(memory.dtype, memory.reset).reshape(())
        self._pages: dict[int, NDArray[Any]] = {}
        self._counted = not is_small(memory)
        self.written: set[int] = set()
        """Pages, of those that `pages` counts, that were written since the last reset."""
        self.reset()

    def reset(self) -> None:
        """Every element gets its reset value."""
        self._pages.clear()
        self.written.clear()
        self._clear_zero_register()

    def get(self, address: int) -> int:
        """One pattern."""
        page = self._pages.get(address // PAGE)
        return int(self._initial if page is None else page[address % PAGE])

    def read(self, start: int, count: int) -> NDArray[Any]:
        """A copy of ``count`` patterns; zeros outside of the memory."""
        found = np.zeros(count, self._type)
        end = min(start + count, self.memory.size)
        at = start
        while start >= 0 and at < end:
            stop = min(end, (at // PAGE + 1) * PAGE)
            page = self._pages.get(at // PAGE)
            found[at - start : stop - start] = self._initial if page is None else page[at % PAGE :][: stop - at]
            at = stop
        return found

    def write(self, start: int, patterns: NDArray[Any]) -> None:
        """Patterns from an address on; the hard-zero register stays 0."""
        at, end = start, start + len(patterns)
        if self._counted and at < end:
            size = self.memory.dtype.bytes
            self.written.update(range(at * size >> PAGE_BITS, ((end * size - 1) >> PAGE_BITS) + 1))
        while at < end:
            stop = min(end, (at // PAGE + 1) * PAGE)
            page = self._pages.get(at // PAGE)
            if page is None:
                page = self._pages[at // PAGE] = np.full(min(PAGE, self.memory.size), self._initial, self._type)
            page[at % PAGE :][: stop - at] = patterns[at - start : stop - start]
            at = stop
        zero = self.memory.zero
        if zero is not None and start <= zero < end:
            self._clear_zero_register()

    def check(self, start: int, count: int) -> None:
        """UsageError unless the elements exist."""
        if start < 0 or count < 0 or start + count > self.memory.size:
            raise UsageError(
                f"{self.memory.name} {start} to {start + count} is not there", f"it has elements 0 to {self.memory.size - 1}"
            )

    def _clear_zero_register(self) -> None:
        zero = self.memory.zero
        if zero is not None:
            page = self._pages.setdefault(zero // PAGE, np.full(min(PAGE, self.memory.size), self._initial, self._type))
            page[zero % PAGE] = 0
