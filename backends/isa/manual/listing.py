"""Assembly in manuals, written so that it survives a change of the instruction set.

Chapters and examples are written with the *keys* of a definition and operands in the order of the functions' parameters. A twin
of the instruction set has other mnemonics and another order; `translate` writes what its assembler reads.
"""

from __future__ import annotations

import re

from backends.isa.architecture import Architecture, BoundOperand, Instruction
from backends.isa.definition import Access, Immediate
from backends.isa.errors import DefinitionError

_STATEMENT = re.compile(r"(?P<head>[ \t]*(?:[\w.$\\@]+:[ \t]*)*)(?P<key>[A-Za-z_]\w*)(?P<gap>[ \t]*)(?P<rest>.*)")
_MENTION = re.compile(r"`([A-Za-z_]\w*)(?=[ `])")


def translate(source: str, architecture: Architecture) -> str:
    """Assembly with keys as mnemonics, as this architecture's assembler reads it; other lines stay as they are.

    A dialect's assembly is what the tools of an existing instruction set read: chapters are written in it.
    """
    if architecture.definition.dialect is not None:
        return source
    by_key = {instruction.key: instruction for instruction in architecture.instructions}
    return "\n".join(_line(line, by_key, architecture.definition.comments) for line in source.split("\n"))


def _line(line: str, by_key: dict[str, Instruction], comments: tuple[str, ...]) -> str:
    found = _STATEMENT.match(line)
    if found is None or found["key"] not in by_key:
        return line
    cut = min((at for mark in comments if (at := found["rest"].find(mark)) >= 0), default=len(found["rest"]))
    written, comment = found["rest"][:cut], found["rest"][cut:]
    values = [part.strip() for part in written.split(",")] if written.strip() else []
    code = found["head"] + statement(by_key[found["key"]], values)
    return code + " " * max(2, len(line) - len(comment) - len(code)) + comment if comment else code


def statement(instruction: Instruction, values: list[str]) -> str:
    """One statement: ``values`` belong to the operands in their own order; missing ones at the end have defaults."""
    if len(values) > len(instruction.operands):
        raise DefinitionError(
            f"{instruction.key} has {len(instruction.operands)} operand(s), and {len(values)} are written: {', '.join(values)}",
            f"in the order {', '.join(operand.name for operand in instruction.operands)}, without literal parts of the syntax",
        )
    given = dict(zip((operand.name for operand in instruction.operands), values, strict=False))
    names = {operand.name for operand in instruction.operands}
    last = max((place for place, part in enumerate(instruction.syntax) if part in given), default=-1)
    written = [
        given.get(part, str(_default(instruction, part))) if part in names else part
        for place, part in enumerate(instruction.syntax)
        if place <= last or part not in names or _default(instruction, part) is None
    ]
    return f"{instruction.mnemonic} {', '.join(written)}".rstrip()


def _default(instruction: Instruction, name: str) -> int | None:
    kind = instruction.operand(name).kind
    return kind.default if isinstance(kind, Immediate) else None


def mention(text: str, architecture: Architecture) -> str:
    """Prose in which a code span that starts with an instruction's key names the instruction by its mnemonic."""
    names = {instruction.key: instruction.mnemonic for instruction in architecture.instructions}
    return _MENTION.sub(lambda found: "`" + names.get(found[1], found[1]), text)


def example(instruction: Instruction, architecture: Architecture) -> str:
    """The definition's example, or one made of the first registers and small numbers."""
    if instruction.example:
        return translate(instruction.example.strip("\n"), architecture)
    taken: dict[str, int] = {}
    values = [_sample(operand, taken, architecture) for operand in instruction.operands]
    code = statement(instruction, values)
    return f"{code}\nnext:" if "next" in values else code


def _sample(operand: BoundOperand, taken: dict[str, int], architecture: Architecture) -> str:
    if isinstance(operand.kind, Access):
        number = taken.get(operand.file, 0)
        if number == architecture.memories[operand.file].zero:
            number += 1
        taken[operand.file] = number + 1
        return f"{operand.file}{min(number, operand.high)}"
    if operand.kind.label:
        return "next"
    return str(max(operand.low, min(operand.high, operand.kind.scale)))
