"""Windows: a stretch of memory as an instruction body sees it.

A window is a snapshot: nothing is written before the end of the instruction. One opened ``out`` starts with zeros, one opened
``inout`` with what is there; both hold elements as the memory would, so that a body that reads back what it wrote reads it
rounded. Elements of MX types stay f32 until the end, when all their blocks are encoded. With a length, the other elements read
as 0 (they are not checked) and are not written, though a body may assign them; a window of length 0 is only checked for
alignment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.isa import conversion
from backends.isa.conversion import decode, encode, pattern_type
from backends.isa.definition import Direction
from backends.isa.dtypes import MX, DType, Storage, ValueType
from backends.isa.golden.memory import PagedMemory
from backends.isa.language.builtins import flat
from backends.isa.language.values import WORDS, as_type

_DIRECTIONS = {False: ("in", "inout"), True: ("out", "inout")}


class TrapError(Exception):
    """An instruction traps; nothing of it happens."""

    def __init__(self, cause: str, operand: str = "", address: int | None = None, limit: int | None = None) -> None:
        super().__init__(cause)
        self.cause, self.operand, self.address, self.limit = cause, operand, address, limit


def value_of(dtype: DType, pattern: int) -> Any:
    """The value that a body computes with, of one stored element."""
    number = decode(dtype, pattern)
    return np.float32(number) if dtype.is_float else WORDS[dtype.compute](int(number))


def pattern_of(dtype: DType, value: Any) -> int:
    """The pattern of a value of a body. TypeError if it is not of the storage type's compute type."""
    typed: Any = as_type(dtype.compute, value)
    return int(encode(dtype, typed if dtype.is_float else np.asarray(int(typed), conversion.COMPUTE[dtype.compute])))


@dataclass(frozen=True)
class Opening:
    """What is said where a window is opened."""

    direction: Direction
    dtype: Storage
    shape: tuple[int, ...]
    at: int
    align: int
    operand: str
    """The operand or variable, for traps."""
    length: int | None = None
    scales: int | None = None


class Window:
    """One opened window. TrapError if its address is not legal."""

    def __init__(self, memory: PagedMemory, opening: Opening) -> None:
        self.memory, self.opening = memory, opening
        size = math.prod(opening.shape)
        self.count = size if opening.length is None else min(max(opening.length, 0), size)
        """Elements that count."""
        self.mx = opening.dtype if isinstance(opening.dtype, MX) else None
        self.element: DType = opening.dtype.element if isinstance(opening.dtype, MX) else opening.dtype
        self.kind: ValueType = "f32" if self.mx else self.element.compute
        self.packed = self.element.bits == 4 and memory.memory.dtype.bits == 8
        self.units = self._units()
        """Elements of the memory that it covers."""
        self.blocks = -(-self.count // self.mx.block) if self.mx else 0
        """Scale bytes."""
        self._check()
        self._items: NDArray[Any] | None = None
        """Values of an MX window, patterns of another."""
        self._values: list[Any] | None = None

    def __getitem__(self, index: Any) -> Any:
        place = flat(index, self.opening.shape)
        if self._values is None:
            self._values = self._decoded()
        return self._values[place]

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.opening.direction == "in":
            raise TypeError("a window that is opened In is not written")
        place = flat(index, self.opening.shape)
        stored: Any = as_type("f32", value) if self.mx else pattern_of(self.element, value)
        self.items[place] = stored
        if self._values is not None:
            self._values[place] = stored if self.mx else value_of(self.element, stored)

    @property
    def items(self) -> NDArray[Any]:
        """Elements of the full shape: values of an MX window, patterns of another."""
        if self._items is None:
            self._items = self._initial()
        return self._items

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First element and number of elements of the memory, for the elements and for their scales."""
        spans = [(self.opening.at, self.units)]
        return [*spans, (self.opening.scales, self.blocks)] if self.opening.scales is not None else spans

    def commit(self) -> None:
        """Writes the elements that count."""
        if not self.count:
            return
        patterns, at = self.items[: self.count], self.opening.at
        if self.mx and self.opening.scales is not None:
            patterns, scales = conversion.encode_block(self.mx, patterns)
            self.memory.write(self.opening.scales, scales)
        if self.packed:
            patterns = conversion.pack(patterns, self.memory.read(at, self.units))
        elif self.units != self.count:
            patterns = np.frombuffer(patterns.tobytes(), np.uint8)
        self.memory.write(at, patterns)

    def _units(self) -> int:
        if self.packed:
            return (self.count + 1) // 2
        return self.count * (self.element.bytes if self.memory.memory.dtype.bytes == 1 else 1)

    def _check(self) -> None:
        memory, opening = self.memory.memory, self.opening
        if opening.at % opening.align:
            raise TrapError(f"{memory.name}_misaligned", opening.operand, opening.at, opening.align)
        if opening.direction == "in" and memory.beyond == "zero":
            return
        for first, units in self.spans:
            for write in (False, True):
                if units and opening.direction in _DIRECTIONS[write] and not memory.has(first, units, write=write):
                    raise TrapError(memory.fault(write=write), opening.operand, first, memory.limit)

    def _decoded(self) -> list[Any]:
        values = self.items if self.mx else decode(self.element, self.items)
        return list(values) if self.kind == "f32" else [WORDS[self.kind](int(value)) for value in values]

    def _initial(self) -> NDArray[Any]:
        size = math.prod(self.opening.shape)
        full: NDArray[Any] = np.zeros(size, np.float32 if self.mx else pattern_type(self.element))
        if self.opening.direction == "out" or not self.count:
            return full
        stored = self.memory.read(self.opening.at, self.units)
        if self.packed:
            stored = conversion.unpack(stored, self.count)
        elif self.units != self.count:
            stored = np.frombuffer(stored.tobytes(), pattern_type(self.element))
        if self.mx and self.opening.scales is not None:
            stored = conversion.decode_block(self.mx, stored, self.memory.read(self.opening.scales, self.blocks))
        full[: self.count] = stored
        return full
