"""Values of instruction bodies when CPython runs them: machine integers that wrap, and conversions between compute types.

An f32 is a `numpy.float32`, an ``int`` a Python int, a condition a Python bool; `I32 U32 I64 U64` are here. An ``int`` that
meets a machine type takes it; two machine types never mix: TypeError, which the checker makes impossible.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from backends.isa.dtypes import ValueType


class Word:
    """A machine integer: arithmetic wraps, division floors and is total, shifts are total."""

    __slots__ = ("value",)
    __array_ufunc__ = None  # numpy scalars leave mixed operations to this class, which refuses them

    name: ClassVar[ValueType]
    width: ClassVar[int]
    signed: ClassVar[bool]

    def __init__(self, value: int) -> None:
        value &= (1 << self.width) - 1
        self.value = value - (1 << self.width) if self.signed and value >> (self.width - 1) else value

    def __index__(self) -> int:
        return self.value

    def __repr__(self) -> str:
        return f"{self.name}({self.value})"

    def __hash__(self) -> int:
        return hash((self.name, self.value))

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} is no condition; compare it")

    def _other(self, other: object) -> int:
        """The value of the other operand, which has the same type or none."""
        if type(other) is type(self):
            return other.value
        if type(other) is int:
            return type(self)(other).value
        raise TypeError(f"{self.name} does not mix with {kind_of(other)}")

    def _amount(self, other: object) -> int:
        """A shift amount, also a u32 or an int for any type; a negative one is as good as a very large one."""
        amount = other.value if isinstance(other, U32) else other if type(other) is int else self._other(other)
        return min(amount, self.width) if amount >= 0 else self.width

    def __add__(self, other: object) -> Self:
        return type(self)(self.value + self._other(other))

    __radd__ = __add__

    def __sub__(self, other: object) -> Self:
        return type(self)(self.value - self._other(other))

    def __rsub__(self, other: object) -> Self:
        return type(self)(self._other(other) - self.value)

    def __mul__(self, other: object) -> Self:
        return type(self)(self.value * self._other(other))

    __rmul__ = __mul__

    def __floordiv__(self, other: object) -> Self:
        return type(self)(_floor_divide(self.value, self._other(other)))

    def __rfloordiv__(self, other: object) -> Self:
        return type(self)(_floor_divide(self._other(other), self.value))

    def __mod__(self, other: object) -> Self:
        return type(self)(_modulo(self.value, self._other(other)))

    def __rmod__(self, other: object) -> Self:
        return type(self)(_modulo(self._other(other), self.value))

    def __truediv__(self, other: object) -> NoReturn:
        raise TypeError(f"/ on {self.name}; integers divide with //")

    __rtruediv__ = __truediv__

    def __lshift__(self, other: object) -> Self:
        return type(self)(self.value << self._amount(other))

    def __rlshift__(self, other: object) -> Any:
        return self._shifted(other, left=True)

    def __rshift__(self, other: object) -> Self:
        return type(self)(self.value >> self._amount(other))

    def __rrshift__(self, other: object) -> Any:
        return self._shifted(other, left=False)

    def _shifted(self, other: object, *, left: bool) -> Any:
        """An ``int`` shifted by this amount: an ``int`` for a u32 amount, else of this type."""
        if type(other) is int and isinstance(self, U32):
            amount = min(self.value, 127)
            return (other << amount if amount < 64 else 0) if left else other >> amount
        value = type(self)(self._other(other))
        return value << self if left else value >> self

    def __and__(self, other: object) -> Self:
        return type(self)(self.value & self._other(other))

    __rand__ = __and__

    def __or__(self, other: object) -> Self:
        return type(self)(self.value | self._other(other))

    __ror__ = __or__

    def __xor__(self, other: object) -> Self:
        return type(self)(self.value ^ self._other(other))

    __rxor__ = __xor__

    def __neg__(self) -> Self:
        return type(self)(-self.value)

    def __invert__(self) -> Self:
        return type(self)(~self.value)

    def __abs__(self) -> Self:
        return type(self)(abs(self.value))

    def __eq__(self, other: object) -> bool:
        return self.value == self._other(other)

    def __ne__(self, other: object) -> bool:
        return self.value != self._other(other)

    def __lt__(self, other: object) -> bool:
        return self.value < self._other(other)

    def __le__(self, other: object) -> bool:
        return self.value <= self._other(other)

    def __gt__(self, other: object) -> bool:
        return self.value > self._other(other)

    def __ge__(self, other: object) -> bool:
        return self.value >= self._other(other)


class I32(Word):
    """A signed 32-bit integer."""

    __slots__ = ()
    name, width, signed = "i32", 32, True


class U32(Word):
    """An unsigned 32-bit integer."""

    __slots__ = ()
    name, width, signed = "u32", 32, False


class I64(Word):
    """A signed 64-bit integer."""

    __slots__ = ()
    name, width, signed = "i64", 64, True


class U64(Word):
    """An unsigned 64-bit integer."""

    __slots__ = ()
    name, width, signed = "u64", 64, False


Value = Word | np.float32 | int | bool
"""A value of a body."""
WORDS: dict[ValueType, type[Word]] = {"i32": I32, "u32": U32, "i64": I64, "u64": U64}
"""Machine integer types by name."""


def kind_of(value: object) -> str:
    """Type of a value as the language calls it."""
    if isinstance(value, Word):
        return value.name
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, np.float32 | float):
        return "f32"
    return "int" if isinstance(value, int) else type(value).__name__


def _floor_divide(a: int, b: int) -> int:
    return a // b if b else 0


def _modulo(a: int, b: int) -> int:
    return a % b if b else a


def single(value: object) -> np.float32:
    """The f32 nearest to an integer, a condition or a float literal; an f32 as it is."""
    if type(value) is np.float32:
        return value
    if isinstance(value, Word):
        value = value.value
    if type(value) is int:
        # One rounding: numpy would convert a Python int by way of a double.
        return np.float32(np.int64(value)) if -(1 << 63) <= value < 1 << 63 else np.float32(np.uint64(value))
    if isinstance(value, bool | np.bool_ | float):
        return np.float32(value)
    raise TypeError(f"{kind_of(value)} does not become f32")


def convert(kind: ValueType, value: Any) -> Value:
    """The explicit conversion ``i32(x)``, ``f32(x)``; see `ir.Cast`."""
    if kind == "f32":
        return single(value)
    word = WORDS[kind]
    if isinstance(value, np.float32 | float):
        if math.isnan(value):
            return word(0)
        low = -(1 << (word.width - 1)) if word.signed else 0
        high = low + (1 << word.width) - 1
        return word(high if value >= high else low if value <= low else int(value))
    if isinstance(value, Word | int | np.bool_):
        return word(int(value.value if isinstance(value, Word) else value))
    raise TypeError(f"{kind_of(value)} does not become {kind}")


def as_type(kind: ValueType, value: Any) -> Value:
    """A value where ``kind`` is wanted: an ``int`` (or float literal) takes the type, anything else must have it."""
    found = kind_of(value)
    if found == kind:
        return single(value) if kind == "f32" else value if isinstance(value, Word | int) else bool(value)
    if found == "int" and kind != "bool":
        return convert(kind, value)
    raise TypeError(f"{found} where {kind} is wanted")


def unified(left: Any, right: Any) -> tuple[Any, Any]:
    """Both values in one type."""
    one, other = kind_of(left), kind_of(right)
    if one == other:
        return left, right
    if one == "int":
        return as_type(other, left), right  # type: ignore[arg-type]  # a ValueType or refused
    return left, as_type(one, right)  # type: ignore[arg-type]  # as above


def as_integer(value: Any) -> int:
    """The Python int of an ``int`` or machine integer. TypeError for anything else."""
    if isinstance(value, Word):
        return value.value
    if type(value) is int:
        return value
    raise TypeError(f"{kind_of(value)} where an integer is wanted")
