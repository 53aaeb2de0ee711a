"""Single-precision arithmetic on patterns, in integers: exact in all five rounding modes, with exception flags.

The value of a *significand* ``sig`` with exponent ``e`` is ``sig * 2**(e - 62)``. Bits that do not fit are kept as one sticky
bit at the right end, which is enough: between it and the place of rounding there are always two more. Results are
``flags << 32 | pattern``. NaN results are the canonical one, and tininess is found after rounding, as the architecture says.
"""

from backends.isa import count_leading_zeros, function, i32, max, u32, u64

INVALID, BY_ZERO, OVERFLOW, UNDERFLOW, INEXACT = 16, 8, 4, 2, 1
"""Exception flags, as in fflags."""
RNE, RTZ, RDN, RUP, RMM = 0, 1, 2, 3, 4
"""Rounding modes: nearest ties to even, towards zero, down, up, nearest ties away from zero."""
NAN, INFINITY, SIGN = 0x7FC00000, 0x7F800000, 0x80000000
LARGEST = 0x7F7FFFFF


@function
def is_nan_pattern(a: u32) -> bool:
    """Whether it is a NaN."""
    return (a & 0x7FFFFFFF) > INFINITY


@function
def is_signaling(a: u32) -> bool:
    """Whether it is a signaling NaN."""
    return (a & 0x7FC00000) == INFINITY and (a & 0x3FFFFF) != 0


@function
def is_infinite(a: u32) -> bool:
    """Whether it is an infinity."""
    return (a & 0x7FFFFFFF) == INFINITY


@function
def is_zero(a: u32) -> bool:
    """Whether it is a zero."""
    return (a & 0x7FFFFFFF) == 0


@function
def invalid() -> u64:
    """The canonical NaN, with the flag."""
    return u64(INVALID) << 32 | NAN


@function
def nan_of(a: u32, b: u32) -> u64:
    """What two operands make of which one is NaN."""
    flags = u64(INVALID if is_signaling(a) or is_signaling(b) else 0)
    return flags << 32 | NAN


@function
def leading_zeros_64(a: u64) -> u32:
    """Zeros above the highest 1 of 64 bits."""
    high = count_leading_zeros(u32(a >> 32))
    return high if high < 32 else 32 + count_leading_zeros(u32(a))


@function
def significand(a: u32) -> u32:
    """24 bits, the highest of them set, of a finite number that is not 0."""
    fraction = a & 0x7FFFFF
    if (a >> 23 & 255) != 0:
        return fraction | 0x800000
    return fraction << (count_leading_zeros(fraction) - 8)


@function
def power(a: u32) -> i32:
    """The exponent of the highest bit of a finite number that is not 0."""
    field = i32(a >> 23 & 255)
    return field - 127 if field != 0 else -118 - i32(count_leading_zeros(a & 0x7FFFFF))


@function
def jammed(sig: u64, by: i32) -> u64:
    """A significand shifted right, its last bit set if a bit was lost."""
    amount = u32(max(by, 0))
    if amount >= 63:
        return u64(sig != 0)
    return sig >> amount | u64((sig & ((u64(1) << amount) - 1)) != 0)


@function
def rounds_up(sign: u32, mode: u32, kept: u64, rest: u64, half: u64) -> bool:
    """Whether a magnitude grows by one in its last place, ``rest`` of twice ``half`` being cut off."""
    if mode == RNE:
        return rest > half or (rest == half and (kept & 1) != 0)
    if mode == RMM:
        return rest >= half
    return rest != 0 and ((mode == RUP and sign == 0) or (mode == RDN and sign != 0))


@function
def overflowed(sign: u32, mode: u32) -> u64:
    """What is larger than any number: infinity or the largest number."""
    down = mode == RTZ or (mode == RDN and sign == 0) or (mode == RUP and sign != 0)
    pattern = u32(LARGEST if down else INFINITY)
    return u64(OVERFLOW | INEXACT) << 32 | u64(sign | pattern)


@function
def rounded(sign: u32, exponent: i32, sig: u64, mode: u32) -> u64:
    """The number nearest to a significand below 2**63 that is not 0; ``sign`` is 0 or the sign bit."""
    shift = leading_zeros_64(sig) - 1
    sig = sig << shift
    biased = exponent - i32(shift) + 127
    cut = u32(39)
    tiny = biased <= 0
    if tiny:
        full = sig >> 39
        rest = sig & ((u64(1) << 39) - 1)
        if biased == 0 and rounds_up(sign, mode, full, rest, u64(1) << 38):
            tiny = full + 1 < 1 << 24
        sig = jammed(sig, 1 - biased)
        biased = i32(0)
    kept = sig >> cut
    rest = sig & ((u64(1) << cut) - 1)
    if rounds_up(sign, mode, kept, rest, u64(1) << 38):
        kept += 1
    flags = u64(INEXACT if rest != 0 else 0)
    if tiny and rest != 0:
        flags = flags | UNDERFLOW
    # The highest bit of a normal number adds 1 to the exponent's field, and so does a carry.
    pattern = (u64(u32(max(biased - 1, 0))) << 23) + kept
    if pattern >= INFINITY:
        return overflowed(sign, mode)
    return flags << 32 | u64(sign) | pattern


