"""The canonical text: the tokens that the parser saw, and nothing else, so that every later tool reads the same design.

Comments, directives, attributes and what a conditional left out are gone, macros are expanded. Tokens keep their lines, and
their columns where a macro did not move them: what a later tool says about a line is about the line of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyslang.parsing import Token

from .place import Places
from .problem import Problem, RefusedError

LIMIT = 4 << 20
"""Characters of a canonical text."""


def render(tokens: Iterable[Token], places: Places) -> str:
    """The tokens as text."""
    parts: list[str] = []
    line, column, size = 1, 1, 0
    end = (1, 1)
    for token in tokens:
        if token.kind.name == "EndOfFile":
            continue
        at_line, at_column = places.of(token.location)
        made = places.from_macro(token.location)
        if at_line > line:
            space = "\n" * (at_line - line) + " " * (at_column - 1)
            line, column = at_line, at_column
        elif made or end != (at_line, at_column):
            space = " " * max(1, at_column - column)
            column += len(space)
        else:
            space = ""  # it touched the token before it, and may have to
        parts += [space, token.rawText]
        column, size = column + len(token.rawText), size + len(space) + len(token.rawText)
        end = (0, 0) if made else (at_line, at_column + len(token.rawText))
        if size > LIMIT:
            problem = Problem(at_line, at_column, "source_reject", f"macros expand to more than {LIMIT} characters")
            raise RefusedError([problem])
    return "".join(parts) + "\n"


def same(before: Sequence[Token], after: Sequence[Token]) -> bool:
    """Whether a text parsed to the tokens that it was made of."""
    words = [[token.rawText for token in tokens if token.kind.name != "EndOfFile"] for tokens in (before, after)]
    return words[0] == words[1]
