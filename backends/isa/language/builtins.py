"""The builtins of instruction bodies, for CPython; `backends.isa.language` has the table.

Those that need a machine (`require`, `jump`, `halt`, `work`, `pc`, `index`) are names only: an engine puts its own in their place
when it runs a body. The others compute here, and mean the same wherever they are called.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from backends.isa.conversion import decode as _decode
from backends.isa.conversion import encode as _encode
from backends.isa.definition import Trap
from backends.isa.dtypes import DType, ValueType
from backends.isa.language.values import I32, U32, Value, Word, as_integer, as_type, convert, kind_of, single, unified


class Array:
    """A local array of a body: zeros of one compute type, indexed in all its dimensions."""

    def __init__(self, kind: ValueType, shape: tuple[int, ...]) -> None:
        self.kind, self.shape = kind, shape
        self.items: list[Any] = [convert(kind, 0)] * math.prod(shape)

    def __getitem__(self, index: Any) -> Any:
        return self.items[flat(index, self.shape)]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.items[flat(index, self.shape)] = as_type(self.kind, value)


def flat(index: Any, shape: tuple[int, ...]) -> int:
    """The row-major position of an index. IndexError beyond the shape: the checker proves that it does not happen."""
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) != len(shape):
        raise IndexError(f"{len(parts)} indices for shape {shape}")
    position = 0
    for part, extent in zip(parts, shape, strict=True):
        number = as_integer(part)
        if not 0 <= number < extent:
            raise IndexError(f"index {number} of extent {extent}")
        position = position * extent + number
    return position


def array(dtype: Any, *shape: int) -> Array:
    """A local array of zeros: ``array(f32, 4, 16)``."""
    kind: ValueType = getattr(dtype, "name", dtype)
    return Array(kind, shape)


def clamp(x: Any, low: int, high: int) -> Any:
    """The integer nearest to x in low .. high."""
    return smaller(larger(x, low), high)


def smaller(a: Any, b: Any) -> Any:
    """``min(a, b)``: b if b < a else a."""
    a, b = unified(a, b)
    return b if b < a else a


def larger(a: Any, b: Any) -> Any:
    """``max(a, b)``: b if b > a else a."""
    a, b = unified(a, b)
    return b if b > a else a


def magnitude(x: Any) -> Any:
    """``abs(x)``: the least signed integer stays, an f32 loses its sign."""
    return np.abs(x) if kind_of(x) == "f32" else abs(x)


def sqrt(x: Any) -> np.float32:
    """The square root, correctly rounded; NaN below 0."""
    return np.float32(np.sqrt(_f32(x)))


def floor(x: Any) -> np.float32:
    """The greatest integer not above x."""
    return np.float32(np.floor(_f32(x)))


def rint(x: Any) -> np.float32:
    """The nearest integer, ties to even."""
    return np.float32(np.rint(_f32(x)))


def is_nan(x: Any) -> bool:
    """Whether x is NaN."""
    return bool(np.isnan(_f32(x)))


def bits(x: Any) -> U32:
    """The pattern of an f32; NaN is 0x7FC00000."""
    value = _f32(x)
    return U32(0x7FC00000 if np.isnan(value) else int(value.view(np.uint32)))


def float_from_bits(u: Any) -> np.float32:
    """The f32 of a u32 pattern."""
    return np.uint32(_u32(u)).view(np.float32)


def exponent(x: Any) -> I32:
    """floor(log2(abs(x))); -1000 for 0, 1000 for infinities and NaN."""
    value = float(_f32(x))
    if value == 0:
        return I32(-1000)
    return I32(math.frexp(value)[1] - 1 if math.isfinite(value) else 1000)


def scale_by(x: Any, n: Any) -> np.float32:
    """x * 2**n with one rounding."""
    value, power = float(_f32(x)), as_type("i32", n)
    # A double holds the product exactly: 2**-149 * 2**-400 and 2**128 * 2**400 are far inside its range.
    return np.float32(math.ldexp(value, max(-400, min(400, as_integer(power)))))


def round_to(dtype: Any, x: Any) -> np.float32:
    """x as a floating storage type would hold it."""
    storage = _storage(dtype)
    return np.float32(_decode(storage, _encode(storage, _f32(x))))


def encode(dtype: Any, x: Any) -> U32:
    """The pattern of x in a floating storage type."""
    return U32(int(_encode(_storage(dtype), _f32(x))))


def decode(dtype: Any, u: Any) -> np.float32:
    """The value of a pattern of a floating storage type; higher bits of u do not count."""
    storage = _storage(dtype)
    pattern = _u32(u) & ((1 << storage.bits) - 1)
    return np.float32(_decode(storage, np.array(pattern, f"u{storage.bytes}")))


def count_leading_zeros(u: Any) -> U32:
    """Zeros above the highest set bit of a u32; 32 for 0."""
    return U32(32 - _u32(u).bit_length())


def require(condition: Any, trap: Trap, value: Any = None, *, limit: Any = None) -> None:
    """Traps unless the condition holds."""
    _machine("require")


def jump(target: Any) -> None:
    """The next instruction is at this word address."""
    _machine("jump")


def halt() -> None:
    """The program ends after this instruction."""
    _machine("halt")


def work(amount: Any, *, part: Any = None) -> None:
    """The amount of work that the cost class multiplies, or the cycles of a uop; the last one said counts."""
    _machine("work")


def pc() -> int:
    """The word address of this instruction."""
    _machine("pc")


def index(register: Any) -> int:
    """The number of the register that an operand names."""
    _machine("index")


def load(memory: Any, address: Any, count: Any) -> U32:
    """The little-endian number in 1 to 4 bytes of a byte memory."""
    _machine("load")


def readable(memory: Any, address: Any, count: Any) -> bool:
    """Whether a load of 1 to 4 bytes would not trap."""
    _machine("readable")


def store(memory: Any, address: Any, count: Any, value: Any) -> None:
    """Writes the low 1 to 4 bytes of a number to a byte memory, little endian."""
    _machine("store")


def _machine(name: str) -> NoReturn:
    raise RuntimeError(f"{name}(...) means something in an instruction body only; run it with an engine")


def _f32(x: Any) -> np.float32:
    as_type("f32", x)
    return single(x)


def _u32(u: Any) -> int:
    value = as_type("u32", u)
    assert isinstance(value, Word)
    return value.value


def _storage(dtype: Any) -> DType:
    found: DType = getattr(dtype, "dtype", dtype)
    return found


__all__ = [
    "Array", "Value", "array", "bits", "clamp", "count_leading_zeros", "decode", "encode", "exponent", "flat", "float_from_bits",
    "floor", "halt", "index", "is_nan", "jump", "larger", "load", "magnitude", "pc", "readable", "require", "rint", "round_to",
    "scale_by", "smaller", "sqrt", "store", "work",
]  # fmt: skip
