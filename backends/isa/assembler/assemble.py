"""Text to words.

One pass from top to bottom expands macros and repeats and encodes what it can; operands that mention labels further down are
encoded when the whole text is read. A line whose word depends on nothing but its text is encoded once and remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from backends.isa.architecture import Architecture
from backends.isa.assembler import blocks
from backends.isa.assembler.blocks import Block, Node
from backends.isa.assembler.data import Data
from backends.isa.assembler.diagnostics import Enough, Frame, Mistake, Place, Problem, near, quote
from backends.isa.assembler.directives import DIRECTIVES, Directives
from backends.isa.assembler.expansion import Expander
from backends.isa.assembler.expressions import Constant, Local, Name, Number, evaluate, parse
from backends.isa.assembler.expressions import Node as Expression
from backends.isa.assembler.lines import lead, split
from backends.isa.assembler.plans import AnySlot, ImmediateSlot, LiteralSlot, Plan, Plans, RegisterSlot
from backends.isa.assembler.symbols import NAME, Registers, Symbols, Unresolved
from backends.isa.dialect import ALONE, Link
from backends.isa.engine import Program
from harness.backend import Diagnostic

MOST_WORDS = 1 << 20
BUDGET = 1 << 27
"""Of `Expander`."""
_MOST_REMEMBERED = 1 << 17
_NOTHING = -1
_LABEL = re.compile(rf"\s*({NAME}|[0-9]+)\s*:")
_ASSIGNMENT = re.compile(rf"\s*({NAME})\s*=(?!=)")
_HEAD = re.compile(r"\s*(\S+)")


@dataclass(frozen=True)
class Assembly:
    """What became of a text."""

    program: Program | None
    """None if there are errors."""
    problems: tuple[Problem, ...] = ()
    """Errors, then warnings, in source order, with their causes."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The messages of the problems."""
        return tuple(problem.diagnostic for problem in self.problems)


def assemble(
    source: str, architecture: Architecture, *, strict: bool = True, compat: bool = False, link: Link = ALONE
) -> Assembly:
    """The program of a text, or everything that is wrong with it.

    ``strict`` makes errors of instructions that are not offered and of writes to registers that are always 0; otherwise they are
    warnings. ``compat`` accepts both and encodes as the other toolchain of the instruction set does. An instruction set with a
    dialect has its assembly (`backends.isa.gnu`), for which both mean nothing, and ``link`` the surroundings.
    """
    dialect = architecture.definition.dialect
    if dialect is not None:
        from backends.isa.gnu.assemble import assemble as assemble_gnu

        program, report = assemble_gnu(source, architecture, dialect, link)
        return Assembly(program, report.problems())
    return Assembler(architecture, strict, compat).run(source)


@dataclass(frozen=True)
class Fixup:
    """An operand, or a ``.word``, that waits for a label."""

    index: int
    node: Expression
    text: str
    column: int
    place: Place
    slot: ImmediateSlot | None
    """None for ``.word``."""
    mnemonic: str = ""


