"""Numbers and expressions of operands and directives.

Integers (decimal, ``0x``, ``0b``, ``0o``, ``'c'``) and floats, names, ``.`` (this statement's address), local labels (``1b``,
``1f``), ``min(a, b)``, ``max(a, b)`` and C's operators with C's precedence. ``/`` of integers rounds down and ``%`` goes with it;
where a float is asked for (``real``), ``/`` divides exactly. Reading takes linear time, and values are bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from backends.isa.assembler.diagnostics import Mistake, quote

Number = int | float
BOUND = 1 << 128
"""Integers are smaller than this in absolute value; larger ones are errors, so that no text can ask for a huge number."""
_MOST_TOKENS = 256
_MOST_DEPTH = 40
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<hex>0[xX][0-9A-Fa-f_]+|0[bB][01_]+|0[oO][0-7_]+)
  | (?P<local>[0-9]+[bf])(?![\w.])
  | (?P<float>[0-9][0-9_]*(?:\.[0-9]*(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
  | (?P<int>[0-9][0-9_]*)
  | (?P<char>'(?:\\.|[^'\\])')
  | (?P<name>[A-Za-z_$.][\w$.]*)
  | (?P<op><<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>(),])
    )""",
    re.VERBOSE,
)
_BINDING = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, "<=": 7, ">": 7, ">=": 7, "<<": 8, ">>": 8,
    "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "'": "'"}
FUNCTIONS: dict[str, Callable[[Number, Number], Number]] = {"min": min, "max": max}
CONSTANTS = {"inf": math.inf, "nan": math.nan}


@dataclass(frozen=True, slots=True)
class Constant:
    """A known value."""

    value: Number


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol or label, or ``.``."""

    name: str
    column: int
    """Offset in the expression's text."""


@dataclass(frozen=True, slots=True)
class Local:
    """A numeric label before or after here. ``nth`` counts its definitions once that is fixed; None while it is not."""

    number: str
    forward: bool
    column: int
    nth: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or function and its arguments."""

    op: str
    arguments: tuple[Node, ...]
    column: int


Node = Constant | Name | Local | Operation
Resolve = Callable[[Name | Local], Number]


def parse(text: str, real: bool = False) -> Node:
    """The expression, parts without names already computed. `Mistake` if it is none; columns count from the text's start."""
    return _Parser(text, real).whole()


def evaluate(node: Node, resolve: Resolve, real: bool = False) -> Number:
    """Its value, names as ``resolve`` says."""
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Operation):
        return apply(node.op, [evaluate(argument, resolve, real) for argument in node.arguments], real, node.column)
    return resolve(node)


def replace(node: Node, change: Callable[[Name | Local], Node]) -> Node:
    """The expression with other nodes for its names."""
    if isinstance(node, Constant):
        return node
    if isinstance(node, Operation):
        return Operation(node.op, tuple(replace(argument, change) for argument in node.arguments), node.column)
    return change(node)


def apply(op: str, arguments: list[Number], real: bool, column: int) -> Number:
    """The value of an operator, bounded."""
    value = _unary(op, arguments[0], column) if len(arguments) == 1 else _binary(op, arguments[0], arguments[1], real, column)
    if isinstance(value, int) and abs(value) >= BOUND:
        raise Mistake("expression", f"the value of {op!r} does not fit 128 bits", "write smaller numbers", column)
    return value


def _unary(op: str, value: Number, column: int) -> Number:
    if op == "~":
        return ~_integer(op, value, column)
    return -value if op == "-" else value if op == "+" else int(not value)


def _binary(op: str, left: Number, right: Number, real: bool, column: int) -> Number:
    if op in FUNCTIONS:
        return FUNCTIONS[op](left, right)
    if op in _ARITHMETIC:
        return _ARITHMETIC[op](left, right)
    if op in ("/", "%"):
        return _divide(op, left, right, real, column)
    a, b = _integer(op, left, column), _integer(op, right, column)
    if op in ("<<", ">>"):
        if not 0 <= b <= 128:
            raise Mistake("expression", f"shift by {b}", "shift by 0 to 128", column)
        return a << b if op == "<<" else a >> b
    return a & b if op == "&" else a | b if op == "|" else a ^ b


def _divide(op: str, left: Number, right: Number, real: bool, column: int) -> Number:
    if right == 0:
        raise Mistake("expression", "division by zero", "the right side must not be 0", column)
    if op == "/" and (real or isinstance(left, float) or isinstance(right, float)):
        return left / right
    a, b = _integer(op, left, column), _integer(op, right, column)
    return a // b if op == "/" else a % b


