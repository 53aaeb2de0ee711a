"""Programs of one instruction in which one operand, of whatever kind, is at an edge: of its register file, of the numbers that a
register or a field holds, or of the memory that it points to. The other operands are what `backends.isa.generate` draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import Architecture, BoundMemory, BoundOperand, Instruction
from backends.isa.conversion import pattern_type
from backends.isa.definition import Access, Immediate
from backends.isa.dtypes import MX, Elements
from backends.isa.engine import Image
from backends.isa.expression import evaluate
from backends.isa.generate import Generator


class Case(NamedTuple):
    """A program and what is in memory when it starts."""

    operand: str
    """The operand at an edge; "" if there is none."""
    what: str
    """Which edge."""
    words: NDArray[np.uint64]
    images: list[Image]


class Edge(NamedTuple):
    """What one operand is."""

    what: str
    number: int
    """Register number, or what the immediate's field holds."""
    content: int | None = None
    """Pattern that the register holds; None leaves it."""


def cases(architecture: Architecture, instruction: Instruction, rng: np.random.Generator) -> Iterator[Case]:
    """Every edge of every operand; an instruction without operands has one case."""
    generator = Generator(architecture, rng, 1)
    operands = [operand for operand in instruction.operands if operand.field is not None]
    if not operands:
        yield Case("", "no operand", generator.words([instruction]), generator.images)
    for operand in operands:
        for edge in edges(architecture, operand):
            word = _with(operand, _legal(generator, instruction), edge.number)
            images = generator.images
            if edge.content is not None and edge.number < operand.count:
                images = [_holding(image, operand, edge) for image in images]
            yield Case(operand.name, edge.what, np.array([word], np.uint64), images)


def edges(architecture: Architecture, operand: BoundOperand) -> Iterator[Edge]:
    """Where an operand of its kind may go wrong."""
    assert operand.field is not None
    most = (1 << operand.field.width) - 1
    if isinstance(operand.kind, Immediate):
        halves = (most >> 1, (most >> 1) + 1)
        legal = (operand.low // operand.kind.scale & most, operand.high // operand.kind.scale & most)
        for number in sorted({0, 1 & most, *halves, most, *legal}):
            yield Edge(f"field {number}", number)
        return
    file = architecture.memories[operand.file]
    last = operand.count - 1
    for number in sorted({0, 1, last // 2, last, min(operand.count, most), most} & set(range(most + 1))):
        yield Edge(f"register {number}", number)
    usual = next((number for number in range(last, -1, -1) if number != file.zero), 0)
    for content in sorted(contents(architecture, operand, file)):
        yield Edge(f"register {usual} holds {content:#x}", usual, content)


def contents(architecture: Architecture, operand: BoundOperand, file: BoundMemory) -> set[int]:
    """Patterns of a register that are worth trying."""
    most = (1 << file.dtype.bits) - 1
    top = 1 << (file.dtype.bits - 1)
    if file.dtype.is_float:
        special = np.array([1.0, np.inf, -np.inf, np.nan, 1e-30, 65504.0, -0.5], np.float32)
        with np.errstate(all="ignore"):
            patterns = special.astype(file.dtype.numpy).view(pattern_type(file.dtype))
        return {0, 1, top & most, *(int(pattern) & most for pattern in patterns)}
    found = {0, 1, top - 1, top, most}
    access = operand.kind
    if isinstance(access, Access) and not access.target.is_registers:
        memory = architecture.memories[access.target.name]
        align = memory.align if access.align is None else evaluate(access.align, architecture.values)
        end = (memory.size - _units(architecture, access, memory)) // align * align
        found |= {end, end + align, end + 1, align, memory.size - 1, memory.size}
    return {number & most for number in found if number >= 0}


def _units(architecture: Architecture, access: Access, memory: BoundMemory) -> int:
    """Elements of the memory that a window covers."""
    size = 1
    for extent in access.shape:
        size *= evaluate(extent, architecture.values)
    dtype = access.dtype or memory.dtype
    bits = dtype.element.bits if isinstance(dtype, MX) else dtype.bits
    return -(-size * bits // memory.dtype.bits) if memory.dtype.bytes == 1 else size


def _legal(generator: Generator, instruction: Instruction) -> int:
    """A word of the instruction whose operands are as usual."""
    word = instruction.match
    for operand in instruction.operands:
        if operand.field is not None:
            number = generator.register(operand) if operand.file else generator.immediate(operand, 0)
            word |= operand.field.insert(number & ((1 << operand.field.width) - 1))
    return word


def _with(operand: BoundOperand, word: int, number: int) -> int:
    assert operand.field is not None
    return word & ~operand.field.mask | operand.field.insert(number)


def _holding(image: Image, operand: BoundOperand, edge: Edge) -> Image:
    """The image, with one register changed if it is the operand's file."""
    if image.space != operand.file or edge.content is None:
        return image
    kind = np.dtype(f"u{image.data.dtype.itemsize}")
    patterns: Elements = image.data.view(kind).copy()
    patterns[edge.number] = edge.content
    return Image(image.space, image.start, patterns.view(image.data.dtype))
