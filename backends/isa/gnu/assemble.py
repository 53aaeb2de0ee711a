"""GNU assembly to words and bytes.

A text is read once, or twice where a section's address depends on the size of another. Instructions and values become bytes
at the end, when every symbol is known; what a pseudo-instruction expands to is decided when its line is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from backends.isa.architecture import Architecture
from backends.isa.assembler import blocks
from backends.isa.assembler.blocks import Block, Node
from backends.isa.assembler.diagnostics import Enough, Frame, Mistake, Place, Reporter, near, quote
from backends.isa.assembler.expansion import Expander
from backends.isa.assembler.expressions import Local, Name, Number, Operation, evaluate, parse
from backends.isa.assembler.expressions import Node as Expression
from backends.isa.assembler.lines import lead, split
from backends.isa.assembler.symbols import NAME, Registers, Symbols, Unresolved
from backends.isa.dialect import Dialect, Link, Pseudo
from backends.isa.engine import Image, Program
from backends.isa.gnu.directives import DIRECTIVES, IGNORED, Directives
from backends.isa.gnu.forms import Forms, Piece, word_of
from backends.isa.gnu.sections import Sections, Waiting

BUDGET = 1 << 26
"""Of `Expander`."""
_LABEL = re.compile(rf"\s*({NAME}|[0-9]+)\s*:")
_ASSIGNMENT = re.compile(rf"\s*({NAME})\s*=(?!=)")
_HEAD = re.compile(r"\s*(\S+)")
_RELOCATION = re.compile(r"%(\w+)\s*\((.*)\)\s*\Z", re.DOTALL)
_RELOCATIONS = ("hi", "lo", "pcrel_hi", "pcrel_lo", "pcrel_lo_before")
_WORD = re.compile(r"[A-Za-z_]\w*")


def assemble(source: str, architecture: Architecture, dialect: Dialect, link: Link) -> tuple[Program | None, Reporter]:
    """The program of a text, or None and what is wrong with it."""
    text = source.encode("utf-8", "replace").decode()
    first = Assembler(architecture, dialect, {}, link)
    program = first.run(text)
    if program is None or not first.moves:
        return program, first.report
    second = Assembler(architecture, dialect, first.sections.sizes(), link)
    return second.run(text), second.report


class Assembler(Expander):
    """One reading of a text."""

    def __init__(self, architecture: Architecture, dialect: Dialect, sizes: dict[str, int], link: Link) -> None:
        super().__init__(architecture.definition.comments, BUDGET)
        self.sections = Sections(dialect, architecture, sizes, link)
        self.symbols = Symbols(Registers(()))
        self.symbols.give(link.symbols)
        self.forms = Forms(architecture, dialect)
        self._architecture, self._dialect = architecture, dialect
        self._directives = Directives(self)
        self._waiting: list[Waiting] = []
        self._high: dict[int, int] = {}
        """What ``%pcrel_hi`` stands for, by the address of its instruction."""
        self.filler = dialect.nop.to_bytes(4, "little")
        """What fills gaps between instructions."""
        self.moves = False
        """Whether a section has something whose address depends on the size of another."""

    def run(self, source: str) -> Program | None:
        """The whole text; None if there are errors."""
        try:
            lines = self._comments.blank(source, self.report).split("\n")
            self.expand(blocks.parse(lines, self.report), None)
            self._finish()
        except Enough:
            pass
        self.moves = any(len(s.content) and s.base >= 1 << 47 for s in self.sections)
        return None if self.report.failed else self._program(source)

    def expand(self, nodes: list[Node], frame: Frame | None) -> None:
        """Reads lines and blocks."""
        for number, node in nodes:
            try:
                if isinstance(node, Block):
                    self.place = Place(number, node.branches[0].header, frame)
                    self._directives.block(node, frame)
                else:
                    self.place = Place(number, node, frame)
                    self._line(node, frame)
            except Mistake as mistake:
                self.report.error(self.place, mistake)

    def strip(self, line: str) -> str:
        """The line without its comment; one in quotes is none."""
        if '"' not in line:
            return super().strip(line)
        quoted = re.match(r'(?:[^"#]|"(?:\\.|[^"\\])*")*', line)
        return quoted[0] if quoted else line

    # Lines

    def _line(self, text: str, frame: Frame | None) -> None:
        code = self.strip(text)
        offset = 0
        for part in code.split(";") if '"' not in code else [code]:
            self._statement(" " * offset + part, frame)
            offset += len(part) + 1

    def _statement(self, code: str, frame: Frame | None) -> None:
        self.symbols.here = self.sections.current.end
        offset = 0
        while ":" in code and (match := _LABEL.match(code, offset)) is not None:
            offset = match.end()
            try:
                in_program = self.sections.current is self.sections.code
                self.symbols.define_label(match[1], self.place.line, in_program)
            except Mistake as mistake:
                self.report.error(self.place, mistake.shifted(match.start(1)))
        head = _HEAD.match(code, offset)
        if head is None:
            return
        if "=" in code and (match := _ASSIGNMENT.match(code, offset)) is not None:
            self.symbols.define(match[1], self.value((code[match.end() :], match.end())), self.place.line)
            return
        name, pieces, column = head[1], split(code[head.end() :], head.end()), head.start(1)
        if name in self.macros:
            self._call(self.macros[name], pieces, column, frame)
        elif name in DIRECTIVES:
            self._directives.run(name, pieces, column)
        elif name in IGNORED:
            return
        elif name[0] == "." and not self.forms.knows(name):
            raise Mistake("unknown_directive", f"unknown directive {quote(name)}",
                          near(name, [*DIRECTIVES, *blocks.CLOSERS], f"directives: {', '.join(DIRECTIVES)}"), column)  # fmt: skip
        else:
            self._instruction(name, column, pieces)

    def _instruction(self, name: str, column: int, pieces: list[Piece]) -> None:
        if self.sections.current is not self.sections.code:
            raise Mistake(
                "directive", f"{quote(name)} in section {self.sections.current.name}", "write '.text' before it", column
            )
        try:
            found = self.forms.find(name, pieces)
        except Mistake as mistake:
            self._add_word(lambda: 0)
            raise mistake if mistake.column is not None else mistake.shifted(column) from None
        if isinstance(found, Pseudo):
            self._expand_pseudo(found, pieces)
            return
        form, values = found
        here = self.symbols.here
        texts = {value: self._operand(value, here) for value in values.values() if not isinstance(value, int)}
        self._add_word(lambda: word_of(form, values, here, lambda piece: texts[piece]()))

    def _add_word(self, make: Callable[[], int]) -> None:
        size = self._architecture.definition.word_bits // 8
        self.wait(size, lambda: make().to_bytes(size, "little"))

    def wait(self, size: int, make: Callable[[], bytes]) -> None:
        """Room for bytes that are made at the end."""
        section = self.sections.current
        self._waiting.append(Waiting(section, len(section.content), self.place, make))
        self.sections.add(bytes(size), self.place.line)
        self.symbols.here = section.end

    def _expand_pseudo(self, pseudo: Pseudo, pieces: list[Piece]) -> None:
        texts = dict(zip(pseudo.operands, (raw.strip() for raw, _ in pieces), strict=True))
        place = self.place

        def filled(text: str) -> str:
            return _WORD.sub(lambda match: texts.get(match[0], match[0]), text)

        column = pieces[-1][1] + lead(pieces[-1][0]) if pieces else 0
        for condition, expansion in pseudo.expansions:
            try:
                holds = not condition or self.value((filled(condition), 0))
            except Mistake as mistake:
                raise Mistake(mistake.cause, mistake.message, mistake.hint, column) from None
            if holds:
                for line in filled(expansion).split(";"):
                    name, _, rest = line.strip().partition(" ")
                    self._instruction(name, column, [(raw, column - lead(raw)) for raw, _ in split(rest, 0)])
                self.place = place
                return
        raise Mistake("operand_count", f"{pseudo.mnemonic} has no form for these operands", f"syntax: {pseudo.form}")

    def _call(self, macro: blocks.Macro, pieces: list[Piece], column: int, frame: Frame | None) -> None:
        arguments = {name: text for name, text in macro.parameters.items() if text is not None}
        if len(pieces) > len(macro.parameters):
            takes = f"takes {len(macro.parameters)} arguments, not {len(pieces)}"
            raise Mistake("operand_count", f"macro {quote(macro.name)} {takes}",
                          f"defined at line {macro.line}", column)  # fmt: skip
        arguments |= {name: raw.strip() for name, (raw, _) in zip(macro.parameters, pieces, strict=False) if raw.strip()}
        missing = [name for name in macro.parameters if name not in arguments]
        if missing:
            raise Mistake("operand_count", f"macro {quote(macro.name)} lacks {', '.join(missing)}", "", column)
        self.call(macro, arguments, frame)

    # Values

    def value(self, piece: Piece, real: bool = False) -> Number:
        """The value of an expression that must be known here. `Mistake` with its column in the line."""
        node = self._parsed(piece, real)
        try:
            return evaluate(node, self.symbols.now, real)
        except Unresolved:
            missing = next((name for name in _names(node) if name not in self.symbols.values), "it")
            text = f"{quote(missing)} must be known here; it is not defined above"
            raise Mistake("undefined_symbol", text, "define it above", piece[1] + lead(piece[0])) from None

    def integer(self, piece: Piece, what: str) -> int:
        """An integer that must be known here."""
        value = self.value(piece)
        if isinstance(value, float):
            raise Mistake("directive", f"{what} is {value!r}", "write an integer", piece[1] + lead(piece[0]))
        return value

    def later(self, piece: Piece, real: bool = False) -> Callable[[], Number]:
        """The value of an expression when all symbols are known, as a function."""
        node = self.symbols.freeze(self._parsed(piece, real))
        return partial(self._at_end, node, piece, real)

    def _at_end(self, node: Expression, piece: Piece, real: bool) -> Number:
        try:
            return evaluate(node, self.symbols.finally_, real)
        except Mistake as mistake:
            raise mistake.shifted(piece[1] + lead(piece[0])) from None

    def _parsed(self, piece: Piece, real: bool = False) -> Expression:
        try:
            return parse(piece[0].strip(), real)
        except Mistake as mistake:
            raise mistake.shifted(piece[1] + lead(piece[0])) from None

    def _operand(self, piece: Piece, here: int) -> Callable[[], Number]:
        """The value of an operand, which may be ``%lo(symbol)``, when all symbols are known, as a function."""
        match = _RELOCATION.match(piece[0])
        if match is None:
            return self.later(piece)
        if match[1] not in _RELOCATIONS:
            raise Mistake("expression", f"'%{match[1]}' is not understood", "%hi, %lo, %pcrel_hi and %pcrel_lo are", piece[1])
        return partial(self._relocated, match[1], self.later((match[2], piece[1] + match.start(2))), here)

    def _relocated(self, relocation: str, later: Callable[[], Number], here: int) -> Number:
        value = later()
        if isinstance(value, float):
            return value
        if relocation == "pcrel_lo":
            if value not in self._high:
                raise Mistake("expression", f"there is no '%pcrel_hi' at {value:#x}", "name the label of its auipc")
            value = self._high[value] - value
        elif relocation == "pcrel_hi":
            self._high[here] = value
            value -= here
        elif relocation == "pcrel_lo_before":
            value -= here - 4
        if relocation.endswith("hi"):
            return (value + 0x800 >> 12) & 0xFFFFF
        return (value + 0x800 & 0xFFF) - 0x800

    # The end

    def _finish(self) -> None:
        for waiting in self._waiting:
            try:
                made = waiting.make()
            except Mistake as mistake:
                self.report.error(waiting.place, mistake)
            else:
                waiting.section.content[waiting.offset : waiting.offset + len(made)] = made

    def _program(self, source: str) -> Program:
        size, code = self._architecture.definition.word_bits // 8, self.sections.code
        content = bytes(code.content) + bytes(-len(code.content) % size)
        words = np.frombuffer(content, f"<u{size}").astype(np.uint64)
        lines = np.zeros(len(words), np.int32)
        for offset, line in code.lines.items():
            if offset // size < len(lines):
                lines[offset // size] = line
        symbols = {name: int(value) for name, value in self.symbols.values.items() if isinstance(value, int)}
        labels = {name: (at - code.base) // size for name, at in self.symbols.labels.items() if at % size == 0}
        images = tuple(
            Image(self._dialect.memory, s.base, np.frombuffer(bytes(s.content), np.uint8))
            for s in self.sections
            if s.content and s.base < 1 << 47
        )
        return Program(words, lines, source, labels, images, symbols, labels.get(self._dialect.entry, 0))


def _names(node: Expression) -> Iterator[str]:
    """What an expression mentions."""
    match node:
        case Name(name=name):
            yield name
        case Local(number=number, forward=forward):
            yield f"{number}{'f' if forward else 'b'}"
        case Operation(arguments=arguments):
            for part in arguments:
                yield from _names(part)