class Assembler(Expander):
    """Assembles one text."""

    def __init__(self, architecture: Architecture, strict: bool, compat: bool) -> None:
        super().__init__(architecture.definition.comments, BUDGET)
        self.registers = Registers(architecture.memories.values())
        self.symbols = Symbols(self.registers)
        self.data = Data(architecture.memories)
        self.word_bits = architecture.definition.word_bits
        self.words: list[int] = []
        self.lines: list[int] = []
        self.plans = Plans(architecture, self.registers, compat)
        self._severity = None if compat else self.report.error if strict else self.report.warning
        self._directives = Directives(self)
        self._fixups: list[Fixup] = []
        self._parsed: dict[tuple[str, bool], Expression] = {}
        self._known: dict[str, int] = {}
        self._ready: dict[str, Plan] = {}
        self._remembered, self._prepared = self._known, self._ready
        self._fixed = True

    def run(self, source: str) -> Assembly:
        """The whole text."""
        source = source.encode("utf-8", "replace").decode()
        try:
            lines = self._comments.blank(source, self.report).split("\n")
            nodes: list[Node] = list(enumerate(lines, 1))
            if "." in source:
                nodes = blocks.parse(lines, self.report)
            self.expand(nodes, None)
            self._finish()
        except Enough:
            pass
        images = self.data.images(self.report) if self.report.complete else ()
        problems = self.report.problems()
        if self.report.failed:
            return Assembly(None, problems)
        words, at = np.array(self.words, np.uint64), np.array(self.lines, np.int32)
        return Assembly(Program(words, at, source, dict(self.symbols.labels), images), problems)

    def expand(self, nodes: list[Node], frame: Frame | None) -> None:
        """Reads lines and blocks."""
        known, words, lines = self._remembered, self.words, self.lines
        for number, node in nodes:
            word = known.get(node) if isinstance(node, str) else None
            if word is None:
                word = self._statement(number, node, frame)
                known = self._remembered
            if word >= 0:
                words.append(word)
                lines.append(number)
        if len(words) > MOST_WORDS:
            self.report.fatal(self.place, Mistake("too_large", f"the program has more than {MOST_WORDS} words", "use loops"))

    def in_data(self, active: bool) -> None:
        """Between ``.data`` and ``.text`` no line is an instruction, however well known."""
        self._remembered, self._prepared = ({}, {}) if active else (self._known, self._ready)

    def _statement(self, number: int, node: str | Block, frame: Frame | None) -> int:
        """The word of a statement, or `_NOTHING` where it makes none or has added its own."""
        if isinstance(node, str):
            word = self._quick(node)
            if word is None and (code := self._comments.strip(node)) is not node:
                word = self._quick(code)
            if word is not None:
                return self._remember(node, word)
        self.symbols.here = len(self.words) if self.data.current is None else self.data.current.end
        try:
            if isinstance(node, Block):
                self.place = Place(number, node.branches[0].header, frame)
                self._directives.block(node, frame)
                return _NOTHING
            self.place = Place(number, node, frame)
            return self._line(node, frame)
        except Mistake as mistake:
            self.report.error(self.place, mistake)
            return _NOTHING

    def _quick(self, code: str) -> int | None:
        """The word of an instruction whose operands have all been seen before; None if that is not so."""
        parts = code.split(None, 1)
        plan = self._prepared.get(parts[0]) if len(parts) == 2 else None
        if plan is None:
            return None
        pieces = parts[1].split(",")
        if len(pieces) != len(plan.caches):
            return None
        try:
            word = plan.fixed
            for cache, piece in zip(plan.caches, pieces, strict=True):
                word |= cache[piece]
        except KeyError:
            return None
        return word

    def _remember(self, text: str, word: int) -> int:
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[text] = word
        return word

    def _line(self, text: str, frame: Frame | None) -> int:
        code, offset = self._comments.strip(text), 0
        while ":" in code and (match := _LABEL.match(code, offset)) is not None:
            offset = match.end()
            try:
                self.symbols.define_label(match[1], self.place.line, self.data.current is None)
            except Mistake as mistake:
                self.report.error(self.place, mistake.shifted(match.start(1)))
        head = _HEAD.match(code, offset)
        if head is None:
            return self._remember(text, _NOTHING) if offset == 0 else _NOTHING
        if "=" in code and (match := _ASSIGNMENT.match(code, offset)) is not None:
            value = self.value(code[match.end() :], match.end())
            try:
                self.symbols.define(match[1], value, self.place.line)
            except Mistake as mistake:
                raise mistake.shifted(match.start(1)) from None
            return _NOTHING
        name, rest, start = head[1], code[head.end() :], head.end()
        if name in self.macros:
            self._call(self.macros[name], split(rest, start), head.start(1), frame)
            return _NOTHING
        if name[0] in ".@" and name not in self.plans.known:
            if name not in DIRECTIVES and name != "@word":
                hint = near(name, [*DIRECTIVES, *blocks.CLOSERS], f"directives: {', '.join(DIRECTIVES)}")
                inner = "must begin its line" if name in blocks.CLOSERS else ""
                cause = f"{quote(name)} {inner}" if inner else f"unknown directive {quote(name)}"
                raise Mistake("unknown_directive", cause, hint if not inner else "put it on a line of its own", head.start(1))
            self._directives.run(name, split(rest, start), head.start(1))
            return _NOTHING
        word = self._instruction(name, head.start(1), split(rest, start))
        return self._remember(text, word) if self._fixed and offset == 0 else word

    def _instruction(self, name: str, column: int, pieces: list[tuple[str, int]]) -> int:
        """The word; 0 stands for one that has errors, so that labels after it keep their addresses."""
        self._fixed = False
        if self.data.current is not None:
            raise Mistake("directive", f"{quote(name)} in a .data part", "write '.text' before instructions", column)
        try:
            plan = self._plan(name, column)
            plan.check_count(len(pieces))
        except Mistake as mistake:
            self.report.error(self.place, mistake.shifted(0) if mistake.column is not None else mistake.shifted(column))
            return 0
        self._fixed = True
        word = plan.fixed
        for slot, (raw, start) in zip(plan.slots, pieces, strict=False):
            bits = slot.cache.get(raw)
            if bits is None:
                try:
                    bits = self._operand(plan, slot, raw, start)
                except Mistake as mistake:
                    self.report.error(self.place, mistake.shifted(start + lead(raw)))
                    self._fixed, bits = False, 0
            word |= bits
        missing = len(plan.slots) - len(pieces)
        for bits in plan.defaults[len(plan.defaults) - missing :] if missing > 0 else ():
            word |= bits
        return word

    def _plan(self, name: str, column: int) -> Plan:
        plan = self.plans.find(name)
        if plan.instruction.offered or self._severity is None:
            self._prepared[name] = plan
        else:
            text = f"{name} is not offered"
            self._severity(self.place, Mistake("not_offered", text, "the manual lists the instructions that are", column))
            self._fixed = False
        return plan

    def _operand(self, plan: Plan, slot: AnySlot, raw: str, start: int) -> int:
        """The bits of an operand; ``_fixed`` becomes False if they depend on more than its text."""
        text, mnemonic = raw.strip(), plan.instruction.mnemonic
        if isinstance(slot, LiteralSlot):
            bits = slot.bits(text, mnemonic)
        elif isinstance(slot, RegisterSlot):
            number = slot.number(text, mnemonic, self.registers)
            bits = slot.bits(number)
            if number == slot.zero and self._severity is not None:
                hint = f"choose another {slot.file} register"
                mistake = Mistake("zero_register", f"{text} is always 0 and cannot be written by {mnemonic}", hint)
                self._severity(self.place, mistake.shifted(start + lead(raw)))
                self._fixed = False
                return bits
        else:
            node = Constant(int(text)) if len(text) < 20 and text.isascii() and text.isdecimal() else self.expression(text)
            try:
                value = node.value if isinstance(node, Constant) else evaluate(node, self.symbols.now)
            except Unresolved:
                column = start + lead(raw)
                frozen = self.symbols.freeze(node)
                self._fixups.append(Fixup(len(self.words), frozen, text, column, self.place, slot, mnemonic))
                self._fixed = False
                return 0
            bits = slot.bits(value, text, len(self.words), mnemonic)
            if not isinstance(node, Constant) or slot.kind.relative:
                self._fixed = False
                return bits
        slot.remember(raw, bits)
        slot.remember(text, bits)  # the first operand of a line, and whoever writes no spaces
        return bits

    def expression(self, text: str, real: bool = False) -> Expression:
        """A parsed expression, remembered."""
        node = self._parsed.get((text, real))
        if node is None:
            node = parse(text, real)
            if len(self._parsed) < _MOST_REMEMBERED:
                self._parsed[text, real] = node
        return node

    def value(self, raw: str, start: int, real: bool = False) -> Number:
        """The value of an expression that must be known here. `Mistake` with its column in the line."""
        try:
            node = self.expression(raw.strip(), real)
            try:
                return evaluate(node, self.symbols.now, real)
            except Unresolved:
                return evaluate(self.symbols.freeze(node), self._missing, real)
        except Mistake as mistake:
            raise mistake.shifted(start + lead(raw)) from None

    def _missing(self, node: Name | Local) -> Number:
        mistake = self.symbols.undefined(node)
        raise Mistake(mistake.cause, f"{mistake.message}; its value must be known here", mistake.hint, mistake.column)

    def integer(self, raw: str, start: int, what: str) -> int:
        """An integer that must be known here."""
        value = self.value(raw, start)
        if isinstance(value, float):
            raise Mistake("directive", f"{what} is {value!r}", "write an integer", start + lead(raw))
        return value

    def word(self, raw: str, start: int) -> None:
        """Adds a word of the program, as ``.word`` does."""
        text, column = raw.strip(), start + lead(raw)
        try:
            node = self.expression(text)
            try:
                bits = self._word_bits(evaluate(node, self.symbols.now), text)
            except Unresolved:
                self._fixups.append(Fixup(len(self.words), self.symbols.freeze(node), text, column, self.place, None))
                bits = 0
        except Mistake as mistake:
            self.report.error(self.place, mistake.shifted(column))
            bits = 0
        self.words.append(bits)
        self.lines.append(self.place.line)
        self.symbols.here = len(self.words)

    def _word_bits(self, value: Number, text: str) -> int:
        bits = self.word_bits
        if isinstance(value, float) or not -(1 << bits - 1) <= value < 1 << bits:
            raise Mistake("immediate_range", f"{quote(text)} is not a word of {bits} bits", f"0 to {(1 << bits) - 1:#x}")
        return value & (1 << bits) - 1

    def _call(self, macro: blocks.Macro, pieces: list[tuple[str, int]], column: int, frame: Frame | None) -> None:
        arguments: dict[str, str] = {name: text for name, text in macro.parameters.items() if text is not None}
        names, takes = list(macro.parameters), f"{macro.name} {', '.join(macro.parameters)}".rstrip()
        if len(pieces) > len(names):
            plural = "s" * (len(names) != 1)
            raise Mistake("operand_count", f"macro {quote(macro.name)} takes {len(names)} argument{plural}, not {len(pieces)}",
                          f"defined at line {macro.line}: {takes}", column)  # fmt: skip
        for name, (raw, start) in zip(names, pieces, strict=False):
            key, equals, text = raw.partition("=")
            if equals and key.strip() in macro.parameters and not text.startswith("="):
                arguments[key.strip()] = text.strip()
            elif raw.strip():
                arguments[name] = raw.strip()
            elif name not in arguments:
                raise Mistake("operand_count", f"argument {name!r} of macro {quote(macro.name)} is empty", takes, start)
        missing = [name for name in names if name not in arguments]
        if missing:
            raise Mistake("operand_count", f"macro {quote(macro.name)} lacks {', '.join(map(quote, missing[:5]))}",
                          f"defined at line {macro.line}: {takes}", column)  # fmt: skip
        self.call(macro, arguments, frame)

    def _finish(self) -> None:
        """Encodes what waited for labels."""
        for fixup in self._fixups:
            try:
                value = evaluate(fixup.node, self.symbols.finally_)
                if fixup.slot is None:
                    bits = self._word_bits(value, fixup.text)
                else:
                    bits = fixup.slot.bits(value, fixup.text, fixup.index, fixup.mnemonic)
            except Mistake as mistake:
                self.report.error(fixup.place, mistake.shifted(fixup.column))
            else:
                self.words[fixup.index] |= bits
