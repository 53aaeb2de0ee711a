"""Words to assembly that makes the same words again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from backends.isa.architecture import Architecture, BoundOperand, Instruction
from backends.isa.assembler.encode import decode, encode, find
from backends.isa.definition import Immediate

_NAME = re.compile(r"[A-Za-z_]\w*")


def disassemble(words: Iterable[int], architecture: Architecture, *, labels: bool = True, names: Mapping[str, int] = {}) -> str:
    """One line a word, with ``labels`` where jumps lead: ``names``, where there is one for a word, else numbered ones.

    A word that assembly cannot express (no such instruction, bits set that no field uses, a register or number out of range) is
    written as ``.word`` with the reason, so that assembling the text gives the words exactly.
    """
    listing = [int(word) for word in words]
    found = [_expressible(architecture, word, pc) for pc, word in enumerate(listing)]
    marks = _labels(architecture, listing, found, names) if labels else {}
    comment, width = architecture.definition.comments[0], architecture.definition.word_bits // 4 + 2
    lines = []
    for pc, (instruction, word) in enumerate(zip(found, listing, strict=True)):
        if pc in marks:
            lines.append(f"{marks[pc]}:")
        if isinstance(instruction, Instruction):
            lines.append(f"    {_text(architecture, instruction, word, pc, marks)}")
        else:
            lines.append(f"    .word {word:#0{width}x} {comment} {instruction}")
    if len(listing) in marks:
        lines.append(f"{marks[len(listing)]}:")
    return "\n".join(lines) + "\n" if lines else ""


def _labels(
    architecture: Architecture, listing: list[int], found: list[Instruction | str], names: Mapping[str, int]
) -> dict[int, str]:
    """Labels by word: the names that can be written, and numbers for other words that jumps lead to."""
    label = "label" if "L" in architecture.memories else "L"  # L1 must not be a register
    dialect = architecture.definition.dialect
    registers = {name for memory in architecture.memories for name in (memory, *(f"{memory}{n}" for n in range(64)))}
    taken = registers | set(dialect.registers if dialect else ())
    marks = {
        pc: name for name, pc in sorted(names.items(), reverse=True)
        if _NAME.fullmatch(name) and name not in taken and not re.fullmatch(rf"{label}\d+", name)
    }  # fmt: skip
    for pc, (instruction, word) in enumerate(zip(found, listing, strict=True)):
        if isinstance(instruction, Instruction):
            for to in _targets(architecture, instruction, word, pc):
                if 0 <= to <= len(listing):
                    marks.setdefault(to, f"{label}{to}")
    return marks


def _expressible(architecture: Architecture, word: int, pc: int) -> Instruction | str:
    """The instruction that assembly can say, or the reason why it cannot."""
    instruction = find(architecture, word)
    if instruction is None:
        return "no such instruction"
    values = decode(instruction, word, pc)
    written = {name for part in instruction.syntax for name in _NAME.findall(part)}
    for operand in instruction.operands:
        value = values[operand.name]
        if operand.name in written and not _legal(operand, value, pc):
            return f"{instruction.mnemonic} with {operand.name} = {value}, legal is {operand.low} to {operand.high}"
        if operand.name in written and not _has_name(operand, value):
            return f"{instruction.mnemonic} with {operand.name} = {value}, which has no name"
        if operand.name not in written and isinstance(operand.kind, Immediate) and value != (operand.kind.default or 0):
            return f"{instruction.mnemonic} with {operand.name} = {value}, which is not written"
        if _is_zero(architecture, operand, value):
            return f"{instruction.mnemonic} that writes {operand.file}{value}, which is always 0"
    if not instruction.offered:
        return f"{instruction.mnemonic}, which is not offered"
    if encode(instruction, values, pc) != word:
        return f"{instruction.mnemonic} with bits set that it does not use"
    return instruction


def _legal(operand: BoundOperand, value: int, pc: int) -> bool:
    kind = operand.kind
    if isinstance(kind, Immediate) and kind.relative:
        return value >= 0 and operand.low <= value - pc <= operand.high
    return operand.low <= value <= operand.high


def _has_name(operand: BoundOperand, value: int) -> bool:
    """Whether a value can be written where only names can."""
    kind = operand.kind
    return not isinstance(kind, Immediate) or not kind.named or value in (kind.default, *dict(kind.names).values())


def _is_zero(architecture: Architecture, operand: BoundOperand, value: int) -> bool:
    """Whether this is a register written in vain."""
    kind = operand.kind
    if isinstance(kind, Immediate) or not kind.target.is_registers or kind.direction == "in":
        return False
    if architecture.definition.dialect is not None:
        return False  # its tools write such instructions, and its machine has them
    return value == architecture.memories[operand.file].zero


def _targets(architecture: Architecture, instruction: Instruction, word: int, pc: int) -> Iterable[int]:
    values = decode(instruction, word, pc)
    for operand in instruction.operands:
        target = _target(architecture, operand, values[operand.name], pc)
        if target is not None:
            yield target


def _target(architecture: Architecture, operand: BoundOperand, value: int, pc: int) -> int | None:
    """The word that an operand leads to, if it is a label."""
    if not isinstance(operand.kind, Immediate):
        return None
    if operand.kind.distance:
        words, rest = divmod(value, architecture.definition.word_bits // 8)
        return None if rest else pc + words
    return value if operand.kind.label else None


def _text(architecture: Architecture, instruction: Instruction, word: int, pc: int, marks: Mapping[int, str]) -> str:
    operands, values = {operand.name: operand for operand in instruction.operands}, decode(instruction, word, pc)

    def value(match: re.Match[str]) -> str:
        operand = operands.get(match[0])
        if operand is None:
            return match[0]
        number = values[operand.name]
        if operand.file:
            return f"{operand.file}{number}"
        kind, target = operand.kind, _target(architecture, operand, number, pc)
        assert isinstance(kind, Immediate)
        if target is not None and target in marks:
            return marks[target]
        if kind.distance:
            return f". + {number}" if number >= 0 else f". - {-number}"
        name = next((name for name, named in kind.names if named == number), None)
        return name or ("" if kind.named and number == kind.default else str(number))

    parts = [_NAME.sub(value, part) for part in instruction.syntax]
    while parts and not parts[-1]:
        parts.pop()
    return f"{instruction.mnemonic} {', '.join(parts)}".rstrip()
