"""What both assemblers do with blocks and macros: expand them within limits, and repeat."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from backends.isa.assembler import blocks
from backends.isa.assembler.blocks import Block, Node
from backends.isa.assembler.diagnostics import Frame, Mistake, Place, Reporter
from backends.isa.assembler.lines import Comments, lead, split

Pieces = list[tuple[str, int]]
"""Operands of a directive with the columns at which they start."""
_HEADER = re.compile(r"\s*\.\w+\s*")


class Expander(ABC):
    """Expands the lines of a text."""

    def __init__(self, comments: tuple[str, ...], budget: int) -> None:
        """``budget`` is what the text may ask for in all: characters of expanded lines, each counted with 64 more."""
        self.report = Reporter()
        self.place = Place(1, "")
        """The statement that is read now."""
        self.macros: dict[str, blocks.Macro] = {}
        self._comments = Comments(comments)
        self._depth, self._budget, self._calls = 0, budget, 0

    @abstractmethod
    def expand(self, nodes: list[Node], frame: Frame | None) -> None:
        """Reads lines and blocks."""

    def strip(self, line: str) -> str:
        """The line without its comment."""
        return self._comments.strip(line)

    def body(self, nodes: list[Node], frame: Frame | None, cost: int) -> None:
        """Expands the body of a block or macro, within the limits."""
        place = self.place
        self._budget -= cost
        if self._budget < 0:
            self.report.fatal(place, Mistake("too_large", "the text expands to too much", "use loops of the machine"))
        if self._depth >= blocks.DEEPEST:
            text = f"macros and blocks are nested deeper than {blocks.DEEPEST}"
            self.report.fatal(place, Mistake("macro", text, "a macro must not call itself without end"))
        self._depth += 1
        self.expand(nodes, frame)
        self._depth -= 1
        self.place = place

    def repeat(self, block: Block, times: int, frame: Frame | None) -> None:
        """Expands a block's body so often. `Mistake` if that is too large to begin with."""
        branch = block.branches[0]
        self.affords(times, branch.cost)
        for _ in range(times):
            self.body(branch.body, frame, branch.cost)

    def affords(self, count: int, cost: int) -> None:
        """`Mistake` if a repeat is too large to begin with."""
        if count * cost > self._budget:
            raise Mistake("too_large", f"{count} repeats are too many", "use a loop of the machine")

    def call(self, macro: blocks.Macro, arguments: dict[str, str], frame: Frame | None) -> None:
        """Expands a macro whose parameters all have a text."""
        self._calls += 1
        self.body(macro.body_of(arguments, self._calls), Frame(macro.name, self.place.line, frame), macro.cost)

    def header(self, line: str) -> tuple[Pieces, int]:
        """The operands of the line that opens a block, and the column of its directive."""
        code = self.strip(line)
        match = _HEADER.match(code)
        start = match.end() if match else 0
        return split(code[start:], start), lead(line)


def check_count(syntax: str, pieces: Pieces, least: int, most: int | None, column: int) -> None:
    """`Mistake` if a directive has too few or too many operands; ``syntax`` begins with its name."""
    if len(pieces) < least or (most is not None and len(pieces) > most):
        takes = f"{least} or more" if most is None else f"{least}" if most == least else f"{least} to {most}"
        plural = "s" * (takes != "1")
        directive = syntax.split(" ", 1)[0]
        raise Mistake("directive", f"{directive!r} takes {takes} operand{plural}, not {len(pieces)}", f"syntax: {syntax}", column)
