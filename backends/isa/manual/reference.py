"""Several instructions on one page: how each is written, their operands, and each body once, with what it captured.

Bodies that a factory made are one text with other values of the factory's variables; a table says which instruction has which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from backends.isa.architecture import Architecture, Instruction
from backends.isa.definition import Field, Helper, Immediate, Memory, Procedure, globals_of
from backends.isa.errors import DefinitionError
from backends.isa.manual import facts, source
from harness.errors import did_you_mean

_DIGITS, _NUMBER, _WORD = re.compile(r"\d+"), re.compile(r"\b\d+\b"), re.compile(r"\w+")
MOST_NAMED = 12
"""Mnemonics that a sentence lists."""


class OperandRow(NamedTuple):
    """An operand that instructions of a page share."""

    operand: facts.OperandRow
    bits: str
    """Where it lies in the word: ``11:7``."""
    only: tuple[str, ...]
    """The mnemonics that have it like this, where others have an operand of the same name that differs."""


class FormRow(NamedTuple):
    """Instructions whose names differ in numbers only (``vlseg2e8.v``, ``vlseg3e8.v``), or one."""

    mnemonics: tuple[str, ...]
    operands: str
    """As they are written."""
    does: str
    """The first sentence about them; ``n`` where their numbers differ."""
    word: int
    """That of the first, operands 0."""


class Meaning(NamedTuple):
    """One body, and the instructions that have it."""

    text: str
    mnemonics: tuple[str, ...]
    always: dict[str, str]
    """Captured names that mean the same in all of these instructions, and what."""
    varying: tuple[str, ...]
    """Captured names that do not."""
    values: dict[tuple[str, ...], list[str]]
    """What each of ``varying`` means, and the instructions where it does."""


def select(patterns: Iterable[str], instructions: Sequence[Instruction]) -> list[Instruction]:
    """The instructions whose keys fit the patterns (``vadd_*``), in their order. DefinitionError if a pattern fits none."""
    chosen: dict[str, Instruction] = {}
    for pattern in patterns:
        found = {i.key: i for i in instructions if fnmatchcase(i.key, pattern)}
        if not found:
            near = did_you_mean(pattern, [i.key for i in instructions])
            raise DefinitionError(f"no instruction of this machine has a key like {pattern!r}{near}")
        chosen = {**chosen, **found}
    return list(chosen.values())


def forms(instructions: Sequence[Instruction], written: Callable[[Instruction], str]) -> list[FormRow]:
    """How they are written: ``written`` gives mnemonic and operands of one."""
    alike: dict[tuple[str, str, str], list[Instruction]] = {}
    for instruction in instructions:
        operands = written(instruction).removeprefix(instruction.mnemonic).strip()
        numberless = _DIGITS.sub("n", instruction.mnemonic), operands, _NUMBER.sub("n", facts.first_sentence(instruction.doc))
        alike.setdefault(numberless, []).append(instruction)
    return [
        FormRow(
            tuple(i.mnemonic for i in group), operands,
            facts.first_sentence(group[0].doc) if len({facts.first_sentence(i.doc) for i in group}) == 1 else does,
            group[0].match,
        )
        for (_, operands, does), group in alike.items()
    ]  # fmt: skip


def operand_rows(instructions: Sequence[Instruction], architecture: Architecture) -> list[OperandRow]:
    """The operands of all of them, those that are the same merged."""
    users: dict[tuple[facts.OperandRow, str], list[str]] = {}
    having: dict[str, int] = {}
    for instruction in instructions:
        for row in facts.operand_rows(instruction, architecture):
            bits = _places(instruction.operand(row.name).field)
            users.setdefault((row, bits), []).append(instruction.mnemonic)
            having[row.name] = having.get(row.name, 0) + 1
    return [
        OperandRow(row, bits, () if len(mnemonics) == having[row.name] else tuple(mnemonics))
        for (row, bits), mnemonics in sorted(users.items(), key=lambda item: list(having).index(item[0][0].name))
    ]


def meanings(instructions: Sequence[Instruction]) -> list[Meaning]:
    """The different bodies, in the order of the instructions."""
    by_code: dict[Any, list[Instruction]] = {}
    for instruction in instructions:
        by_code.setdefault(instruction.function.__code__, []).append(instruction)
    return [_meaning(sharing) for sharing in by_code.values()]


def _meaning(sharing: list[Instruction]) -> Meaning:
    spaces = [globals_of(i.function) | _unwritten(i) for i in sharing]
    names = (*_captured(sharing[0].function), *_unwritten(sharing[0]))
    meant = {name: tuple(_shown(space[name]) for space in spaces) for name in names}
    varying = {name: values for name, values in meant.items() if len(set(values)) > 1}
    users: dict[tuple[str, ...], list[str]] = {}
    for instruction, *values in zip(sharing, *varying.values(), strict=True):
        users.setdefault(tuple(values), []).append(instruction.mnemonic)
    return Meaning(
        source.body_text(sharing[0].function), tuple(i.mnemonic for i in sharing),
        {name: values[0] for name, values in meant.items() if name not in varying}, tuple(varying), users,
    )  # fmt: skip


def _unwritten(instruction: Instruction) -> dict[str, int]:
    """Operands that no line of assembly has, with the value that they take; bodies know what a factory counts by them."""
    written = {word for part in instruction.syntax for word in _WORD.findall(part)}
    return {
        operand.name: operand.kind.default or 0
        for operand in instruction.operands
        if isinstance(operand.kind, Immediate) and operand.name not in written
    }


def few(mnemonics: Sequence[str]) -> str:
    """Mnemonics as code; of many, the first."""
    shown = mnemonics if len(mnemonics) <= MOST_NAMED else mnemonics[:2]
    return ", ".join(f"`{name}`" for name in shown) + (f" and {len(mnemonics) - 2} more" if len(mnemonics) > MOST_NAMED else "")


def _captured(function: Callable[..., Any]) -> Iterator[str]:
    """Variables of the factory, and helpers that go by another name than their own."""
    yield from function.__code__.co_freevars
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, Helper | Procedure) and value.name != name:
            yield name


def _shown(value: object) -> str:
    return value.name if isinstance(value, Helper | Procedure | Memory) else str(value)


def _places(field: Field | None) -> str:
    pieces = sorted(field.pieces, reverse=True) if field else []
    return ", ".join(str(bit) if width == 1 else f"{bit + width - 1}:{bit}" for bit, width, _ in pieces)
