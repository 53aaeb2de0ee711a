"""Typed expressions and the ranges of their values: how the checker proves that an index is in range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from backends.isa.dtypes import ValueType
from backends.isa.language import ir

INTEGERS: Mapping[ValueType, tuple[int, int]] = {
    "i32": (-(1 << 31), (1 << 31) - 1), "u32": (0, (1 << 32) - 1), "i64": (-(1 << 63), (1 << 63) - 1), "u64": (0, (1 << 64) - 1),
}  # fmt: skip
"""Machine integers and their ranges."""
INT_LIMIT = 1 << 62
"""An ``int`` must stay below this in magnitude: engines hold it in 64 bits."""

EXACT = 1 << 53
"""Up to here CPython, which converts an int by way of a double, rounds it once where it meets an f32."""


class RuleError(Exception):
    """A rule of the language is broken; the checker adds the place."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True)
class Typed:
    """An expression, and for integers the range its value lies in."""

    expr: ir.Expr
    low: int = 0
    high: int = 0

    @property
    def type(self) -> ValueType:
        """Its type."""
        return self.expr.type

    @property
    def is_integer(self) -> bool:
        """Whether it is an ``int`` or a machine integer."""
        return self.type == "int" or self.type in INTEGERS

    @property
    def constant(self) -> int | float | bool | None:
        """Its value, if it is a constant."""
        return self.expr.value if isinstance(self.expr, ir.Const) else None


def integer(value: int) -> Typed:
    """A constant ``int``."""
    return Typed(ir.Const("int", value), value, value)


def boolean(value: bool) -> Typed:
    """A constant condition."""
    return Typed(ir.Const("bool", value))


def single(value: int | float) -> Typed:
    """A constant f32: the literal rounded once."""
    # numpy would convert a Python int by way of a double.
    return Typed(ir.Const("f32", float(np.float32(np.int64(value) if isinstance(value, int) else value))))


def full(expr: ir.Expr) -> Typed:
    """An expression whose value may be anything of its type."""
    return Typed(expr, *INTEGERS.get(expr.type, (0, 0)))


def bounded(expr: ir.Expr, low: int, high: int) -> Typed:
    """An integer expression in a range; a machine integer that could leave its type wraps and may be anything."""
    if expr.type == "int":
        if max(abs(low), abs(high)) >= INT_LIMIT:
            raise RuleError(f"an int may reach {max(low, high, key=abs)}", "keep it below 2**62 or make it a machine integer")
        return Typed(expr, low, high)
    least, most = INTEGERS[expr.type]
    return Typed(expr, low, high) if least <= low and high <= most else full(expr)


def cast(value: Typed, to: ValueType) -> Typed:
    """The conversion of `ir.Cast`, folded for constants."""
    if value.type == to:
        return value
    constant = value.constant
    if to == "f32":
        return single(constant) if constant is not None and value.type == "int" else full(ir.Cast("f32", value.expr))
    if to in INTEGERS and value.is_integer:
        least, most = INTEGERS[to]
        if isinstance(constant, int):
            wrapped = (constant - least) % (most - least + 1) + least
            return Typed(ir.Const(to, wrapped), wrapped, wrapped)
        return bounded(ir.Cast(to, value.expr), value.low, value.high)
    if to in INTEGERS and value.type == "bool":
        return Typed(ir.Cast(to, value.expr), 0, 1)
    if to in INTEGERS:
        return full(ir.Cast(to, value.expr))
    raise RuleError(f"a {value.type} does not become {to}", "i32, u32, i64, u64 and f32 can be converted to")


def unify(left: Typed, right: Typed, what: str) -> tuple[Typed, Typed]:
    """Both in one type: an ``int`` takes the type of what it meets, machine types never mix."""
    if left.type == right.type:
        return left, right
    if "bool" not in (left.type, right.type):
        if left.type == "int":
            return _met(left, right.type, what), right
        if right.type == "int":
            return left, _met(right, left.type, what)
    raise RuleError(f"{what} mixes {left.type} and {right.type}", f"convert one: {right.type}(...) or {left.type}(...)")


def _met(value: Typed, other: ValueType, what: str) -> Typed:
    """An ``int`` in the type of what it meets."""
    if other == "f32" and max(abs(value.low), abs(value.high)) > EXACT:
        raise RuleError(
            f"{what} of an f32 and an int that may reach {max(value.low, value.high, key=abs)}", "convert it: f32(...)"
        )
    return cast(value, other)


def _floor(a: int, b: int) -> int:
    return a // b if b else 0


def _modulo(a: int, b: int) -> int:
    return a % b if b else a


def _shift_left(a: int, b: int) -> int:
    return a << b if 0 <= b < 64 else 0


def _shift_right(a: int, b: int) -> int:
    return a >> min(b, 127) if b >= 0 else 0


_FOLD: Mapping[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "//": _floor, "%": _modulo,
    "<<": _shift_left, ">>": _shift_right, "&": lambda a, b: a & b, "|": lambda a, b: a | b, "^": lambda a, b: a ^ b,
}  # fmt: skip