def _integer(op: str, value: Number, column: int) -> int:
    if isinstance(value, float):
        raise Mistake("expression", f"{op!r} needs integers, not {value!r}", "+ - * / and comparisons take floats", column)
    return value


_ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
    "&&": lambda a, b: int(bool(a) and bool(b)),
    "||": lambda a, b: int(bool(a) or bool(b)),
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            column = position + len(text[position:]) - len(text[position:].lstrip())
            raise Mistake("expression", f"unexpected {text[column]!r}", "numbers, names, operators and parentheses", column)
        kind, word = match.lastgroup, match[match.lastgroup]
        column = match.end() - len(word)
        if found and found[-1].kind in ("hex", "int", "float", "local") and kind != "op" and column == position:
            raise Mistake("expression", f"{quote(found[-1].text + text[position:].split()[0])} is not a number",
                          "decimal, 0x hex, 0b binary, 0o octal, 1.5e3 or 'c'", found[-1].column)  # fmt: skip
        found.append(_Token(kind, word, column))
        if len(found) > _MOST_TOKENS:
            raise Mistake("expression", "the expression is too long", "name parts of it with .equ", column)
        position = match.end()
    found.append(_Token("end", "the end", end))
    return found


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, text: str, real: bool) -> None:
        self.tokens, self.real = _tokens(text), real
        self.position = self.depth = 0

    def whole(self) -> Node:
        node = self.expression(0)
        if self.token.kind != "end":
            raise self.unexpected("an operator")
        return node

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def unexpected(self, wanted: str) -> Mistake:
        return Mistake("expression", f"{wanted} is expected, not {quote(self.token.text)}" if self.token.kind != "end"
                       else f"{wanted} is missing at the end", "", self.token.column)  # fmt: skip

    def expression(self, least: int) -> Node:
        left = self.operand()
        while self.token.kind == "op" and (binding := _BINDING.get(self.token.text, 0)) > least:
            operator = self.token
            self.position += 1
            left = self.operation(operator, left, self.expression(binding))
        return left

    def operation(self, operator: _Token, *arguments: Node) -> Node:
        known = [argument.value for argument in arguments if isinstance(argument, Constant)]
        if len(known) == len(arguments):
            return Constant(apply(operator.text, known, self.real, operator.column))
        return Operation(operator.text, arguments, operator.column)

    def operand(self) -> Node:
        token = self.token
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise Mistake("expression", "the expression is nested too deeply", "name parts of it with .equ", token.column)
        self.position += token.kind != "end"
        if token.kind == "op" and token.text in "-+~!":
            node = self.operation(token, self.operand())
        elif token.kind == "op" and token.text == "(":
            node = self.expression(0)
            self.expect(")")
        elif token.kind == "name" and token.text in FUNCTIONS and self.token.text == "(":
            self.position += 1
            first = self.expression(0)
            self.expect(",")
            node = self.operation(token, first, self.expression(0))
            self.expect(")")
        elif token.kind in ("op", "end"):
            self.position -= token.kind != "end"
            raise self.unexpected("a number or a name")
        else:
            node = _atom(token)
        self.depth -= 1
        return node

    def expect(self, text: str) -> None:
        if self.token.kind != "op" or self.token.text != text:
            raise self.unexpected(repr(text))
        self.position += 1


def _atom(token: _Token) -> Node:
    text = token.text
    if token.kind == "name":
        return Constant(CONSTANTS[text]) if text in CONSTANTS else Name(text, token.column)
    if token.kind == "local":
        return Local(text[:-1].lstrip("0") or "0", text[-1] == "f", token.column)
    if token.kind == "char":
        escaped = text[1:-1]
        if escaped[0] == "\\" and escaped[1] not in _ESCAPES:
            raise Mistake("expression", f"{text} is no character", r"escapes are \n \t \r \0 \\ \'", token.column)
        return Constant(ord(_ESCAPES[escaped[1]] if escaped[0] == "\\" else escaped))
    digits = text.replace("_", "")
    if len(digits) > 60 or digits.lower() in ("0x", "0b", "0o"):
        raise Mistake("expression", f"{quote(text)} is not a number", "at most 60 digits, at least one", token.column)
    if token.kind == "float":
        return Constant(float(digits))
    value = int(digits, {"x": 16, "b": 2, "o": 8}.get(digits[1:2].lower(), 10)) if token.kind == "hex" else int(digits)
    if value >= BOUND:
        raise Mistake("expression", f"{quote(text)} does not fit 128 bits", "write a smaller number", token.column)
    return Constant(value)
