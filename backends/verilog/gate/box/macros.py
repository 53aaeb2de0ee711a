r"""How large a text becomes when its macros are expanded, counted without expanding them.

Thirty lines of `` `define `` can stand for more text than a machine can hold. The parser does not bound that, so it is bounded
here, from above: of two definitions of one name the larger counts, whichever a conditional chooses, and an argument counts as
often as the macro mentions any of its parameters. What this cannot see (names pasted together, defaults of parameters) meets
the memory limit of the box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .problem import Problem, RefusedError

LIMIT = 200_000
"""Tokens of a text after expansion."""
_DEPTH = 64
_LEXEME = re.compile(r'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:[^"\\\n]|\\.)*"|\\[^\s`]+|`?\w+|[^\s]', re.DOTALL)
_DEFINE = re.compile(r"`define[ \t]+(\w+)(\([^()]*\))?((?:[^\\\n]|\\\n|\\.)*)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_HINT = "write the text out, use parameters and generate loops, or nest fewer macros"


class Size(NamedTuple):
    """Tokens of an expansion: ``fixed + mentions * (tokens of the arguments)``."""

    fixed: int
    mentions: int


@dataclass(frozen=True)
class _Macro:
    name: str
    parameters: frozenset[str] | None
    """None for a macro that takes no arguments."""
    body: str
    line: int


def check(text: str) -> None:
    """Raises `RefusedError` if the text is too large when expanded, or a macro is defined by itself."""
    counter = _Counter(list(_macros(text)))
    total = 0
    for line, size in counter.uses(_DEFINE.sub(_blank, text)):
        total += size
        if total > LIMIT:
            raise RefusedError([Problem(line, 0, "source_reject", f"macros expand to more than {LIMIT} tokens", _HINT)])


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _macros(text: str) -> Iterator[_Macro]:
    line, end = 1, 0
    for match in _DEFINE.finditer(text):
        line, end = line + text.count("\n", end, match.start()), match.start()
        parameters = None if match[2] is None else frozenset(re.findall(r"\w+", match[2]))
        yield _Macro(match[1], parameters, _COMMENT.sub(" ", match[3]), line)


class _Counter:
    """Sizes of macros, each computed once."""

    def __init__(self, macros: list[_Macro]) -> None:
        self._macros: dict[str, list[_Macro]] = {}
        for macro in macros:
            self._macros.setdefault(macro.name, []).append(macro)
        self._sizes: dict[str, Size] = {}
        self._open: list[str] = []

    def uses(self, text: str) -> Iterator[tuple[int, int]]:
        """Line and tokens of each use of a macro in a text that has no definitions."""
        lexemes = list(_LEXEME.finditer(text))
        words, line, at, end = [match[0] for match in lexemes], 1, 0, 0
        while at < len(words):
            start = lexemes[at].start()
            line, end = line + text.count("\n", end, start), start
            size, at = self._next(words, at, frozenset(), 0)
            yield line, size.fixed

    def _size(self, words: list[str], parameters: frozenset[str], depth: int) -> Size:
        """Of a run of lexemes."""
        fixed = mentions = at = 0
        while at < len(words):
            size, at = self._next(words, at, parameters, depth)
            fixed, mentions = fixed + size.fixed, mentions + size.mentions
        return Size(fixed, mentions)

    def _next(self, words: list[str], at: int, parameters: frozenset[str], depth: int) -> tuple[Size, int]:
        """Of the lexeme at a position, with its arguments if it is a macro; and the position behind it."""
        word = words[at]
        if word in parameters:
            return Size(0, 1), at + 1
        if word[0] != "`" or word[1:] not in self._macros:
            return Size(0 if word[:2] in ("//", "/*") else 1, 0), at + 1
        name = word[1:]
        macro, end = self._macro(name), at + 1
        if all(other.parameters is None for other in self._macros[name]):
            return Size(macro.fixed, 0), end
        end = _closing(words, end)
        if depth > _DEPTH:
            raise RefusedError(
                [Problem(self._macros[name][0].line, 0, "source_reject", f"uses of `{name} nest too deeply", _HINT)]
            )
        arguments = self._size(words[at + 1 : end], parameters, depth + 1)
        return Size(macro.fixed + macro.mentions * arguments.fixed, macro.mentions * arguments.mentions), end

    def _macro(self, name: str) -> Size:
        if name in self._sizes:
            return self._sizes[name]
        line = self._macros[name][0].line
        if name in self._open:
            raise RefusedError([Problem(line, 0, "source_reject", f"macro `{name} is defined by itself", _HINT)])
        if len(self._open) > _DEPTH:
            raise RefusedError([Problem(line, 0, "source_reject", f"uses of `{name} nest too deeply", _HINT)])
        self._open.append(name)
        sizes = [self._size(_LEXEME.findall(macro.body), macro.parameters or frozenset(), 0) for macro in self._macros[name]]
        self._open.pop()
        size = Size(max(size.fixed for size in sizes), max(size.mentions for size in sizes))
        if max(size) > LIMIT:
            raise RefusedError([Problem(line, 0, "source_reject", f"macro `{name} expands to more than {LIMIT} tokens", _HINT)])
        return self._sizes.setdefault(name, size)


def _closing(words: list[str], at: int) -> int:
    """The position behind the bracket that closes the one at ``at``; ``at`` if there is none."""
    depth, end = 0, at
    while end < len(words):
        depth += {"(": 1, ")": -1}.get(words[end], 0)
        end += 1
        if depth <= 0:
            break
    return end if depth == 0 and end > at and words[at] == "(" else at
