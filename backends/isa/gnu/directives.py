"""What lines that start with a dot do in GNU assembly."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from backends.isa.assembler.blocks import Block, Macro, check_parameters
from backends.isa.assembler.diagnostics import Frame, Mistake, quote
from backends.isa.assembler.expansion import Pieces, check_count
from backends.isa.assembler.expressions import Number
from backends.isa.assembler.lines import lead
from backends.isa.assembler.symbols import NAME

if TYPE_CHECKING:
    from backends.isa.gnu.assemble import Assembler

SIZES = {
    ".byte": 1, ".half": 2, ".short": 2, ".2byte": 2, ".hword": 2, ".word": 4, ".long": 4, ".4byte": 4, ".int": 4,
    ".dword": 8, ".quad": 8, ".8byte": 8,
}  # fmt: skip
"""Bytes of a value."""
FLOATS = {".float": "<f", ".single": "<f", ".double": "<d"}
IGNORED = frozenset(
    [
        ".globl",
        ".global",
        ".local",
        ".weak",
        ".type",
        ".size",
        ".option",
        ".attribute",
        ".file",
        ".ident",
        ".loc",
        ".cfi_startproc",
        ".cfi_endproc",
        ".hidden",
        ".p2alignl",
    ]
)
"""What says nothing that matters here."""
DIRECTIVES = (
    ".text", ".data", ".bss", ".section", ".equ", ".set", ".align", ".p2align", ".balign", ".zero", ".space", ".skip", ".fill",
    ".ascii", ".asciz", ".string", ".comm", *SIZES, *FLOATS,
)  # fmt: skip
"""Directives of one line."""
MOST_ALIGN = 1 << 16
_NAME = re.compile(NAME + r"\Z")
_STRING = re.compile(r'\s*"((?:\\.|[^"\\])*)"\s*\Z')
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]+|[0-7]{1,3}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", '"': '"'}


class Directives:
    """The directives of one text."""

    def __init__(self, assembler: Assembler) -> None:
        self._assembler = assembler
        self._single: dict[str, Callable[[Pieces, int, str], None]] = {
            ".section": self._section, ".equ": self._equ, ".set": self._equ, ".fill": self._fill, ".comm": self._comm,
            **dict.fromkeys((".text", ".data", ".bss"), self._open),
            **dict.fromkeys((".align", ".p2align", ".balign"), self._align),
            **dict.fromkeys((".zero", ".space", ".skip"), self._space),
            **dict.fromkeys((".ascii", ".asciz", ".string"), self._string), **dict.fromkeys(SIZES, self._integers),
            **dict.fromkeys(FLOATS, self._floats),
        }  # fmt: skip
        self._blocks = {".rept": self._rept, ".if": self._if, ".macro": self._macro, ".for": self._for}

    def run(self, name: str, pieces: Pieces, column: int) -> None:
        """A directive of one line. `Mistake` if it is wrong."""
        self._single[name](pieces, column, name)

    def block(self, block: Block, frame: Frame | None) -> None:
        """A directive of several lines. `Mistake` if its first line is wrong."""
        self._blocks[block.opener](block, frame)

    def _open(self, pieces: Pieces, column: int, name: str) -> None:
        self._assembler.sections.open(name)

    def _section(self, pieces: Pieces, column: int, name: str) -> None:
        check_count(".section NAME", pieces, 1, None, column)
        try:
            self._assembler.sections.open(pieces[0][0].strip().strip('"'))
        except Mistake as mistake:
            raise mistake.shifted(pieces[0][1] + lead(pieces[0][0])) from None

    def _equ(self, pieces: Pieces, column: int, name: str) -> None:
        check_count(f"{name} NAME, value", pieces, 2, 2, column)
        symbol, start = _name(pieces[0])
        try:
            self._assembler.symbols.define(symbol, self._assembler.value(pieces[1]), self._assembler.place.line)
        except Mistake as mistake:
            raise mistake if mistake.column is not None else mistake.shifted(start) from None

    def _align(self, pieces: Pieces, column: int, name: str) -> None:
        check_count(f"{name} {'bytes' if name == '.balign' else 'power'}", pieces, 1, 3, column)
        assembler = self._assembler
        said = assembler.integer(pieces[0], "the alignment")
        to = said if name == ".balign" else 1 << min(max(said, 0), 63)
        if to < 1 or to & (to - 1) or to > MOST_ALIGN:
            raise Mistake("directive", f"an alignment of {to} bytes", f"a power of two up to {MOST_ALIGN}", pieces[0][1])
        section = assembler.sections.current
        gap = -section.end % to
        filler = assembler.filler if section is assembler.sections.code and gap % 4 == 0 else b"\0\0\0\0"
        assembler.sections.add((filler * (gap // 4 + 1))[:gap], assembler.place.line)

    def _space(self, pieces: Pieces, column: int, name: str) -> None:
        check_count(f"{name} bytes, value", pieces, 1, 2, column)
        assembler = self._assembler
        count = self._size(pieces[0], "the number of bytes")
        value = assembler.integer(pieces[1], "the value") if len(pieces) == 2 else 0
        assembler.sections.add(bytes([value & 255]) * count, assembler.place.line)

    def _fill(self, pieces: Pieces, column: int, name: str) -> None:
        check_count(".fill count, bytes, value", pieces, 1, 3, column)
        assembler = self._assembler
        count = self._size(pieces[0], "the count")
        size = min(assembler.integer(pieces[1], "the size"), 8) if len(pieces) > 1 else 1
        value = assembler.integer(pieces[2], "the value") if len(pieces) > 2 else 0
        assembler.affords(count, max(size, 0))
        assembler.sections.add((value & (1 << 8 * size) - 1).to_bytes(size, "little") * count, assembler.place.line)

    def _size(self, piece: tuple[str, int], what: str) -> int:
        count = self._assembler.integer(piece, what)
        if not 0 <= count <= 1 << 24:
            raise Mistake("directive", f"{what} is {count}", "0 to 16777216", piece[1] + lead(piece[0]))
        return count

    def _comm(self, pieces: Pieces, column: int, name: str) -> None:
        check_count(".comm NAME, bytes, alignment", pieces, 2, 3, column)
        assembler = self._assembler
        before = assembler.sections.current
        assembler.sections.open(".bss")
        self._align([pieces[2]] if len(pieces) == 3 else [("4", column)], column, ".balign")
        assembler.symbols.here = assembler.sections.current.end
        assembler.symbols.define_label(_name(pieces[0])[0], assembler.place.line, False)
        self._space([pieces[1]], column, ".space")
        assembler.sections.current = before

    def _string(self, pieces: Pieces, column: int, name: str) -> None:
        text = ",".join(raw for raw, _ in pieces)  # commas in quotes separate nothing
        match = _STRING.match(text)
        if match is None:
            raise Mistake("directive", f"{quote(text.strip())} is no text in quotes", f'{name} "text"', column)
        raw = _ESCAPE.sub(_unescaped, match[1]).encode("utf-8", "surrogateescape")
        self._assembler.sections.add(raw + (b"" if name == ".ascii" else b"\0"), self._assembler.place.line)

    def _integers(self, pieces: Pieces, column: int, name: str) -> None:
        check_count(f"{name} value, ...", pieces, 1, None, column)
        size = SIZES[name]
        for piece in pieces:
            later = self._assembler.later(piece)
            self._assembler.wait(size, partial(_bytes, later, piece, size, name))

    def _floats(self, pieces: Pieces, column: int, name: str) -> None:
        check_count(f"{name} value, ...", pieces, 1, None, column)
        form = FLOATS[name]
        for piece in pieces:
            value = float(self._assembler.value(piece, real=True))
            try:
                made = struct.pack(form, value)
            except OverflowError:
                raise Mistake("data_range", f"{value!r} does not fit {name}", "write inf", piece[1] + lead(piece[0])) from None
            self._assembler.sections.add(made, self._assembler.place.line)

    # Blocks

    def _rept(self, block: Block, frame: Frame | None) -> None:
        pieces, column = self._assembler.header(block.branches[0].header)
        check_count(".rept count", pieces, 1, 1, column)
        count = self._size(pieces[0], "the count")
        self._assembler.repeat(block, count, frame)

    def _for(self, block: Block, frame: Frame | None) -> None:
        raise Mistake("unknown_directive", "unknown directive '.for'", "'.rept' repeats lines", lead(block.branches[0].header))

    def _if(self, block: Block, frame: Frame | None) -> None:
        for branch in block.branches:
            pieces, column = self._assembler.header(branch.header)
            word = branch.header.split(None, 1)[0]
            if word != ".else":
                check_count(f"{word} condition", pieces, 1, 1, column)
            if word == ".else" or self._assembler.value(pieces[0]):
                self._assembler.body(branch.body, frame, branch.cost)
                return

    def _macro(self, block: Block, frame: Frame | None) -> None:
        branch, assembler = block.branches[0], self._assembler
        text = assembler.strip(branch.header).split(None, 1)[1:]
        words = re.split(r"[\s,]+", text[0].strip()) if text else [""]
        name, column = words[0], lead(branch.header)
        if not _NAME.match(name) or assembler.forms.knows(name) or name in DIRECTIVES or name in assembler.macros:
            raise Mistake("macro", f"{quote(name)} cannot be the name of a macro", "a name of its own: .macro NAME a, b", column)
        parameters: dict[str, str | None] = {}
        for word in words[1:]:
            key, equals, default = word.partition("=")
            key = key.partition(":")[0]
            if not key.isidentifier() or key in parameters:
                raise Mistake("macro", f"{quote(key)} is no new name of a parameter", ".macro NAME a, b=default", column)
            parameters[key] = default if equals else None
        macro = Macro(name, branch.line, parameters, branch.body, branch.cost)
        assembler.macros[name] = macro
        check_parameters(macro, assembler.report)


def _bytes(later: Callable[[], Number], piece: tuple[str, int], size: int, name: str) -> bytes:
    value = later()
    column = piece[1] + lead(piece[0])
    if isinstance(value, float):
        raise Mistake("data_range", f"{value!r} is no integer, and {name} is", "write .float", column)
    if not -(1 << 8 * size - 1) <= value < 1 << 8 * size:
        raise Mistake("data_range", f"{value} is out of range for {name}", f"at most {8 * size} bits", column)
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _unescaped(match: re.Match[str]) -> str:
    text = match[1]
    if text[0] == "x" and len(text) > 1:
        return chr(int(text[1:], 16) & 255)
    return chr(int(text, 8) & 255) if text[0] in "01234567" else _ESCAPES.get(text, text)


def _name(piece: tuple[str, int]) -> tuple[str, int]:
    name, start = piece[0].strip(), piece[1] + lead(piece[0])
    if not _NAME.match(name):
        raise Mistake("directive", f"{quote(name)} is no name", "letters, digits and _, not first a digit", start)
    return name, start
