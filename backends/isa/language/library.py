"""Functions that definitions share, written as any definition would write them: helpers in the language of bodies.

They mean the same in every engine because they are made of single operations in a fixed order. They have no branches, so that a
C compiler can work on many lanes at once.
"""

# The language of bodies is not the one that mypy checks; `check` does.
# mypy: ignore-errors

from __future__ import annotations

from backends.isa.define import function
from backends.isa.dtypes import f32, i32, u32
from backends.isa.language.builtins import bits, float_from_bits
from backends.isa.language.builtins import larger as max
from backends.isa.language.builtins import smaller as min


@function
def exp(x: f32) -> f32:
    """e**x to 2**-22 relative: e**x = 2**n * e**r with r = x - n*ln(2), |r| <= ln(2)/2, and a polynomial of degree 7 for e**r.

    Exactly 1 at 0; infinity above 88.72284; subnormal results are rounded once, below -103.97208 to 0; NaN stays NaN.
    """
    # Beyond these ends the result is 0 or infinity anyway; the order of the arguments keeps a NaN.
    inside = min(max(x, -104.0), 89.0)
    # Adding 1.5 * 2**23 rounds to an integer, which then stands in the low bits of the pattern.
    shifted = inside * 1.4426950408889634 + 12582912.0
    n = shifted - 12582912.0
    # ln(2) in two parts: n times the first is exact.
    r = (inside - n * 0.693359375) - n * -0.00021219444005469057
    p = r * 0.00019875691500 + 0.0013981999507
    p = p * r + 0.0083334519073
    p = p * r + 0.041665795894
    p = p * r + 0.16666665459
    p = p * r + 0.5
    series = (p * (r * r) + r) + 1.0
    # 2**n as two factors, each a normal number: only the last multiplication rounds.
    power = i32(bits(shifted)) - 0x4B400000
    first = power >> 1
    return series * float_from_bits(u32(first + 127) << 23) * float_from_bits(u32(power - first + 127) << 23)