@function
def added(a: u32, b: u32, mode: u32) -> u64:
    """a + b."""
    if is_nan_pattern(a) or is_nan_pattern(b):
        return nan_of(a, b)
    if is_infinite(a):
        return invalid() if is_infinite(b) and a != b else u64(a)
    if is_infinite(b):
        return u64(b)
    if is_zero(a) and is_zero(b):
        return u64(a if a == b else SIGN if mode == RDN else 0)
    if is_zero(a):
        return u64(b)
    if is_zero(b):
        return u64(a)
    return sum_of_parts(a & SIGN, power(a), u64(significand(a)) << 38, b & SIGN, power(b), u64(significand(b)) << 38, mode)


@function
def sum_of_parts(a_sign: u32, a_power: i32, a: u64, b_sign: u32, b_power: i32, b: u64, mode: u32) -> u64:
    """The sum of two numbers whose value is ``a * 2**(power - 61)``, their highest bit being 60 or 61."""
    top = max(a_power, b_power)
    a = jammed(a, top - a_power)
    b = jammed(b, top - b_power)
    if a_sign == b_sign:
        return rounded(a_sign, top + 1, a + b, mode)
    if a == b:
        return u64(SIGN if mode == RDN else 0)
    if a > b:
        return rounded(a_sign, top + 1, a - b, mode)
    return rounded(b_sign, top + 1, b - a, mode)


@function
def subtracted(a: u32, b: u32, mode: u32) -> u64:
    """a - b."""
    return nan_of(a, b) if is_nan_pattern(a) or is_nan_pattern(b) else added(a, b ^ SIGN, mode)


@function
def multiplied(a: u32, b: u32, mode: u32) -> u64:
    """a * b."""
    if is_nan_pattern(a) or is_nan_pattern(b):
        return nan_of(a, b)
    sign = (a ^ b) & SIGN
    if is_infinite(a) or is_infinite(b):
        return invalid() if is_zero(a) or is_zero(b) else u64(sign | INFINITY)
    if is_zero(a) or is_zero(b):
        return u64(sign)
    product = u64(significand(a)) * u64(significand(b)) << 14
    return rounded(sign, power(a) + power(b) + 2, product, mode)


