"""Integer expressions of assembly: ``(N - 1) * 4``, ``end - start``, ``0x40 | 1``.

Read by precedence climbing over tokens that a single pass cuts, in time linear in the text. Numbers are Python integers; names
are looked up when the value is wanted, so that an expression may mention a label further down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.errors import did_you_mean

LIMIT = 1 << 64
"""Values stay below this in magnitude: shifts and products of hostile text end here."""
DEPTH = 64
"""Deepest nesting of parentheses and signs."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*(?![0-9A-Za-z_.]))
    |(?P<place>[0-9]+[bf])(?![0-9A-Za-z_.])
    |(?P<name>[A-Za-z_.$][A-Za-z0-9_.$]*)
    |'(?P<char>\\?.)'
    |(?P<op><<|>>|[-+*/%&|^~(),]))""",
    re.VERBOSE,
)
_PRECEDENCE = {"|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_ESCAPES = {"\\n": 10, "\\t": 9, "\\0": 0, "\\\\": 92, "\\'": 39}
Lookup = Callable[[str], "int | None"]


class ArithmeticProblem(Exception):  # noqa: N818 - a problem of the text, not of the program
    """What is wrong with an expression: ``offset`` is where in its text."""

    def __init__(self, message: str, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    offset: int


def evaluate(text: str, lookup: Lookup, known: Mapping[str, object] = {}) -> int:
    """The value of an expression. ``lookup`` gives names and local labels (``1b``) their values or None; ``known`` are the names
    to suggest. ArithmeticProblem with the offset of what is wrong."""
    reader = _Reader(_tokens(text), len(text), lookup, known)
    value = reader.expression(1, 0)
    if (rest := reader.peek()) is not None:
        raise ArithmeticProblem(
            f"{rest.text!r} after the end of the expression", rest.offset, "an operator or the end of the operand"
        )
    return value


def _tokens(text: str) -> list[_Token]:
    found = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            offset = position + len(text[position:]) - len(text[position:].lstrip())
            raise ArithmeticProblem(f"{text[offset : offset + 12]!r} is not a number, a name or an operator", offset)
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        position = match.end()
    return found


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, tokens: list[_Token], end: int, lookup: Lookup, known: Mapping[str, object]) -> None:
        self.tokens, self.end, self.lookup, self.known = tokens, end, lookup, known
        self.position = 0

    def peek(self) -> _Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def expression(self, least: int, depth: int) -> int:
        value = self.operand(depth)
        while (token := self.peek()) is not None and _PRECEDENCE.get(token.text, 0) >= least:
            self.position += 1
            value = _apply(token, value, self.expression(_PRECEDENCE[token.text] + 1, depth))
        return value

    def operand(self, depth: int) -> int:
        token = self.peek()
        if token is None:
            raise ArithmeticProblem(
                "the expression ends where a value is expected", self.end, "a number, a name or a parenthesis"
            )
        if depth > DEPTH:
            raise ArithmeticProblem(f"nested more than {DEPTH} deep", token.offset, "name a part with .equ")
        self.position += 1
        match token.kind, token.text:
            case "number", text if len(text) > 80:
                raise ArithmeticProblem("the value leaves 64 bits", token.offset, "smaller numbers")
            case "number", text:
                return _checked(int(text.replace("_", ""), 0 if text[:2].lower() in ("0x", "0b", "0o") else 10), token)
            case "char", text:
                return _ESCAPES.get(text, ord(text[-1]))
            case "op", "-":
                return -self.operand(depth + 1)
            case "op", "+":
                return self.operand(depth + 1)
            case "op", "~":
                return ~self.operand(depth + 1)
            case "op", "(":
                value = self.expression(1, depth + 1)
                closing = self.peek()
                if closing is None or closing.text != ")":
                    raise ArithmeticProblem("a parenthesis is not closed", token.offset, "add )")
                self.position += 1
                return value
            case (("name" | "place"), name):
                found = self.lookup(name)
                if found is None:
                    raise ArithmeticProblem(
                        f"undefined symbol {name!r}", token.offset, did_you_mean(name, self.known).removeprefix("; ")
                    )
                return found
        raise ArithmeticProblem(f"{token.text!r} where a value is expected", token.offset, "a number, a name or a parenthesis")


def _apply(token: _Token, left: int, right: int) -> int:
    if token.text in ("/", "%") and right == 0:
        raise ArithmeticProblem("division by zero", token.offset)
    if token.text in ("<<", ">>") and not 0 <= right < 64:
        raise ArithmeticProblem(f"shift by {right}", token.offset, "0 to 63")
    operations: Mapping[str, Callable[[], int]] = {
        "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "/": lambda: left // right,
        "%": lambda: left % right, "<<": lambda: left << right, ">>": lambda: left >> right, "&": lambda: left & right,
        "|": lambda: left | right, "^": lambda: left ^ right,
    }  # fmt: skip
    return _checked(operations[token.text](), token)


def _checked(value: int, token: _Token) -> int:
    if abs(value) >= LIMIT:
        raise ArithmeticProblem("the value leaves 64 bits", token.offset, "smaller numbers")
    return value