def binary(op: str, left: Typed, right: Typed) -> Typed:
    """An arithmetic or bit operation; operands are unified, constants folded, the range of the result computed."""
    what = f"operator {op}"
    if op in ("<<", ">>") and right.type in ("int", "u32"):
        if not left.is_integer:
            raise RuleError(f"{what} on {left.type}", "only integers are shifted")
    else:
        left, right = unify(left, right, what)
    if left.type == "bool":
        raise RuleError(f"{what} on conditions", "combine conditions with and, or, not")
    if left.type == "f32":
        if op not in ("+", "-", "*", "/"):
            raise RuleError(f"{what} on f32", "f32 has + - * /")
        if left.constant is not None and right.constant is not None:
            raise RuleError(
                f"{what} on two literals", "write the number that they make: Python would compute in double precision"
            )
        return full(ir.Binary("f32", op, left.expr, right.expr))
    if op == "/":
        raise RuleError(f"/ on {left.type}", "integers divide with //, which floors; f32(a) / f32(b) divides floats")
    if left.type == "int":
        _defined(op, right)
    low, high = _range(op, left, right)
    result = bounded(ir.Binary(left.type, op, left.expr, right.expr), low, high)
    if left.type == "int" and isinstance(left.constant, int) and isinstance(right.constant, int):
        return integer(_FOLD[op](left.constant, right.constant))
    return result


def _defined(op: str, right: Typed) -> None:
    """Python's own integers divide and shift by certain amounts only. RuleError unless it is proven."""
    if op in ("//", "%") and right.low <= 0 <= right.high:
        raise RuleError(f"int {op} something that may be 0", "prove that it is not; machine integers divide by 0 too")
    if op in ("<<", ">>") and not 0 <= right.low <= right.high < 63:
        raise RuleError(f"int {op} {right.low} to {right.high}", "an int is shifted by 0 to 62")


def _range(op: str, a: Typed, b: Typed) -> tuple[int, int]:
    """Range of the exact result: from the corners where the operator is monotone in each operand, else a safe hull."""
    whole = INTEGERS.get(a.type, (-INT_LIMIT + 1, INT_LIMIT - 1))
    corners = [(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    if op in ("+", "-", "*") or (op == "//" and b.low > 0) or (op in ("<<", ">>") and 0 <= b.low <= b.high < 64):
        values = [_FOLD[op](x, y) for x, y in corners]
        return min(values), max(values)
    if op == "%" and b.low > 0:
        return (a.low, a.high) if 0 <= a.low <= a.high < b.low else (0, b.high - 1)
    if op == "&" and (a.low >= 0 or b.low >= 0):
        return 0, min(x.high for x in (a, b) if x.low >= 0)
    if op in ("|", "^") and a.low >= 0 and b.low >= 0:
        return 0, (1 << max(a.high.bit_length(), b.high.bit_length())) - 1
    if op == ">>" and a.low >= 0:
        return 0, a.high
    return whole


def negate(value: Typed) -> Typed:
    """``-x``."""
    if value.type == "bool":
        raise RuleError("- on a condition", "use not")
    if value.type == "f32":
        constant = value.constant
        return single(-constant) if constant is not None else full(ir.Unary("f32", "-", value.expr))
    if value.type == "int" and isinstance(value.constant, int):
        return integer(-value.constant)
    return bounded(ir.Unary(value.type, "-", value.expr), -value.high, -value.low)


def invert(value: Typed) -> Typed:
    """``~x``."""
    if not value.is_integer:
        raise RuleError(f"~ on {value.type}", "only integers have bits; bits(x) gives those of an f32")
    if value.type == "int" and isinstance(value.constant, int):
        return integer(~value.constant)
    if value.type in ("u32", "u64"):
        most = INTEGERS[value.type][1]
        return Typed(ir.Unary(value.type, "~", value.expr), most - value.high, most - value.low)
    return bounded(ir.Unary(value.type, "~", value.expr), ~value.high, ~value.low)


_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def compare(op: str, left: Typed, right: Typed) -> Typed:
    """A comparison; folded for constant ints."""
    left, right = unify(left, right, f"comparison {op}")
    if left.type == "bool" and op not in ("==", "!="):
        raise RuleError(f"{op} on conditions", "conditions have == and !=")
    if left.type == "int" and isinstance(left.constant, int) and isinstance(right.constant, int):
        return boolean(_COMPARE[op](left.constant, right.constant))
    return Typed(ir.Compare(op, left.expr, right.expr))


def join(left: Typed, right: Typed, expr: ir.Expr) -> Typed:
    """An expression that is one or the other."""
    return Typed(expr, min(left.low, right.low), max(left.high, right.high))


def narrowed(value: Typed, op: str, other: Typed) -> Typed:
    """The value where ``value op other`` holds (same type)."""
    low, high = value.low, value.high
    if op in ("<", "<=", "=="):
        high = min(high, other.high - (op == "<"))
    if op in (">", ">=", "=="):
        low = max(low, other.low + (op == ">"))
    return replace(value, low=low, high=high) if low <= high else value
