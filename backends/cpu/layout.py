"""Where tensors lie in the memory that a kernel shares with the harness.

A memory holds *slots*, one per call of a batch; in each slot every tensor starts at the same 64-byte aligned offset. Around
outputs lies a gap of guard bytes that no kernel may touch. All access from Python is through strided views of a byte image,
so that packing, poisoning and checking thousands of slots are single numpy operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from harness.task import Array, Tensor, Workload

ALIGNMENT = 64
"""Bytes; a cache line, and no less than any vector of the machines in question."""
PAGE = 4096
"""Memories are whole pages; slots lie flush with their end, so that the next byte traps."""


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


@dataclass(frozen=True)
class Arena:
    """The fixed layout of one slot, and of a memory of many."""

    tensors: Mapping[str, Tensor]
    """Tensors in signature order."""
    guard: int = 0
    """Least guard bytes before, between and after tensors; a multiple of `ALIGNMENT`."""

    @cached_property
    def offsets(self) -> dict[str, int]:
        """Byte offset of each tensor in a slot."""
        offsets, at = {}, self.guard
        for name, tensor in self.tensors.items():
            offsets[name] = at
            at += _round_up(tensor.bytes, ALIGNMENT) + self.guard
        return offsets

    @cached_property
    def stride(self) -> int:
        """Bytes from one slot to the next."""
        return self.guard + sum(_round_up(tensor.bytes, ALIGNMENT) + self.guard for tensor in self.tensors.values())

    @cached_property
    def gaps(self) -> list[tuple[int, int]]:
        """Byte ranges of a slot that belong to no tensor."""
        ends = [0] + [self.offsets[name] + tensor.bytes for name, tensor in self.tensors.items()]
        starts = [*self.offsets.values(), self.stride]
        return [(end, start) for end, start in zip(ends, starts, strict=True) if end < start]

    def memory_bytes(self, slots: int) -> int:
        """Size of a memory of that many slots, in whole pages."""
        return _round_up(slots * self.stride, PAGE)

    def memory_offset(self, slots: int) -> int:
        """Where the first slot starts in it."""
        return self.memory_bytes(slots) - slots * self.stride

    def image(self, slots: int) -> Array:
        """A zeroed byte image of that many slots."""
        return np.zeros(slots * self.stride, np.uint8)

    def view(self, image: Array, name: str) -> Array:
        """One tensor in all slots of an image, as ``(slots, *shape)``; writes go to the image."""
        tensor = self.tensors[name]
        inner = np.empty(tensor.shape, tensor.dtype.numpy).strides
        shape = (len(image) // self.stride, *tensor.shape)
        return np.ndarray(shape, tensor.dtype.numpy, image.data, self.offsets[name], (self.stride, *inner))

    def read(self, image: Array, slot: int) -> dict[str, Array]:
        """Copies of all tensors of a slot."""
        return {name: self.view(image, name)[slot].copy() for name in self.tensors}

    def write(self, image: Array, slot: int, tensors: Mapping[str, Array]) -> None:
        """Packs tensors into a slot of an image."""
        for name in self.tensors:
            self.view(image, name)[slot] = tensors[name]

    def poison(self, slots: int, word: int) -> Array:
        """An image that holds a 32-bit canary everywhere, guards included."""
        return np.full(slots * self.stride // 4, word, np.uint32).view(np.uint8)

    def damaged_guard(self, image: Array, word: int) -> tuple[int, int] | None:
        """Slot and byte offset in it of the first guard byte that is not the canary's, or None."""
        rows = image.reshape(-1, self.stride)
        expected = self.poison(1, word)
        for begin, end in self.gaps:
            wrong = rows[:, begin:end] != expected[begin:end]
            if wrong.any():
                slot, byte = np.argwhere(wrong)[0]
                return int(slot), begin + int(byte)
        return None

    def unwritten(self, image: Array, word: int) -> str | None:
        """Name of an output that still holds the canary in some slot, or None.

        A float that does gives itself away, since no arithmetic makes that NaN. Integers may equal the canary by right (one of
        its signs is a small negative number): there a whole tensor of at least 8 bytes must. A few of them that were not
        written differ from the baseline's, which `Suspects` sees."""
        expected = self.poison(1, word)
        for name, tensor in self.tensors.items():
            stale = self.view(image, name) == self.view(expected, name)
            if not tensor.dtype.is_float or tensor.dtype.bytes < 4:
                stale = stale.reshape(len(stale), -1).all(axis=1) if tensor.bytes >= 8 else np.False_
            else:
                stale = self._bits(image, name) == self._bits(expected, name)
            if stale.any():
                return name
        return None

    def _bits(self, image: Array, name: str) -> Array:
        view = self.view(image, name)
        return view.view(np.dtype(f"u{view.itemsize}"))


@dataclass(frozen=True)
class Layout:
    """The two memories of a kernel process and the order of its arguments."""

    inputs: Arena
    """Read-only to the kernel."""
    outputs: Arena
    """Guarded."""

    @staticmethod
    def of(workload: Workload) -> Layout:
        """The layout of a workload's tensors."""
        return Layout(Arena(workload.inputs), Arena(workload.outputs, guard=ALIGNMENT))

    def arguments(self) -> list[str]:
        """The kernel's parameters as the runner takes them: ``i0 i256 o64``."""
        return [f"i{at}" for at in self.inputs.offsets.values()] + [f"o{at}" for at in self.outputs.offsets.values()]


def canary(rng: np.random.Generator) -> int:
    """A random 32-bit word that is a NaN with a payload no arithmetic makes, in either sign."""
    return int(0x7FC00001 + rng.integers(0x3FFFFE)) | int(rng.integers(2)) << 31


def as_bytes(image: Array) -> memoryview[Any]:
    """The bytes of an image, without a copy."""
    return image.data.cast("B")
