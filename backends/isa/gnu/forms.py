"""Instructions of GNU assembly: which instruction a line is, and its word."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backends.isa.architecture import Architecture, BoundOperand, Instruction
from backends.isa.assembler.diagnostics import Mistake, near, quote
from backends.isa.assembler.expressions import Number
from backends.isa.assembler.lines import lead
from backends.isa.definition import Immediate
from backends.isa.dialect import Dialect, Pseudo

Piece = tuple[str, int]
"""The text of an operand and its column."""
_INDIRECT = re.compile(r"(.*)\(\s*([\w$.]+)\s*\)\s*\Z", re.DOTALL)
_PART = re.compile(r"(\w+)\((\w+)\)\Z")


@dataclass(frozen=True)
class Form:
    """One instruction as it is written."""

    instruction: Instruction
    parts: tuple[tuple[str, ...], ...]
    """Operands between commas: one name or literal text, or two names where the syntax has ``imm(rs1)``."""
    least: int
    """Operands that must be written."""

    @property
    def syntax(self) -> str:
        """For messages."""
        return f"{self.instruction.mnemonic} {', '.join(self.instruction.syntax)}".rstrip()


Values = Mapping[str, int | Piece]
"""Operands of a line: numbers, or texts of expressions that are evaluated at the end."""


class Forms:
    """The instructions and pseudo-instructions of an architecture with a dialect."""

    def __init__(self, architecture: Architecture, dialect: Dialect) -> None:
        self._architecture = architecture
        self._forms = {i.mnemonic: _form(i) for i in architecture.instructions if i.offered}
        self._pseudos: dict[tuple[str, int], Pseudo] = {(p.mnemonic, len(p.operands)): p for p in dialect.pseudos}
        self._names = {p.mnemonic for p in dialect.pseudos}
        self._registers = dict(dialect.registers)
        for memory in architecture.memories.values():
            if memory.is_registers and not memory.single:
                self._registers |= {f"{memory.name}{n}": (memory.name, n) for n in range(memory.size // memory.lanes)}

    def knows(self, mnemonic: str) -> bool:
        """Whether there is an instruction or pseudo-instruction of that name."""
        return mnemonic in self._forms or mnemonic in self._names

    def find(self, mnemonic: str, pieces: list[Piece]) -> tuple[Form, Values] | Pseudo:
        """What a line is. `Mistake` says what is wrong with it."""
        form, pseudo = self._forms.get(mnemonic), self._pseudos.get((mnemonic, len(pieces)))
        if form is None and pseudo is None:
            raise self._unknown(mnemonic, len(pieces))
        if form is None:
            assert pseudo is not None
            return pseudo
        try:
            return form, self._values(form, pieces)
        except Mistake:
            # `add a0, a1, 5` is short for `addi`; one with a register at its end is meant to be itself, unless it has more
            # operands, as `sw a0, symbol, t0` has.
            if pseudo is not None and (pieces[-1][0].strip() not in self._registers or len(pieces) > len(form.parts)):
                return pseudo
            raise

    def _unknown(self, mnemonic: str, count: int) -> Mistake:
        counts = sorted(number for name, number in self._pseudos if name == mnemonic)
        if counts:
            takes = " or ".join(map(str, counts))
            forms = " or ".join(p.form for p in self._pseudos.values() if p.mnemonic == mnemonic)
            return Mistake("operand_count", f"{mnemonic} takes {takes} operands, not {count}",
                           f"syntax: {forms}")  # fmt: skip
        known = [*self._forms, *sorted(self._names)]
        return Mistake("unknown_mnemonic", f"unknown mnemonic {quote(mnemonic)}", near(mnemonic, known, "see the manual"))

    def _values(self, form: Form, pieces: list[Piece]) -> Values:
        if not form.least <= len(pieces) <= len(form.parts):
            most = len(form.parts)
            takes = f"{most}" if most == form.least else f"{form.least} to {most}"
            raise Mistake("operand_count", f"{form.instruction.mnemonic} takes {takes} operand{'s' * (takes != '1')}, "
                          f"not {len(pieces)}", f"syntax: {form.syntax}")  # fmt: skip
        operands = {operand.name: operand for operand in form.instruction.operands}
        values: dict[str, int | Piece] = {}
        for part, (raw, start) in zip(form.parts, pieces, strict=False):
            text, column = raw.strip(), start + lead(raw)
            if len(part) == 2:
                match = _INDIRECT.match(text)
                if match is None:
                    raise Mistake("syntax", f"{quote(text)} is no address", f"write 8(a0); syntax: {form.syntax}", column)
                values[part[0]] = (match[1].strip() or "0", column)
                values[part[1]] = self._register(operands[part[1]], match[2], column + match.start(2), form)
            elif part[0] not in operands:
                _literal(part[0], text, column, form)
            else:
                values[part[0]] = self._operand(operands[part[0]], text, column, form)
        return values

    def _operand(self, operand: BoundOperand, text: str, column: int, form: Form) -> int | Piece:
        if operand.file:
            return self._register(operand, text, column, form)
        kind = operand.kind
        assert isinstance(kind, Immediate)
        names = dict(kind.names)
        if text in names:
            return names[text]
        bare = _INDIRECT.match(text)  # the offset of an address that is always 0: (a0), 0(a0)
        if kind.named or not text or (text[0] == "(" and bare is not None and bare[2] in self._registers):
            hint = near(text, names, f"one of {', '.join(names)}" if names else f"syntax: {form.syntax}")
            raise Mistake("operand_literal", f"{quote(text)} is no value of operand {operand.name!r} of "
                          f"{form.instruction.mnemonic}", hint, column)  # fmt: skip
        if text in self._registers:
            raise Mistake("register_class", f"{quote(text)} is a register; operand {operand.name!r} of "
                          f"{form.instruction.mnemonic} is a number", f"syntax: {form.syntax}", column)  # fmt: skip
        return text, column

    def _register(self, operand: BoundOperand, text: str, column: int, form: Form) -> int:
        if text.startswith("(") and text.endswith(")"):
            text = text[1:-1].strip()
        found = self._registers.get(text)
        if found is None or found[0] != operand.file:
            legal = f"{operand.file}0 to {operand.file}{operand.count - 1}"
            what = "is no register" if found is None else "is of the wrong class"
            files = [name for name, (file, _) in self._registers.items() if file == operand.file]
            raise Mistake("register_class", f"{quote(text)} {what}; operand {operand.name!r} of "
                          f"{form.instruction.mnemonic} is one of {legal}", near(text, files, f"syntax: {form.syntax}"),
                          column)  # fmt: skip
        return found[1]


def word_of(form: Form, values: Values, here: int, evaluate: Callable[[Piece], Number]) -> int:
    """The word of an instruction at an address. `Mistake` if a number does not fit."""
    word = sum(field.insert(value) for field, value in form.instruction.encoding.fixed)
    for operand in form.instruction.operands:
        field = form.instruction.encoding.operands.get(operand.name)
        if field is None:
            continue
        value = values.get(operand.name)
        if value is None:
            assert isinstance(operand.kind, Immediate)
            word |= field.insert((operand.kind.default or 0) // operand.kind.scale)
        elif isinstance(value, int):
            word |= field.insert(value)
        else:
            word |= field.insert(_stored(operand, value, here, evaluate(value), form))
    return word


def _stored(operand: BoundOperand, piece: Piece, here: int, value: Number, form: Form) -> int:
    kind, mnemonic = operand.kind, form.instruction.mnemonic
    assert isinstance(kind, Immediate)
    text, column = piece
    shown = str(value) if text == str(value) else f"{quote(text)} = {value}"
    if isinstance(value, float):
        raise Mistake("immediate_range", f"{shown} is no integer; operand {operand.name!r} of {mnemonic} is", "", column)
    stored = value - here if kind.distance else value
    what = f"operand {operand.name!r} of {mnemonic}"
    if kind.distance:
        shown, what = f"{shown} is {stored} bytes away, which", f"the distance of {mnemonic}"
    if not operand.low <= stored <= operand.high:
        hint = "jump over a shorter distance" if kind.distance else f"write a value from {operand.low} to {operand.high}"
        raise Mistake("immediate_range", f"{shown} is out of range: {what} is {operand.low} to {operand.high}", hint, column)
    if stored % kind.scale:
        raise Mistake("immediate_multiple", f"{shown} is no multiple of {kind.scale}, which {what} must be", "", column)
    return stored // kind.scale


def _literal(wanted: str, text: str, column: int, form: Form) -> None:
    if text != wanted:
        raise Mistake("operand_literal", f"{quote(text)} where {form.instruction.mnemonic} has a fixed {wanted!r}",
                      f"syntax: {form.syntax}", column)  # fmt: skip


def _form(instruction: Instruction) -> Form:
    parts: list[tuple[str, ...]] = []
    for text in instruction.syntax:
        match = _PART.match(text)
        parts.append((match[1], match[2]) if match else (text.strip("()"),))
    least = len(parts)
    operands = {operand.name: operand for operand in instruction.operands}
    while least:
        operand = operands.get(parts[least - 1][-1])
        if operand is None or not isinstance(operand.kind, Immediate) or operand.kind.default is None:
            break
        least -= 1
    return Form(instruction, tuple(parts), least)
