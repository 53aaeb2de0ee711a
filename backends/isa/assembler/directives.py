"""What lines that start with a dot do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from backends.isa.assembler.blocks import Block, Macro, check_parameters
from backends.isa.assembler.diagnostics import Frame, Mistake, quote
from backends.isa.assembler.expansion import Pieces, check_count
from backends.isa.assembler.expressions import Number
from backends.isa.assembler.lines import lead
from backends.isa.assembler.symbols import NAME
from backends.isa.dtypes import DTYPES

if TYPE_CHECKING:
    from backends.isa.assembler.assemble import Assembler

DIRECTIVES = (".equ", ".set", ".word", ".data", ".text", ".float", ".zero", ".fill", *(f".{name}" for name in DTYPES))
"""Directives of one line; `blocks.CLOSERS` are those of several. ``@word`` is another spelling of ``.word``."""
_NAME = re.compile(NAME + r"\Z")


class Directives:
    """The directives of one text that is being assembled."""

    def __init__(self, assembler: Assembler) -> None:
        self._assembler = assembler
        self._single: dict[str, Callable[[Pieces, int], None]] = {
            ".equ": self._equ, ".set": self._equ, ".word": self._word, "@word": self._word, ".data": self._data,
            ".text": self._text, ".zero": self._zero, ".fill": self._fill,
        }  # fmt: skip
        self._blocks: dict[str, Callable[[Block, Frame | None], None]] = {
            ".macro": self._macro, ".rept": self._rept, ".for": self._for, ".if": self._if,
        }  # fmt: skip

    def run(self, name: str, pieces: Pieces, column: int) -> None:
        """A directive of one line. `Mistake` if it is wrong."""
        if name in self._single:
            self._single[name](pieces, column)
        else:
            self._values(name, pieces, column)

    def block(self, block: Block, frame: Frame | None) -> None:
        """A directive of several lines. `Mistake` if its first line is wrong."""
        self._blocks[block.opener](block, frame)

    def _equ(self, pieces: Pieces, column: int) -> None:
        check_count(".equ NAME, value", pieces, 2, 2, column)
        name, start = _name(pieces[0], "a name")
        value = self._assembler.value(*pieces[1])
        try:
            self._assembler.symbols.define(name, value, self._assembler.place.line)
        except Mistake as mistake:
            raise mistake.shifted(start) from None

    def _word(self, pieces: Pieces, column: int) -> None:
        check_count(".word value, ...", pieces, 1, None, column)
        if self._assembler.data.current is not None:
            raise Mistake("directive", "'.word' in a .data part", "write .u32, or '.text' before it", column)
        for raw, start in pieces:
            self._assembler.word(raw, start)

    def _data(self, pieces: Pieces, column: int) -> None:
        check_count(".data MEMORY, address", pieces, 1, 2, column)
        assembler = self._assembler
        start = assembler.integer(*pieces[1], "the address") if len(pieces) == 2 else None
        assembler.in_data(True)
        try:
            assembler.data.open(pieces[0][0].strip(), start, assembler.place)
        except Mistake as mistake:
            raise mistake.shifted(pieces[0][1] + lead(pieces[0][0])) from None

    def _text(self, pieces: Pieces, column: int) -> None:
        check_count(".text", pieces, 0, 0, column)
        self._assembler.data.current, self._assembler.data.refused = None, False
        self._assembler.in_data(False)

    def _zero(self, pieces: Pieces, column: int) -> None:
        check_count(".zero count", pieces, 1, 1, column)
        self._repeat(pieces[0], 0, column, ".zero")

    def _fill(self, pieces: Pieces, column: int) -> None:
        check_count(".fill count, value", pieces, 2, 2, column)
        part = self._assembler.data.current
        real = part is not None and part.memory.dtype.is_float
        self._repeat(pieces[0], self._assembler.value(*pieces[1], real), column, ".fill")

    def _repeat(self, count: tuple[str, int], number: Number, column: int, directive: str) -> None:
        assembler = self._assembler
        part = assembler.data.current
        if part is None:
            if assembler.data.refused:
                return
            raise _outside(directive, column)
        elements = self._assembler.integer(*count, "the count")
        try:
            self._assembler.data.fill(part, elements, number)
        except Mistake as mistake:
            raise Mistake(mistake.cause, mistake.message, mistake.hint, count[1] + lead(count[0])) from None

    def _values(self, directive: str, pieces: Pieces, column: int) -> None:
        check_count(f"{directive} value, ...", pieces, 1, None, column)
        assembler = self._assembler
        part = assembler.data.current
        if part is None:
            if assembler.data.refused:
                return
            raise _outside(directive, column)
        real = directive == ".float" or DTYPES[directive[1:]].is_float
        numbers = [assembler.value(raw, start, real) for raw, start in pieces]
        try:
            assembler.data.values(part, directive, numbers)
        except Mistake as mistake:
            where = column if mistake.column is None else pieces[mistake.column][1] + lead(pieces[mistake.column][0])
            raise Mistake(mistake.cause, mistake.message, mistake.hint, where) from None

    def _rept(self, block: Block, frame: Frame | None) -> None:
        pieces, column = self._assembler.header(block.branches[0].header)
        check_count(".rept count", pieces, 1, 1, column)
        count = self._assembler.integer(*pieces[0], "the count")
        if count < 0:
            raise Mistake("directive", f"the count is {count}", "0 or more", pieces[0][1])
        self._assembler.repeat(block, count, frame)

    def _for(self, block: Block, frame: Frame | None) -> None:
        branch, assembler = block.branches[0], self._assembler
        pieces, column = self._assembler.header(branch.header)
        check_count(".for NAME, start, stop, step", pieces, 3, 4, column)
        name, at = _name(pieces[0], "a name")
        start, stop = assembler.integer(*pieces[1], "the start"), assembler.integer(*pieces[2], "the stop")
        step = assembler.integer(*pieces[3], "the step") if len(pieces) == 4 else 1
        if step == 0:
            raise Mistake("directive", "the step is 0", "1, or another number that is not 0", pieces[3][1])
        try:
            assembler.symbols.check_name(name)
        except Mistake as mistake:
            raise mistake.shifted(at) from None
        assembler.affords(max(0, -((start - stop) // step)), branch.cost)
        values = assembler.symbols.values
        before = values.get(name)
        for value in range(start, stop, step):
            values[name] = value
            assembler.body(branch.body, frame, branch.cost)
        values.pop(name, None)
        if before is not None:
            values[name] = before

    def _if(self, block: Block, frame: Frame | None) -> None:
        for branch in block.branches:
            pieces, column = self._assembler.header(branch.header)
            word = branch.header.split(None, 1)[0]
            if word == ".else":
                check_count(".else", pieces, 0, 0, column)
            else:
                check_count(f"{word} condition", pieces, 1, 1, column)
            if word == ".else" or self._assembler.value(*pieces[0]):
                self._assembler.body(branch.body, frame, branch.cost)
                return

    def _macro(self, block: Block, frame: Frame | None) -> None:
        branch, assembler = block.branches[0], self._assembler
        pieces, column = self._assembler.header(branch.header)
        if not pieces:
            raise Mistake("macro", "a macro without a name", ".macro NAME a, b=default", column)
        words = pieces[0][0].split(None, 1)
        name, start = words[0] if words else "", pieces[0][1]
        if not _NAME.match(name):
            raise Mistake("macro", f"{quote(name)} is not a name", "letters, digits and _", start)
        if name in assembler.plans.known or name in DIRECTIVES:
            raise Mistake("reserved_name", f"{quote(name)} is an instruction or a directive", "choose another name", start)
        if name in assembler.macros:
            text = f"macro {quote(name)} is defined twice; first at line {assembler.macros[name].line}"
            raise Mistake("duplicate_symbol", text, "choose another name", start)
        parameters: dict[str, str | None] = {}
        first_parameter = [(words[1], start)] if len(words) == 2 else []
        for raw, at in first_parameter + pieces[1:]:
            key, equals, default = raw.partition("=")
            parameter = key.strip()
            if not parameter.isidentifier() or parameter in parameters:
                what = f"parameter {quote(parameter)} twice" if parameter in parameters else f"{quote(parameter)} is not a name"
                raise Mistake("macro", what, ".macro NAME a, b=default", at)
            parameters[parameter] = default.strip() if equals else None
        macro = Macro(name, branch.line, parameters, branch.body, branch.cost)
        assembler.macros[name] = macro
        check_parameters(macro, assembler.report)


def _name(piece: tuple[str, int], what: str) -> tuple[str, int]:
    name, start = piece[0].strip(), piece[1] + lead(piece[0])
    if not _NAME.match(name):
        raise Mistake("directive", f"{quote(name)} is not {what}", "letters, digits and _, not first a digit", start)
    return name, start


def _outside(directive: str, column: int) -> Mistake:
    return Mistake("directive", f"{directive!r} outside a .data part", "write '.data MEMORY, address' before it", column)
