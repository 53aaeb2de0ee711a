"""What vector instructions compute with two elements: ``a`` is that of vs2, ``b`` that of vs1, a register or a constant.

Numbers come sign- or zero-extended from ``bits`` bits, as the instruction says; of the result the low bits count. ``mode`` is
vxrm.
"""

from backends.isa import abs, function, i32, i64, max, min, u32, u64


@function
def plus(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a + b."""
    return a + b


@function
def minus(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a - b."""
    return a - b


@function
def minus_reversed(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """b - a."""
    return b - a


@function
def lesser(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """The lesser."""
    return min(a, b)


@function
def greater(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """The greater."""
    return max(a, b)


@function
def both(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a and b."""
    return a & b


@function
def either(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a or b."""
    return a | b


@function
def one_of(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a xor b."""
    return a ^ b


@function
def times(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a * b."""
    return a * b


@function
def times_high(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """The upper half of a product; also of unsigned numbers, whose product of 32 bits each needs all 64."""
    return i64(u64(a * b) >> u32(bits))


@function
def amount(b: i64, bits: i32) -> u32:
    """The bits of a shift amount that count."""
    return u32(b) & u32(bits - 1)


@function
def left(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a << b."""
    return a << amount(b, bits)


@function
def right(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a >> b."""
    return a >> amount(b, bits)


@function
def right_from_wide(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """A shift of an element of twice the width."""
    return a >> amount(b, 2 * bits)


@function
def quotient_of(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a / b towards 0; -1 by 0."""
    if b == 0:
        return i64(-1)
    size = abs(a) // abs(b)
    return -size if (a < 0) != (b < 0) else size


@function
def remainder_of(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a - a / b * b; a by 0."""
    size = abs(a) % abs(b)
    return -size if a < 0 else size


@function
def rounded_shift(a: i64, by: u32, mode: u32) -> i64:
    """a / 2**by, rounded as vxrm says."""
    kept = a >> by
    if by == 0:
        return kept
    half = (a >> (by - 1) & 1) != 0
    below = (a & ((i64(1) << (by - 1)) - 1)) != 0
    odd = (kept & 1) != 0
    up = half if mode == 0 else half and (below or odd) if mode == 1 else (not odd and (half or below)) if mode == 3 else False
    return kept + i64(up)


@function
def mean(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """(a + b) / 2."""
    return rounded_shift(a + b, u32(1), mode)


@function
def half_difference(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """(a - b) / 2."""
    return rounded_shift(a - b, u32(1), mode)


@function
def fraction_product(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a * b with the point after the sign."""
    return rounded_shift(a * b, u32(bits - 1), mode)


@function
def scaled(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a / 2**b."""
    return rounded_shift(a, amount(b, bits), mode)


@function
def scaled_from_wide(a: i64, b: i64, bits: i32, mode: u32) -> i64:
    """a / 2**b, a of twice the width."""
    return rounded_shift(a, amount(b, 2 * bits), mode)


# Comparisons: 1 or 0


@function
def is_equal(a: i64, b: i64) -> u32:
    """Whether a = b."""
    return u32(a == b)


@function
def is_different(a: i64, b: i64) -> u32:
    """Whether a and b differ."""
    return u32(a != b)


@function
def is_less(a: i64, b: i64) -> u32:
    """Whether a < b."""
    return u32(a < b)


@function
def is_less_or_equal(a: i64, b: i64) -> u32:
    """Whether a <= b."""
    return u32(a <= b)


@function
def is_greater(a: i64, b: i64) -> u32:
    """Whether a > b."""
    return u32(a > b)


# Of three: what was in the destination, and two elements


@function
def sum_with_product(d: i64, a: i64, b: i64) -> i64:
    """d + a * b."""
    return d + a * b


@function
def difference_with_product(d: i64, a: i64, b: i64) -> i64:
    """d - a * b."""
    return d - a * b


@function
def product_with_sum(d: i64, a: i64, b: i64) -> i64:
    """d * b + a."""
    return d * b + a


@function
def product_from_sum(d: i64, a: i64, b: i64) -> i64:
    """a - d * b."""
    return a - d * b


# Of bits


@function
def and_bits(a: u32, b: u32) -> u32:
    """a and b."""
    return a & b


@function
def nand_bits(a: u32, b: u32) -> u32:
    """not (a and b)."""
    return ~(a & b)


@function
def and_not_bits(a: u32, b: u32) -> u32:
    """a and not b."""
    return a & ~b


@function
def xor_bits(a: u32, b: u32) -> u32:
    """a xor b."""
    return a ^ b


@function
def or_bits(a: u32, b: u32) -> u32:
    """a or b."""
    return a | b


@function
def nor_bits(a: u32, b: u32) -> u32:
    """not (a or b)."""
    return ~(a | b)


@function
def or_not_bits(a: u32, b: u32) -> u32:
    """a or not b."""
    return a | ~b


@function
def xnor_bits(a: u32, b: u32) -> u32:
    """not (a xor b)."""
    return ~(a ^ b)
