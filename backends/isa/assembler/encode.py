"""Operand values to words and back: the one place that knows how an instruction lies in its word."""

from __future__ import annotations

from collections.abc import Mapping

from backends.isa.architecture import Architecture, BoundOperand, Instruction
from backends.isa.definition import Immediate


def find(architecture: Architecture, word: int) -> Instruction | None:
    """The instruction that a word is; bits that no field uses are ignored, as the machine ignores them."""
    return next((i for i in architecture.instructions if word & i.mask == i.match), None)


def encode(instruction: Instruction, values: Mapping[str, int], pc: int, *, compat: bool = False) -> int:
    """The word of an instruction at an address; ``values`` are register numbers and immediates, labels as absolute addresses.

    Values must be legal; bits beyond a field are cut. With ``compat`` the other toolchain's encoding is used where there is one.
    """
    encoding = instruction.compat if compat and instruction.compat else instruction.encoding
    word = sum(field.insert(value) for field, value in encoding.fixed)
    for operand in instruction.operands:
        field = encoding.operands.get(operand.name)
        if field is not None:
            word |= field.insert(_stored(operand, values[operand.name], pc))
    return word


def decode(instruction: Instruction, word: int, pc: int) -> dict[str, int]:
    """Register numbers and immediates of a word, labels as absolute addresses; what is not encoded has its default."""
    return {operand.name: _value(operand, word, pc) for operand in instruction.operands}


def _stored(operand: BoundOperand, value: int, pc: int) -> int:
    if not isinstance(operand.kind, Immediate):
        return value
    return (value - pc if operand.kind.relative else value) // operand.kind.scale


def _value(operand: BoundOperand, word: int, pc: int) -> int:
    if operand.field is None:
        return (operand.kind.default or 0) if isinstance(operand.kind, Immediate) else 0
    raw = operand.field.extract(word)
    if not isinstance(operand.kind, Immediate):
        return raw
    if operand.kind.signed and raw >> (operand.field.width - 1):
        raw -= 1 << operand.field.width
    return raw * operand.kind.scale + (pc if operand.kind.relative else 0)
