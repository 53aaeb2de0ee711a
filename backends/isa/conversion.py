"""Storage patterns to values and back: every element type, as numpy functions on arrays and scalars.

A *pattern* is an unsigned integer of the width of `DType.bytes`, a 4-bit type in the low half of a byte. `decode` gives compute
values (f32, i32, u32, i64, u64), `encode` takes them: integers wrap, floats round to nearest even, and a NaN becomes the
positive quiet NaN of the format (0 where it has none, in e2m1). What is out of range becomes an infinity in f32, fp16, bf16 and
e5m2, NaN in e4m3 (which has no infinities) and the largest value in e2m1. e8m0 holds the nearest power of two, halfway the
greater one (1.5 becomes 2; between 2**-127 and 2**-126 everything but 2**-127 becomes 2**-126, below them 2**-127), and NaN for
what is 0, negative, infinite or rounds to 2**128.

Blocks of an MX type follow OCP Microscaling 1.0 (section 6.3): scale exponent ``floor(log2(max|x|)) - emax``, clamped to -127
.. 127, with ``emax`` the exponent of the element type's largest value (e4m3 8, e5m2 15, e2m1 2); elements are ``x /
2**exponent``, rounded to nearest even and saturated. Where the standard leaves a choice: a block of zeros has the scale byte 0,
and a block with a NaN or an infinity the scale byte 255, which makes all of it NaN, with element patterns 0. A value is
``element * 2**(scale - 127)``, rounded once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backends.isa.dtypes import MX, DType

COMPUTE = {"f32": np.float32, "i32": np.int32, "u32": np.uint32, "i64": np.int64, "u64": np.uint64}
"""numpy's type of a compute type."""
QUIET_NAN = {"f32": 0x7FC00000, "fp16": 0x7E00, "bf16": 0x7FC0, "e4m3": 0x7F, "e5m2": 0x7E, "e2m1": 0x00, "e8m0": 0xFF}
"""Pattern that stands for NaN."""
LARGEST = {"fp16": 65504.0, "bf16": 3.3895313892515355e38, "e4m3": 448.0, "e5m2": 57344.0, "e2m1": 6.0}
"""Largest finite value of an element type of blocks."""
GREATEST_EXPONENT = {"fp16": 15, "bf16": 127, "e4m3": 8, "e5m2": 15, "e2m1": 2}
"""Exponent of the largest finite value."""
SCALE_NAN = 255
"""The scale byte of a block without numbers."""

Patterns = NDArray[Any]
"""Unsigned integers."""
Values = NDArray[Any]
"""Compute values."""


def pattern_type(dtype: DType) -> np.dtype[Any]:
    """numpy's type of the patterns."""
    return np.dtype(f"u{dtype.bytes}")


def decode(dtype: DType, patterns: ArrayLike) -> Values:
    """Values of patterns."""
    found = np.asarray(patterns, pattern_type(dtype))
    if dtype.bits == 4:
        found = found & np.uint8(15)
    with np.errstate(all="ignore"):
        return found.view(dtype.numpy).astype(COMPUTE[dtype.compute])


def encode(dtype: DType, values: ArrayLike) -> Patterns:
    """Patterns of values, which are of the compute type."""
    found = np.asarray(values, COMPUTE[dtype.compute])
    with np.errstate(all="ignore"):
        made = found.astype(dtype.numpy)
        patterns = made.view(pattern_type(dtype))
        if not dtype.is_float:
            return patterns
        nan = np.isnan(found) if dtype.name == "e2m1" else np.isnan(made.astype(np.float32))
    return np.where(nan, pattern_type(dtype).type(QUIET_NAN[dtype.name]), patterns)


def unpack(packed: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """``count`` 4-bit patterns from bytes, the even element in the low half."""
    halves: NDArray[np.uint8] = np.empty((len(packed), 2), np.uint8)
    halves[:, 0], halves[:, 1] = packed & 15, packed >> 4
    flat: NDArray[np.uint8] = halves.reshape(-1)
    return flat[:count]


def pack(patterns: NDArray[np.uint8], before: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """4-bit patterns as bytes; the last half byte of an odd count keeps what ``before`` has there."""
    last = before[-1:] >> 4 if len(patterns) % 2 else before[:0]
    halves = np.concatenate([patterns & 15, last]).reshape(-1, 2)
    packed: NDArray[np.uint8] = (halves[:, 0] | halves[:, 1] << 4).astype(np.uint8)
    return packed


def decode_block(dtype: MX, patterns: ArrayLike, scales: ArrayLike) -> NDArray[np.float32]:
    """Values of element patterns (one a element) with one scale byte for each ``dtype.block`` of them; the last may be short."""
    exponents = np.asarray(scales, np.uint8).astype(np.int32) - 127
    factors = np.where(exponents == SCALE_NAN - 127, np.nan, np.ldexp(1.0, exponents))
    with np.errstate(all="ignore"):
        elements = decode(dtype.element, patterns).astype(np.float64)
        values: NDArray[np.float32] = (elements * np.repeat(factors, dtype.block)[: len(elements)]).astype(np.float32)
    return values


def encode_block(dtype: MX, values: ArrayLike) -> tuple[Patterns, NDArray[np.uint8]]:
    """Element patterns and scale bytes of values, one scale for each ``dtype.block`` of them; the last may be short."""
    found = np.asarray(values, np.float32)
    blocks = -(-len(found) // dtype.block)
    whole: NDArray[np.float32] = np.zeros((blocks, dtype.block), np.float32)
    whole.reshape(-1)[: len(found)] = found
    numbers = np.isfinite(whole).all(axis=1)
    whole[~numbers] = 0
    greatest = np.abs(whole).max(axis=1, initial=0)
    # frexp: greatest = fraction * 2**exponent with 1/2 <= fraction < 1, exact for subnormals too.
    exponents = np.frexp(greatest.astype(np.float64))[1] - 1 - GREATEST_EXPONENT[dtype.element.name]
    exponents = np.where(greatest == 0, -127, np.clip(exponents, -127, 127))
    scales = np.where(numbers, exponents + 127, SCALE_NAN).astype(np.uint8)
    scaled = np.ldexp(whole.astype(np.float64), -exponents[:, None])
    limit = LARGEST[dtype.element.name]
    # float32 holds these quotients exactly unless they are far below the smallest element, where any rounding gives 0.
    elements = encode(dtype.element, np.clip(scaled, -limit, limit).astype(np.float32).reshape(-1)[: len(found)])
    return elements, scales
