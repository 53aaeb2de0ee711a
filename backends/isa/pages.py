"""How much of a large memory a program may write: both engines count pages, and a program that writes too many traps.

A page is counted when it is first written, by the program or from outside, until the next reset. Small memories and register
files do not count.
"""

from __future__ import annotations

from backends.isa.architecture import BoundMemory

PAGE_BITS = 12
"""log2 of the bytes of a page."""
SMALL_BYTES = 8192
"""Memories up to this size are not counted."""
MEMORY_LIMIT = 1 << 30
"""Most bytes of pages that a program may write between two resets; beyond it traps with ``memory_limit`` before the next
instruction."""


def is_small(memory: BoundMemory) -> bool:
    """Whether a memory's pages are not counted."""
    return memory.is_registers or memory.size * memory.dtype.bytes <= SMALL_BYTES


def page_weight(memory: BoundMemory, in_order: bool) -> int:
    """What a page counts: itself, and with in-order timing the ready times of its granules."""
    return 1 + (-(-8 // max(memory.granule * memory.dtype.bytes, 1)) if in_order else 0)
