"""Block-scaled numbers in HBM: eight S1E4M3 elements share one power-of-two scale.

An element byte is sign, four exponent bits and three mantissa bits. Exponent field 0 means (m/8) * 2**-7 (not 2**-6, as
elsewhere), 1 to 14 mean (1 + m/8) * 2**(field - 7), 15 means infinity (m = 0) or NaN. A scale byte b means 2**(b - 127), 0
means 0, 255 infinity.
"""

from backends.isa import abs, clamp, exponent, f32, float_from_bits, floor, function, i32, rint, scale_by, u32

BLOCK = 8
"""Elements that share a scale."""


@function
def mx_element(code: u32) -> f32:
    """The value of an element byte before scaling."""
    field = (code >> 3) & 15
    mantissa = code & 7
    normal = float_from_bits(((field + 120) << 23) | (mantissa << 20))
    special = float_from_bits(u32(0x7F800000) | (mantissa << 20))
    tiny = f32(mantissa) * 0.0009765625  # an eighth of 2**-7
    magnitude = tiny if field == 0 else special if field == 15 else normal
    return -magnitude if code >= 128 else magnitude


@function
def mx_scale(byte: u32) -> f32:
    """The value of a scale byte: it is the exponent field of an f32, 0 and 255 included."""
    return float_from_bits(byte << 23)


@function
def mx_power(largest: f32) -> i32:
    """The power of two of a block whose greatest magnitude is ``largest``."""
    return clamp(exponent(largest + 1e-9), -127, 127)


@function
def mx_code(x: f32, half_away: bool) -> u32:
    """The element byte of a value already divided by its block's scale.

    The mantissa is rounded half away from zero, or cut to quarter steps and then rounded to even; it never carries into the
    exponent (1.99 becomes 1.875). Both zeros become byte 0.
    """
    magnitude = abs(x)
    wanted = exponent(magnitude + 1e-9)
    power = clamp(wanted, -7, 7)
    scaled = scale_by(magnitude, -power)
    steps = (scaled if power == -7 else scaled - 1.0) * 8.0
    rounded = floor(steps + 0.5) if half_away else rint(floor(steps * 4.0) / 4.0)
    mantissa = 7 if wanted > 7 else clamp(i32(rounded), 0, 7)
    sign = u32(128) if x < 0.0 else u32(0)
    code = sign | (u32(power + 7) << 3) | u32(mantissa)
    return u32(0) if magnitude == 0.0 else code