@function
def divided(a: u32, b: u32, mode: u32) -> u64:
    """a / b."""
    if is_nan_pattern(a) or is_nan_pattern(b):
        return nan_of(a, b)
    sign = (a ^ b) & SIGN
    if is_infinite(a):
        return invalid() if is_infinite(b) else u64(sign | INFINITY)
    if is_infinite(b):
        return u64(sign)
    if is_zero(b):
        return invalid() if is_zero(a) else u64(BY_ZERO) << 32 | u64(sign | INFINITY)
    if is_zero(a):
        return u64(sign)
    above = u64(significand(a)) << 38
    below = u64(significand(b))
    quotient = (above // below) << 1 | u64(above % below != 0)
    return rounded(sign, power(a) - power(b) + 23, quotient, mode)


@function
def square_root(a: u32, mode: u32) -> u64:
    """The root of a."""
    if is_nan_pattern(a):
        return nan_of(a, a)
    if is_zero(a):
        return u64(a)
    if (a & SIGN) != 0:
        return invalid()
    if is_infinite(a):
        return u64(a)
    exponent = power(a)
    odd = (exponent & 1) != 0
    square = u64(significand(a)) << u32(38 if odd else 37)
    root = u64(0)
    for step in range(32):
        bit = u64(1) << u32(31 - step)
        if (root | bit) * (root | bit) <= square:
            root = root | bit
    half = (exponent - 61) >> 1 if odd else (exponent - 60) >> 1
    return rounded(u32(0), half + 61, root << 1 | u64(root * root != square), mode)


@function
def fused(a: u32, b: u32, c: u32, mode: u32) -> u64:
    """a * b + c, rounded once."""
    endless = is_infinite(a) or is_infinite(b)
    if (endless and (is_zero(a) or is_zero(b))) or is_signaling(a) or is_signaling(b) or is_signaling(c):
        return invalid()
    if is_nan_pattern(a) or is_nan_pattern(b) or is_nan_pattern(c):
        return u64(NAN)
    sign = (a ^ b) & SIGN
    if endless:
        return invalid() if is_infinite(c) and (c & SIGN) != sign else u64(sign | INFINITY)
    if is_infinite(c):
        return u64(c)
    if is_zero(a) or is_zero(b):
        return added(sign, c, mode)
    product = u64(significand(a)) * u64(significand(b)) << 14
    exponent = power(a) + power(b)
    if is_zero(c):
        return rounded(sign, exponent + 2, product, mode)
    return sum_of_parts(sign, exponent + 1, product, c & SIGN, power(c), u64(significand(c)) << 38, mode)


@function
def least_number(a: u32, b: u32, mode: u32) -> u64:
    """IEEE 754-2019's minimumNumber: NaN loses, -0 is less than +0."""
    flags = u64(INVALID if is_signaling(a) or is_signaling(b) else 0) << 32
    if is_nan_pattern(a):
        return flags | u64(NAN if is_nan_pattern(b) else b)
    return flags | u64(a if is_nan_pattern(b) or ordered(a) <= ordered(b) else b)


@function
def greatest_number(a: u32, b: u32, mode: u32) -> u64:
    """IEEE 754-2019's maximumNumber."""
    flags = u64(INVALID if is_signaling(a) or is_signaling(b) else 0) << 32
    if is_nan_pattern(a):
        return flags | u64(NAN if is_nan_pattern(b) else b)
    return flags | u64(a if is_nan_pattern(b) or ordered(a) >= ordered(b) else b)


@function
def ordered(a: u32) -> i32:
    """A number that grows with the value of a pattern; -0 is below +0."""
    return i32(a) if (a & SIGN) == 0 else i32(~a ^ SIGN)


@function
def equal(a: u32, b: u32) -> u64:
    """Whether a = b; a quiet NaN is no exception."""
    if is_nan_pattern(a) or is_nan_pattern(b):
        return u64(INVALID if is_signaling(a) or is_signaling(b) else 0) << 32
    return u64(a == b or (is_zero(a) and is_zero(b)))


@function
def less_than(a: u32, b: u32) -> u64:
    """Whether a < b."""
    if is_nan_pattern(a) or is_nan_pattern(b):
        return u64(INVALID) << 32
    return u64(ordered(a) < ordered(b) and not (is_zero(a) and is_zero(b)))


@function
def less_or_equal(a: u32, b: u32) -> u64:
    """Whether a <= b."""
    if is_nan_pattern(a) or is_nan_pattern(b):
        return u64(INVALID) << 32
    return u64(ordered(a) <= ordered(b) or (is_zero(a) and is_zero(b)))


@function
def magnitude_as_integer(a: u32, mode: u32) -> u64:
    """``inexact << 32 | magnitude`` of a number below 2**32, rounded to an integer; larger ones give 2**40."""
    if is_zero(a):
        return u64(0)
    exponent = power(a)
    if exponent >= 32:
        return u64(1) << 40
    sig = jammed(u64(significand(a)) << 39, 60 - exponent)  # two bits are below the point
    kept = sig >> 2
    rest = sig & 3
    if rounds_up(a & SIGN, mode, kept, rest, u64(2)):
        kept += 1
    return u64(rest != 0) << 32 | kept if kept < 1 << 32 else u64(1) << 40


@function
def to_signed(a: u32, mode: u32) -> u64:
    """A number as a signed integer; what does not fit is clipped, with the flag."""
    if is_nan_pattern(a):
        return u64(INVALID) << 32 | 0x7FFFFFFF
    parts = magnitude_as_integer(a, mode)
    negative = (a & SIGN) != 0
    most = u64(0x80000000 if negative else 0x7FFFFFFF)
    if parts >> 33 != 0 or (parts & 0xFFFFFFFF) > most:
        return u64(INVALID) << 32 | most
    size = u32(parts)
    return (parts >> 32) << 32 | u64(0 - size if negative else size)


@function
def to_unsigned(a: u32, mode: u32) -> u64:
    """A number as an unsigned integer; what does not fit is clipped, with the flag."""
    if is_nan_pattern(a):
        return u64(INVALID) << 32 | 0xFFFFFFFF
    parts = magnitude_as_integer(a, mode)
    if (a & SIGN) != 0:
        return parts & ~u64(0xFFFFFFFF) if parts >> 33 == 0 and u32(parts) == 0 else u64(INVALID) << 32
    return u64(INVALID) << 32 | 0xFFFFFFFF if parts >> 33 != 0 else parts


@function
def from_signed(a: u32, mode: u32) -> u64:
    """A signed integer as a number."""
    if a == 0:
        return u64(0)
    size = 0 - a if (a & SIGN) != 0 else a
    return rounded(a & SIGN, i32(62), u64(size), mode)


@function
def from_unsigned(a: u32, mode: u32) -> u64:
    """An unsigned integer as a number."""
    return u64(0) if a == 0 else rounded(u32(0), i32(62), u64(a), mode)


@function
def class_of(a: u32) -> u32:
    """One bit of ten: -inf, negative normal, subnormal, -0, +0, subnormal, normal, +inf, signaling and quiet NaN."""
    if is_nan_pattern(a):
        return u32(1 << 8) if is_signaling(a) else u32(1 << 9)
    field = a >> 23 & 255
    kind = u32(0) if field == 255 else u32(1) if field != 0 else u32(3) if is_zero(a) else u32(2)
    return u32(1) << kind if (a & SIGN) != 0 else u32(1) << (7 - kind)


@function
def with_sign(a: u32, b: u32) -> u32:
    """a with the sign of b."""
    return a & 0x7FFFFFFF | b & SIGN


@function
def with_other_sign(a: u32, b: u32) -> u32:
    """a with the other sign."""
    return a & 0x7FFFFFFF | ~b & SIGN


@function
def with_product_sign(a: u32, b: u32) -> u32:
    """a with the sign of a * b."""
    return a ^ b & SIGN
