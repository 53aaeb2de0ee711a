"""Storage types against a plain reading of their bits, and the nearest value found by search."""

from fractions import Fraction

import numpy as np
import pytest

from backends.isa.conversion import decode, decode_block, encode, encode_block, pack, unpack
from backends.isa.dtypes import MX, bf16, e2m1, e4m3, e5m2, e8m0, f32, fp16, i8, i16, i64, u8

LAYOUT = {"fp16": (5, 10), "bf16": (8, 7), "e4m3": (4, 3), "e5m2": (5, 2), "e2m1": (2, 1)}
"""Bits of exponent and mantissa."""


def read(dtype, pattern):
    """The value of a pattern, from the format's definition; None for NaN."""
    exponent_bits, mantissa_bits = LAYOUT[dtype.name]
    bias = (1 << (exponent_bits - 1)) - 1
    sign = -1 if pattern >> (exponent_bits + mantissa_bits) & 1 else 1
    exponent = pattern >> mantissa_bits & ((1 << exponent_bits) - 1)
    mantissa = pattern & ((1 << mantissa_bits) - 1)
    if dtype.name == "e4m3" and exponent == 15 and mantissa == 7:
        return None
    if exponent == (1 << exponent_bits) - 1 and dtype.name in ("fp16", "bf16", "e5m2"):
        return None if mantissa else sign * float("inf")
    fraction = Fraction(mantissa, 1 << mantissa_bits) + (exponent > 0)
    return sign * float(fraction * Fraction(2) ** (max(exponent, 1) - bias))


@pytest.mark.parametrize("dtype", [fp16, bf16, e4m3, e5m2, e2m1])
def test_every_pattern_reads_as_the_format_says_and_comes_back(dtype):
    patterns = np.arange(1 << dtype.bits)
    values = decode(dtype, patterns)
    for pattern, value in zip(patterns.tolist(), values.tolist(), strict=True):
        wanted = read(dtype, pattern)
        assert np.isnan(value) if wanted is None else value == wanted
    numbers = ~np.isnan(values)
    assert np.array_equal(encode(dtype, values)[numbers], patterns[numbers])


@pytest.mark.parametrize("dtype", [fp16, bf16, e4m3, e5m2, e2m1])
def test_values_between_two_patterns_go_to_the_nearest_and_ties_to_even(dtype):
    positive = np.arange(1 << (dtype.bits - 1))
    values = decode(dtype, positive)
    finite = positive[np.isfinite(values)]
    values = np.where(np.isfinite(values), values, 0).astype(np.float64)
    low, high = values[finite[:-1]], values[finite[1:]]
    middle = ((low + high) / 2).astype(np.float32)
    below, above = np.nextafter(middle, np.float32(-1)), np.nextafter(middle, np.float32(np.inf))
    exact = middle.astype(np.float64) * 2 == low + high  # the f32 range ends before the halves of bf16's subnormals do
    assert exact.any()
    even = np.where(finite[:-1] % 2 == 0, finite[:-1], finite[1:])
    top = 1 << (dtype.bits - 1)
    assert np.array_equal(encode(dtype, middle)[exact], even[exact])
    assert np.array_equal(encode(dtype, below)[exact], finite[:-1][exact])
    assert np.array_equal(encode(dtype, above)[exact], finite[1:][exact])
    assert np.array_equal(encode(dtype, -middle)[exact], even[exact] | top)


@pytest.mark.parametrize(
    ("dtype", "values", "patterns"),
    [
        (fp16, [65519, 65520, -np.inf, -np.nan], [0x7BFF, 0x7C00, 0xFC00, 0x7E00]),
        (bf16, [3.4e38, -np.inf, -np.nan], [0x7F80, 0xFF80, 0x7FC0]),
        (f32, [-np.nan, -0.0], [0x7FC00000, 0x80000000]),
        (e4m3, [464, 465, -465, np.inf, -np.nan], [0x7E, 0x7F, 0x7F, 0x7F, 0x7F]),
        (e5m2, [61439, 61440, -np.inf, -np.nan], [0x7B, 0x7C, 0xFC, 0x7E]),
        (e2m1, [7, -np.inf, np.nan, -np.nan], [7, 15, 0, 0]),
        (e8m0, [1, 1.5, 3, 0, -1, np.inf, np.nan, 2.0**-127], [127, 128, 129, 255, 255, 255, 255, 0]),
    ],
)
def test_what_does_not_fit(dtype, values, patterns):
    assert encode(dtype, values).tolist() == patterns


def test_integers_wrap():
    assert encode(i8, [128, -129, 255]).tolist() == [0x80, 0x7F, 0xFF]
    assert decode(i8, [0x80, 0x7F]).tolist() == [-128, 127]
    assert encode(u8, [257]).tolist() == [1]
    assert decode(i16, [0xFFFF]).tolist() == [-1]
    assert decode(i64, [2**63]).tolist() == [-(2**63)]


def test_scales_are_powers_of_two():
    values = decode(e8m0, np.arange(256))
    assert np.isnan(values[255])
    assert values[:255].tolist() == [2.0 ** (n - 127) for n in range(255)]
    assert encode(e8m0, values).tolist() == list(range(256))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_packed_elements_come_back_and_keep_their_neighbour(count):
    patterns = np.arange(1, count + 1, dtype=np.uint8)
    packed = pack(patterns, np.full((count + 1) // 2, 0xF0, np.uint8))
    assert unpack(packed, count).tolist() == patterns.tolist()
    assert packed[-1] >> 4 == (15 if count % 2 else count)


@pytest.mark.parametrize(("element", "largest"), [(e4m3, 448.0), (e5m2, 57344.0), (e2m1, 6.0)])
def test_blocks(element, largest):
    kind = MX(element, 4)
    patterns, scales = encode_block(kind, [largest, 0, -1, 0.5, 0, 0, 0, 0, largest * 2, largest * 1.99, 0, 0])
    assert scales.tolist() == [127, 0, 128]
    assert decode_block(kind, patterns, scales)[[0, 4, 8]].tolist() == [largest, 0, largest * 2]
    assert np.isnan(decode_block(kind, patterns[:4], [255])).all()


def test_blocks_without_numbers_saturation_and_short_blocks():
    kind = MX(e4m3, 4)
    patterns, scales = encode_block(kind, [1, np.nan, 2, 3, np.inf])
    assert (patterns.tolist(), scales.tolist()) == ([0, 0, 0, 0, 0], [255, 255])
    # 1.99 * 2**8 = 509 keeps the exponent of its largest power of two and saturates at 448.
    patterns, scales = encode_block(kind, [509.0])
    assert (patterns.tolist(), scales.tolist()) == ([0x7E], [127])
    tiny = np.float32(1e-45)
    patterns, scales = encode_block(kind, [tiny])
    assert scales.tolist() == [0]
    assert decode_block(kind, patterns, scales).tolist() == [0]  # 2**-149 is far below an element of scale 2**-127
