"""What the pages say about one instruction, read off its definition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from backends.isa.architecture import Architecture, BoundOperand, Instruction
from backends.isa.definition import Access, Encoding
from backends.isa.dtypes import MX, Storage
from backends.isa.expression import evaluate
from backends.isa.language import ir

ANYWHERE = ("register_out_of_range", "invalid_opcode", "pc_out_of_range", "loop_limit")
"""Causes that belong to fetching an instruction and not to what it does."""
TRANSFER = {"in": "read", "out": "written", "inout": "read and written"}


class OperandRow(NamedTuple):
    """A row of the table of operands."""

    name: str
    written: str
    """What is written in assembly: ``gp0 ... gp15`` or ``0 to 255``."""
    meaning: str
    default: str


class BitRow(NamedTuple):
    """A row of the table of the encoding."""

    bits: str
    holds: str


def first_sentence(doc: str) -> str:
    """Of a docstring's first paragraph."""
    paragraph = " ".join(doc.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", paragraph, maxsplit=1)[0]


def details(doc: str) -> str:
    """What a docstring says after its first sentence."""
    return " ".join(doc.split())[len(first_sentence(doc)) :].strip()


def operand_rows(instruction: Instruction, architecture: Architecture) -> list[OperandRow]:
    """Operands in the order in which they are written; operands that are never written are left out."""
    operands = {operand.name: operand for operand in instruction.operands}
    words = [word for part in instruction.syntax for word in re.findall(r"\w+", part)]  # imm(rs1) is two operands
    return [_operand(operands[word], architecture) for word in words if word in operands]


def _operand(operand: BoundOperand, architecture: Architecture) -> OperandRow:
    kind = operand.kind
    if isinstance(kind, Access):
        registers = f"`{operand.file}0` to `{operand.file}{operand.count - 1}`"
        return OperandRow(operand.name, registers, _access(kind, operand, architecture), "")
    meaning = "number"
    if kind.label:
        meaning = "label or word address" + (", encoded as the distance from this instruction" if kind.relative else "")
    if kind.scale != 1:
        meaning += f", a multiple of {kind.scale}"
    names = {value: name for name, value in kind.names}
    said = names.get(kind.default or 0, "" if kind.named else str(kind.default))
    default = "" if kind.default is None else "may be left out at the end" + f": {said}" * bool(said)
    written = f"{operand.low} to {operand.high}"
    if kind.distance:
        written, meaning = "label or byte address", f"encoded as the distance from this instruction, {written}"
    elif kind.named:
        written, meaning = ", ".join(f"`{name}`" for name in names.values()), "a name"
    elif names:
        meaning = f"number, or a name such as {' '.join(f'`{name}`' for name in list(names.values())[:3])}"
    return OperandRow(operand.name, written, meaning, default)


def _access(kind: Access, operand: BoundOperand, architecture: Architecture) -> str:
    if kind.target.is_registers:
        zero = architecture.memories[operand.file].zero
        hard = kind.direction != "in" and zero is not None and architecture.definition.dialect is None
        return f"register, {TRANSFER[kind.direction]}" + (f"; not `{operand.file}{zero}`, which is always 0" if hard else "")
    memory = architecture.memories[kind.target.name]
    dtype = (kind.dtype or memory.dtype).name
    shape = " x ".join(str(evaluate(extent, architecture.values)) for extent in kind.shape) or "1"
    align = memory.align if kind.align is None else evaluate(kind.align, architecture.values)
    length = f"; `{kind.length.name}` says how many of them count" if kind.length else ""
    place = f", at a multiple of {align}" if align > 1 else ""
    return (
        f"register that holds an address in `{memory.name}`: {shape} {dtype} there are {TRANSFER[kind.direction]}{place}{length}"
    )


def bit_rows(instruction: Instruction, encoding: Encoding, word_bits: int) -> list[BitRow]:
    """The word from its highest bit down; bits that hold nothing are 0."""
    pieces = [
        (bit, width, _value(field.extract(field.insert(value)), value_bit, width, field.width))
        for field, value in encoding.fixed
        for bit, width, value_bit in field.pieces
    ]
    for name, field in encoding.operands.items():
        for bit, width, value_bit in field.pieces:
            whole = width == field.width and value_bit == 0
            pieces.append((bit, width, f"`{name}`" if whole else f"`{name}` bits {value_bit + width - 1} to {value_bit}"))
    rows, top = [], word_bits
    for bit, width, holds in sorted(pieces, reverse=True):
        if bit + width < top:
            rows.append(BitRow(_bits(bit + width, top - bit - width), "0"))
        rows.append(BitRow(_bits(bit, width), holds))
        top = bit
    return rows + ([BitRow(_bits(0, top), "0")] if top > 0 else [])


def _value(value: int, value_bit: int, width: int, field_width: int) -> str:
    part = (value >> value_bit) & ((1 << width) - 1)
    return f"{part:#x}" if field_width > 1 else str(part)


def _bits(bit: int, width: int) -> str:
    return str(bit) if width == 1 else f"{bit + width - 1}:{bit}"


def traps(instruction: Instruction, architecture: Architecture) -> list[str]:
    """Causes that this instruction can raise, apart from those of fetching any instruction."""
    return raised(instruction.body, architecture)


def raised(body: ir.Body, architecture: Architecture) -> list[str]:
    """Causes that a body can raise."""
    found = {cause for node in _nodes(body) for cause in _causes(node, architecture)}
    helpers = {node.function for node in _nodes(body) if isinstance(node, ir.Call)}
    for name in helpers & architecture.functions.keys():
        found |= {cause for node in _nodes(architecture.functions[name]) for cause in _causes(node, architecture)}
    return [cause for cause in architecture.traps if cause in found]


def _causes(node: Any, architecture: Architecture) -> Iterator[str]:
    if isinstance(node, ir.Require):
        yield node.trap
    elif isinstance(node, ir.Open):
        if node.align > 1:
            yield f"{node.memory}_misaligned"
        yield f"{node.memory}_out_of_range"
    elif isinstance(node, ir.StateLoad | ir.StateStore) and not node.proven:
        access = "load" if isinstance(node, ir.StateLoad) else "store"
        yield f"{node.memory}_{access}_fault" if architecture.memories[node.memory].regions else f"{node.memory}_out_of_range"
    elif isinstance(node, ir.LoopsCall) and node.method == "push":
        yield "loop_depth"


def formats(architecture: Architecture) -> list[str]:
    """Names of the storage types that memories and windows of this machine have, in the order of `backends.isa.dtypes`."""
    opened: set[Storage] = {memory.dtype for memory in architecture.memories.values()}
    for instruction in architecture.instructions:
        opened |= {node.dtype for node in _nodes(instruction.body) if isinstance(node, ir.Open)}
        opened |= {node.dtype for node in _nodes(instruction.body) if isinstance(node, ir.Builtin) and node.dtype}
    names = set()
    for dtype in opened:
        names |= {dtype.element.name, "e8m0"} if isinstance(dtype, MX) else {dtype.name}
    return sorted(names)


def has_floats(architecture: Architecture) -> bool:
    """Whether bodies compute with f32."""
    found = (getattr(node, "type", None) for i in architecture.instructions for node in _nodes(i.body))
    return any(kind == "f32" for kind in found)


def blocks(architecture: Architecture) -> list[MX]:
    """Block-scaled types of windows."""
    opened = {
        node.dtype
        for instruction in architecture.instructions
        for node in _nodes(instruction.body)
        if isinstance(node, ir.Open) and isinstance(node.dtype, MX)
    }
    return sorted(opened, key=lambda mx: mx.name)


def _nodes(node: Any) -> Iterator[Any]:
    """An ir node and everything in it, in any order. A loop, for bodies with thousands of nodes."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, tuple):
            waiting.extend(found)
        elif hasattr(found, "__dataclass_fields__"):
            yield found
            waiting.extend(vars(found).values())
