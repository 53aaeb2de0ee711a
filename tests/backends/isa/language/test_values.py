"""Machine integers and builtins as CPython runs them."""

import math

import numpy as np
import pytest

from backends.isa.dtypes import bf16, e4m3, f32
from backends.isa.language import builtins
from backends.isa.language.values import I32, I64, U32, U64, as_type, convert, single


def same(value, kind, number):
    return type(value) is kind and value.value == number


def test_arithmetic_wraps_in_its_own_type():
    assert same(U32(1) - 2, U32, 2**32 - 1)
    assert same(3 - U32(4), U32, 2**32 - 1)
    assert same(I32(2**31 - 1) + 1, I32, -(2**31))
    assert same(U64(2**63) * 2, U64, 0)
    assert same(-I64(-(2**63)), I64, -(2**63))
    assert same(~U32(0), U32, 2**32 - 1)
    assert same(abs(I32(-(2**31))), I32, -(2**31))
    assert same(6 & U32(3) | 8, U32, 10)


@pytest.mark.parametrize(
    ("a", "b", "quotient", "rest"), [(7, 0, 0, 7), (-7, 2, -4, 1), (7, -2, -4, -1), (-(2**31), -1, -(2**31), 0)]
)
def test_division(a, b, quotient, rest):
    assert same(I32(a) // I32(b), I32, quotient)
    assert same(I32(a) % I32(b), I32, rest)
    assert same(a // I32(b), I32, quotient)


def test_shifts_are_total():
    assert same(U32(1) << 32, U32, 0)
    assert same(I32(-8) >> 40, I32, -1)
    assert same(I32(-8) >> U32(1), I32, -4)
    assert same(U32(1) << U32(31), U32, 2**31)
    assert same(I32(8) >> I32(-1), I32, 0)
    assert 1 << U32(3) == 8
    assert same(1 << I32(3), I32, 8)


def test_types_do_not_mix_and_are_no_conditions():
    for wrong in (lambda: U32(1) + I32(1), lambda: np.float32(1) + I32(1), lambda: I32(1) * np.float32(1), lambda: U32(1) == True,  # noqa: E712
                  lambda: I32(1) < U64(1), lambda: I32(4) / 2, lambda: bool(I32(1)), lambda: as_type("i32", U32(1)),
                  lambda: as_type("f32", I32(1)), lambda: as_type("bool", 1)):  # fmt: skip
        with pytest.raises(TypeError):
            wrong()


def test_comparisons():
    assert U32(2**31) > 5
    assert I32(-1) < 0
    assert I32(3) == I32(3)
    assert I32(3) != 4
    assert U32(2) >= 2


@pytest.mark.parametrize(
    ("kind", "value", "number"),
    [("i32", 3.99, 3), ("i32", -3.99, -3), ("i32", math.nan, 0), ("i32", 3e9, 2**31 - 1), ("u32", -1, 2**32 - 1),
     ("u32", -1.5, 0), ("u64", math.inf, 2**64 - 1), ("i64", -math.inf, -(2**63)), ("i32", True, 1)],
)  # fmt: skip
def test_conversions_to_integers(kind, value, number):
    assert convert(kind, np.float32(value) if isinstance(value, float) else value).value == number


def test_integers_round_once_to_f32():
    # By way of a double, 2**53 + 2**29 + 1 would become a tie, and go down.
    for number, wanted in ((2**24 + 1, 2**24), (2**53 + 2**29 + 1, 2**53 + 2**30), (-(2**63), -(2**63)), (2**64 - 1, 2**64)):
        assert int(single(number)) == wanted


def test_extremes_follow_the_comparison():
    nan = np.float32(math.nan)
    assert builtins.larger(np.float32(1), nan) == 1
    assert np.isnan(builtins.larger(nan, np.float32(1)))
    assert same(builtins.smaller(U32(7), 3), U32, 3)
    assert same(builtins.clamp(I32(-4), 0, 9), I32, 0)
    assert np.signbit(builtins.magnitude(np.float32(-0.0))) == np.False_


def test_patterns_of_floats():
    assert same(builtins.bits(np.float32(-1)), U32, 0xBF800000)
    assert same(builtins.bits(np.float32(-math.nan)), U32, 0x7FC00000)
    assert builtins.float_from_bits(U32(0x3F800000)) == 1
    assert same(builtins.encode(bf16, np.float32(1)), U32, 0x3F80)
    assert builtins.decode(e4m3, U32(0xFF38)) == 1
    assert builtins.round_to(bf16, np.float32(257)) == 256


@pytest.mark.parametrize(
    ("x", "wanted"), [(1.0, 0), (0.75, -1), (-8.0, 3), (1e-45, -149), (0.0, -1000), (math.inf, 1000), (math.nan, 1000)]
)
def test_exponent(x, wanted):
    assert same(builtins.exponent(np.float32(x)), I32, wanted)


def test_scaling_rounds_once():
    assert builtins.scale_by(np.float32(3), I32(-150)) == np.float32(2.8e-45)  # 1.5 * 2**-149: the tie goes to even
    assert builtins.scale_by(np.float32(1), I32(-(2**31))) == 0
    with np.errstate(over="ignore"):
        assert builtins.scale_by(np.float32(1), I32(2**31 - 1)) == math.inf
    assert builtins.scale_by(np.float32(1e-45), 149) == 1


def test_other_builtins():
    assert builtins.rint(np.float32(2.5)) == 2
    assert builtins.floor(np.float32(-0.5)) == -1
    assert same(builtins.count_leading_zeros(U32(1)), U32, 31)
    assert same(builtins.count_leading_zeros(U32(0)), U32, 32)
    table = builtins.array(f32, 2, 3)
    table[1, 2] = 4
    assert table[1, 2] == np.float32(4)
    with pytest.raises(IndexError):
        table[0, 3]
    with pytest.raises(RuntimeError, match="require"):
        builtins.require(True, None)
