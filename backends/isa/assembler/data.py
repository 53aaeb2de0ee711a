"""``.data`` parts: initial contents of memories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from backends.isa.architecture import BoundMemory
from backends.isa.assembler.diagnostics import Mistake, Place, Reporter, near, quote
from backends.isa.assembler.expressions import Number
from backends.isa.conversion import encode
from backends.isa.dtypes import DTYPES, DType, Elements
from backends.isa.engine import Image

MOST = 1 << 24
"""Elements that the data parts of one text may have in all."""


@dataclass
class Part:
    """One ``.data`` part."""

    memory: BoundMemory
    start: int
    place: Place
    chunks: list[Elements] = field(default_factory=list)
    end: int = 0


class Data:
    """The data parts of a text."""

    def __init__(self, memories: Mapping[str, BoundMemory]) -> None:
        self.current: Part | None = None
        """The part that directives add to; None in the program."""
        self.refused = False
        """Whether the part that was asked for is refused: what follows belongs to nothing, which need not be said again."""
        self._memories = memories
        self._parts: list[Part] = []
        self._total = 0

    def open(self, name: str, start: int | None, place: Place) -> None:
        """Begins a part, where the last one in this memory ended unless ``start`` says otherwise. `Mistake` if it cannot."""
        self.current, self.refused = None, True
        memory = self._memories.get(name)
        legal = [m.name for m in self._memories.values() if m.preload]
        listed = f"memories with initial data: {', '.join(legal)}" if legal else "this machine has no memory with initial data"
        if memory is None:
            raise Mistake("data_space", f"there is no memory {quote(name)}", near(name, legal, listed))
        if not memory.preload:
            raise Mistake("data_space", f"{name!r} cannot have initial data", listed)
        if start is None:
            start = next((part.end for part in reversed(self._parts) if part.memory is memory), 0)
        if not 0 <= start <= memory.size:
            raise Mistake("data_range", f"address {start} is outside {name!r}, which has {memory.size} elements",
                          f"an address from 0 to {memory.size - 1}")  # fmt: skip
        self.current = Part(memory, start, place, end=start)
        self.refused = False
        self._parts.append(self.current)

    def values(self, part: Part, directive: str, numbers: Sequence[Number]) -> None:
        """Adds values, as ``.u8`` and its like do. `Mistake` names the first value that does not fit."""
        self._add(part, self._elements(part.memory, directive, numbers))

    def fill(self, part: Part, count: int, number: Number) -> None:
        """Adds ``count`` elements of one value."""
        if count < 0:
            raise Mistake("directive", f"{count} elements", "0 or more")
        element = elements(part.memory.dtype, [number])
        self._check(part, count)
        self._add(part, np.repeat(element, count))

    def images(self, report: Reporter) -> tuple[Image, ...]:
        """The contents, by memory and address; parts that overlap are reported."""
        order = {name: number for number, name in enumerate(self._memories)}
        parts = sorted((p for p in self._parts if p.chunks), key=lambda p: (order[p.memory.name], p.start))
        for first, second in pairwise(parts):
            if first.memory is second.memory and second.start < first.end:
                text = f"data from {second.start} overlaps that of line {first.place.line}, which ends before {first.end}"
                report.error(second.place, Mistake("data_overlap", text, f"start at {first.end} or later"))
        return tuple(Image(part.memory.name, part.start, np.concatenate(part.chunks)) for part in parts)

    def _elements(self, memory: BoundMemory, directive: str, numbers: Sequence[Number]) -> Elements:
        own = memory.dtype
        dtype = own if directive == ".float" else DTYPES[directive[1:]]
        if directive == ".float" and not own.is_float:
            raise Mistake("data_type", f"'.float' in {memory.name!r}, whose elements are {own.name}",
                          "write .f32 for 4 bytes each" if own.name == "u8" else f"write .{own.name}")  # fmt: skip
        if dtype is own:
            return elements(dtype, numbers)
        if own.name == "u8" and dtype.bits >= 8:
            return np.frombuffer(elements(dtype, numbers).tobytes(), np.uint8)
        if dtype.bits == own.bits and not dtype.is_float and not own.is_float:
            return elements(dtype, numbers).view(own.numpy)
        raise Mistake("data_type", f"{directive!r} in {memory.name!r}, whose elements are {own.name}",
                      f"write {'.float' if own.is_float else '.' + own.name}")  # fmt: skip

    def _check(self, part: Part, count: int) -> None:
        memory = part.memory
        if part.end + count > memory.size:
            raise Mistake("data_range", f"data up to {part.end + count - 1} leaves {memory.name!r}: {memory.size} elements",
                          f"at most {memory.size - part.end} more fit")  # fmt: skip
        if self._total + count > MOST:
            raise Mistake("too_large", f"more than {MOST} elements of data", "compute large tables in the program")

    def _add(self, part: Part, made: Elements) -> None:
        self._check(part, len(made))
        if len(made):
            part.chunks.append(made)
        part.end += len(made)
        self._total += len(made)


def elements(dtype: DType, numbers: Sequence[Number]) -> Elements:
    """Values in a storage type. `Mistake` names the first that does not fit; ``column`` is then its index."""
    if not dtype.is_float:
        low, high = (-(1 << dtype.bits - 1), (1 << dtype.bits - 1) - 1) if dtype.kind == "signed" else (0, (1 << dtype.bits) - 1)
        for index, number in enumerate(numbers):
            if isinstance(number, float):
                raise Mistake("data_range", f"{number!r} is not an integer, and {dtype.name} is", "write an integer", index)
            if not low <= number <= high:
                raise Mistake(
                    "data_range", f"{number} is out of range: {dtype.name} is {low} to {high}", "write a legal value", index
                )
        return np.array(numbers, dtype.numpy)
    with np.errstate(all="ignore"):
        exact = np.array([float(number) for number in numbers], np.float64)
        values = exact.astype(np.float32)
        made = encode(dtype, values).view(dtype.numpy)
        stored = made.astype(np.float64)
    lost = np.isfinite(exact) & ~np.isfinite(stored)
    if lost.any():
        index = int(np.argmax(lost))
        raise Mistake("data_range", f"{numbers[index]!r} does not fit {dtype.name}", "write inf where infinity is meant", index)
    return made
