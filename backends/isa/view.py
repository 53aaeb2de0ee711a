"""Machine state as text: registers, ranges of memories in any element type, open loops.

A range is written ``SPACE[START:COUNT]`` (elements of the space), optionally followed by ``as DTYPE``: then COUNT counts elements
of that type, read from the bytes at START.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backends.isa.architecture import Architecture, BoundMemory
from backends.isa.dtypes import DTYPES, DType, Elements
from backends.isa.engine import Engine, LoopState, Program
from backends.isa.faults import line_of
from harness.errors import UsageError, unknown

MAX_ELEMENTS = 256
"""Most elements of one range that are shown."""
_RANGE = re.compile(r"(\w+)\s*(?:\[\s*(\d+)\s*(?::\s*(\d+)\s*)?\])?\s*(?:as\s+(\w+))?")
_PER_ROW = 8


@dataclass(frozen=True)
class Range:
    """Elements of a memory or register file, to be shown as ``dtype``."""

    memory: BoundMemory
    start: int
    count: int
    dtype: DType


def parse_range(architecture: Architecture, text: str) -> Range:
    """``vram[64:8]``, ``hbm[0:16] as e4m3``, ``gp``, ``gp[3]``. UsageError says what is wrong with anything else."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no range", "SPACE[START:COUNT], optionally followed by 'as DTYPE': vram[0:64]")
    name, start, count, dtype_name = match.groups()
    memory = space(architecture, name)
    dtype = memory.dtype
    if dtype_name is not None:
        if dtype_name not in DTYPES:
            raise unknown("element type", dtype_name, DTYPES)
        dtype = DTYPES[dtype_name]
        if dtype.bits != 8 * dtype.bytes and dtype != memory.dtype:
            raise UsageError(f"{text!r}: {dtype.name} elements are packed", "look at them as u8")
    first = int(start or 0)
    if count is not None:
        shown = int(count)
    elif start is not None:
        shown = 1
    else:
        shown = min(memory.size * memory.dtype.bytes // dtype.bytes, MAX_ELEMENTS)
    if not 0 < shown <= MAX_ELEMENTS:
        raise UsageError(f"{text!r} shows {shown} elements", f"1 to {MAX_ELEMENTS}")
    own = _own_elements(memory, shown, dtype)
    if first + own > memory.size:
        raise UsageError(
            f"{text!r} ends at {first + own}", f"{memory.name} has {memory.size} elements of type {memory.dtype.name}"
        )
    return Range(memory, first, shown, dtype)


def space(architecture: Architecture, name: str) -> BoundMemory:
    """The memory or register file of that name. UsageError if there is none."""
    if name not in architecture.memories:
        raise unknown("space", name, architecture.memories)
    return architecture.memories[name]


def show_range(engine: Engine, wanted: Range) -> str:
    """The elements, eight to a row, each row with the index of its first."""
    memory, start, count, dtype = wanted.memory, wanted.start, wanted.count, wanted.dtype
    elements = engine.read(memory.name, start, _own_elements(memory, count, dtype))
    values = reinterpret(elements, dtype)[:count] if dtype != memory.dtype else elements
    suffix = "" if dtype == memory.dtype else f" as {dtype.name}"
    rows = [
        f"  +{first:<5}" + " ".join(f"{number(value):>12}" for value in values[first : first + _PER_ROW])
        for first in range(0, count, _PER_ROW)
    ]
    return "\n".join([f"{memory.name}[{start}:{count}]{suffix}", *rows])


def show_registers(engine: Engine, architecture: Architecture) -> str:
    """Every register file; registers that are 0 are not listed."""
    rows = []
    for memory in architecture.memories.values():
        if not memory.is_registers:
            continue
        values = engine.read(memory.name, 0, memory.size)
        if memory.single:
            rows.append(f"{memory.name} = {number(values[0])}")
            continue
        if memory.lanes > 1:
            vectors = values.reshape(-1, memory.lanes)
            filled = [f"{memory.name}{i} = {' '.join(map(number, vector))}" for i, vector in enumerate(vectors) if vector.any()]
            rows += filled or [f"{memory.name}: all {len(vectors)} are 0"]
            continue
        set_ones = [f"{memory.name}{i}={number(value)}" for i, value in enumerate(values) if number(value) != "0"]
        rest = f"the other {memory.size - len(set_ones)} are 0" if set_ones else f"all {memory.size} are 0"
        rows.append(f"{memory.name}: {' '.join(set_ones)}{'; ' if set_ones else ''}{rest}")
    return "\n".join(rows) or "there are no registers"


def show_loops(loops: Sequence[LoopState], program: Program) -> str:
    """Open hardware loops, outermost first."""
    if not loops:
        return "no loop is open"
    rows = [f"  register {loop.register}, body at {place(program, loop.body)}" for loop in loops]
    return "\n".join(["open loops, outermost first", *rows])


def place(program: Program, pc: int) -> str:
    """``line 12 (pc 5)``, or ``pc 5`` where lines are not known."""
    line = line_of(program, pc)
    return f"line {line} (pc {pc})" if line else f"pc {pc}"


def number(value: object) -> str:
    """An element: integers whole, floats with seven digits."""
    if isinstance(value, int | np.integer):
        return str(int(value))
    return f"{float(value):.7g}"  # type: ignore[arg-type]


def reinterpret(elements: Elements, dtype: DType) -> Elements:
    """The bytes of elements as elements of another type, little endian."""
    return np.frombuffer(np.ascontiguousarray(elements).tobytes(), np.dtype(np.uint8)).view(dtype.numpy)


def _own_elements(memory: BoundMemory, count: int, dtype: DType) -> int:
    """Elements of the memory that ``count`` elements of a type occupy."""
    return -(-count * dtype.bytes // memory.dtype.bytes)
