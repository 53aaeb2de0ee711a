"""Vector arithmetic on elements of one width, and to twice or from twice the width: one factory for each shape."""

from backends.isa import (
    Imm,
    In,
    InOut,
    Out,
    abs,
    array,
    clamp,
    count_leading_zeros,
    function,
    i32,
    i64,
    index,
    max,
    min,
    procedure,
    u32,
    work,
)  # fmt: skip
from isa_specs.coral import vector_numbers as n
from isa_specs.coral.state import VLENB, v, vdividend, vdivisor, vl, vsigns, vxrm, x
from isa_specs.coral.vector_state import (
    MOST,
    OP_V,
    OPIVI,
    OPIVV,
    OPIVX,
    OPMVV,
    OPMVX,
    Mask,
    V,
    active,
    aligned,
    doubled,
    element,
    extended,
    group_size,
    narrower_than,
    on_wide_elements,
    prepared,
    put,
    registers_that_hold,
    saturate,
    unmasked_or_not_v0,
    vector,
    wider_than,
)  # fmt: skip

Signed, Unsigned = Imm(signed=True), Imm()


@function
def clip(value: i64, width: u32, signed: bool) -> i64:
    """The number nearest to a value that an element holds."""
    low = -(i64(1) << (8 * width - 1)) if signed else i64(0)
    high = (i64(1) << (8 * width - 1 if signed else 8 * width)) - 1
    return max(min(value, high), low)


@procedure
def same_groups(vm: u32, vd: int, vs2: int) -> u32:
    """Destination and source of the same width: legality, and the width."""
    width = prepared()
    log2 = group_size()
    unmasked_or_not_v0(vm, vd)
    aligned(vd, log2)
    aligned(vs2, log2)
    return width


@procedure
def one_more(vs1: int):
    """Another source of the same width."""
    log2 = group_size()
    aligned(vs1, log2)


@procedure
def widened_groups(vm: u32, vd: int, vs2: int, wide_source: bool) -> u32:
    """A destination of twice the width, and a source: legality, and the width."""
    width = prepared()
    on_wide_elements(width)
    log2 = group_size()
    unmasked_or_not_v0(vm, vd)
    aligned(vd, log2 + 1)
    if wide_source:
        aligned(vs2, log2 + 1)
    else:
        widened_from(vd, vs2)
    return width


@procedure
def widened_from(vd: int, source: int):
    """A source of half the destination's width."""
    log2 = group_size()
    aligned(source, log2)
    wider_than(vd, log2 + 1, source, log2)


@procedure
def narrowed_groups(vm: u32, vd: int, vs2: int) -> u32:
    """A source of twice the width: legality, and the width."""
    width = prepared()
    on_wide_elements(width)
    log2 = group_size()
    unmasked_or_not_v0(vm, vd)
    aligned(vd, log2)
    aligned(vs2, log2 + 1)
    narrower_than(vd, log2, vs2, log2 + 1)
    return width


@procedure
def division_takes(vs2: int, vs1: int, scalar: i64, vectors: bool, width: u32, signed: bool):
    """What the divider takes for each register: its slowest lane finds 3 bits a cycle, from the dividend's highest 1 on. A lane
    is done at once if it had the operands before, or by 0. Lanes 0 to 7 are 8 bits wide, 8 to 11 16, 12 to 15 32; elements use
    the last that are wide enough, those past vl too."""
    dividends = array(u32, VLENB)
    divisors = array(u32, VLENB)
    signs = array(u32, VLENB)
    for lane in range(VLENB):
        dividends[lane] = vdividend[lane]
        divisors[lane] = vdivisor[lane]
        signs[lane] = vsigns[lane]
    count = VLENB >> (width >> 1)
    registers = registers_that_hold(vl.value * width)
    for part in range(8):
        slowest = u32(1)
        for i in range(VLENB):
            if u32(part) < registers and u32(i) < count:
                number = clamp(u32(part) * count + u32(i), 0, MOST - 1)
                a = element(vs2, number, width, signed)
                b = scalar
                if vectors:
                    b = element(vs1, number, width, signed)
                used = clamp(16 - count + u32(i), 0, VLENB - 1)
                dividend = u32(abs(a))
                divisor = u32(abs(b))
                sign = u32((a < 0) != (b < 0)) << 1 | u32(a < 0)
                trivial = b == 0 or (signed and b == -1 and a == -(i64(1) << (8 * width - 1)))
                if trivial:
                    dividend = u32(0)
                    divisor = u32(0)
                    sign = u32(0)
                elif dividend != dividends[used] or divisor != divisors[used] or sign != signs[used]:
                    slowest = max(slowest, 1 + (34 - count_leading_zeros(dividend)) // 3)
                dividends[used] = dividend
                divisors[used] = divisor
                signs[used] = sign
        work(slowest, part=part)
    for lane2 in range(VLENB):
        vdividend[lane2] = dividends[lane2]
        vdivisor[lane2] = divisors[lane2]
        vsigns[lane2] = signs[lane2]


def same_width(
    name, funct6, compute, doc, forms="vv vx vi", signed=True, clips=False, multiply=False, constant=Signed, timing="vector",
    mixed=False,
):  # fmt: skip
    """Elements of one width from elements of that width. ``clips``: results that do not fit saturate. ``mixed``: the second
    source is unsigned."""
    b_signed = signed and not mixed
    kinds = (OPMVV, OPMVX, None) if multiply else (OPIVV, OPIVX, OPIVI)
    rule = "" if not clips else " Results that do not fit are clipped."
    divides = timing == "vector_divide"

    def of_vectors(vd: Out(v), vs2: In(v), vs1: In(v), vm: Mask):
        width = same_groups(vm, index(vd), index(vs2))
        one_more(index(vs1))
        if divides:
            division_takes(index(vs2), index(vs1), i64(0), True, width, signed)
        clipped = u32(0)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, width, signed)
                b = element(index(vs1), i, width, b_signed)
                value = compute(a, b, i32(width) * 8, vxrm.value)
                clipped = clipped | u32(clip(value, width, signed) != value)
                put(index(vd), i, width, clip(value, width, signed) if clips else value)
        if clips:
            saturate(clipped)

    def of_scalar(vd: Out(v), vs2: In(v), rs1: In(x), vm: Mask):
        width = same_groups(vm, index(vd), index(vs2))
        b = extended(rs1, width, b_signed)
        if divides:
            division_takes(index(vs2), 0, b, False, width, signed)
        clipped = u32(0)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, width, signed)
                value = compute(a, b, i32(width) * 8, vxrm.value)
                clipped = clipped | u32(clip(value, width, signed) != value)
                put(index(vd), i, width, clip(value, width, signed) if clips else value)
        if clips:
            saturate(clipped)

    def of_constant(vd: Out(v), vs2: In(v), imm: constant, vm: Mask):
        width = same_groups(vm, index(vd), index(vs2))
        b = extended(u32(imm), width, signed)
        clipped = u32(0)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, width, signed)
                value = compute(a, b, i32(width) * 8, vxrm.value)
                clipped = clipped | u32(clip(value, width, signed) != value)
                put(index(vd), i, width, clip(value, width, signed) if clips else value)
        if clips:
            saturate(clipped)

    bodies = {"vv": (of_vectors, kinds[0], "vs1"), "vx": (of_scalar, kinds[1], "rs1"), "vi": (of_constant, kinds[2], "imm")}
    for form in forms.split():
        body, funct3, second = bodies[form]
        encoding = V(opcode=OP_V, funct6=funct6, funct3=funct3)
        vector(body, f"{name}.{form}", encoding, timing, f"vd, vs2, {second}, vm", doc + rule)


def twice_the_width(name, funct6, compute, doc, a_signed, b_signed, wide_first=False, multiply=False):
    """Elements of twice the width. ``wide_first``: those of vs2 have it already."""

    def of_vectors(vd: Out(v), vs2: In(v), vs1: In(v), vm: Mask):
        width = widened_groups(vm, index(vd), index(vs2), wide_first)
        wide = doubled(width)
        widened_from(index(vd), index(vs1))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, wide if wide_first else width, a_signed)
                b = element(index(vs1), i, width, b_signed)
                put(index(vd), i, wide, compute(a, b, i32(width) * 8, u32(0)))

    def of_scalar(vd: Out(v), vs2: In(v), rs1: In(x), vm: Mask):
        width = widened_groups(vm, index(vd), index(vs2), wide_first)
        wide = doubled(width)
        b = extended(rs1, width, b_signed)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, wide if wide_first else width, a_signed)
                put(index(vd), i, wide, compute(a, b, i32(width) * 8, u32(0)))

    suffix = "w" if wide_first else "v"
    for body, form, funct3, second in ((of_vectors, "v", OPMVV, "vs1"), (of_scalar, "x", OPMVX, "rs1")):
        encoding = V(opcode=OP_V, funct6=funct6, funct3=funct3)
        timing = "vector_widen_multiply" if multiply else f"vector_widen_{suffix}{form}"
        vector(body, f"{name}.{suffix}{form}", encoding, timing, f"vd, vs2, {second}, vm", doc)


def half_the_width(name, funct6, compute, doc, signed, clips=False):
    """Elements of the width from elements of twice that."""

    def of_vectors(vd: Out(v), vs2: In(v), vs1: In(v), vm: Mask):
        width = narrowed_groups(vm, index(vd), index(vs2))
        wide = doubled(width)
        one_more(index(vs1))
        clipped = u32(0)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, wide, signed)
                b = element(index(vs1), i, width, False)
                value = compute(a, b, i32(width) * 8, vxrm.value)
                clipped = clipped | u32(clip(value, width, signed) != value)
                put(index(vd), i, width, clip(value, width, signed) if clips else value)
        if clips:
            saturate(clipped)

    def of_scalar(vd: Out(v), vs2: In(v), rs1: In(x), vm: Mask):
        width = narrowed_groups(vm, index(vd), index(vs2))
        wide = doubled(width)
        clipped = u32(0)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, wide, signed)
                value = compute(a, i64(rs1), i32(width) * 8, vxrm.value)
                clipped = clipped | u32(clip(value, width, signed) != value)
                put(index(vd), i, width, clip(value, width, signed) if clips else value)
        if clips:
            saturate(clipped)

    def of_constant(vd: Out(v), vs2: In(v), imm: Unsigned, vm: Mask):
        width = narrowed_groups(vm, index(vd), index(vs2))
        wide = doubled(width)
        clipped = u32(0)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, wide, signed)
                value = compute(a, i64(imm), i32(width) * 8, vxrm.value)
                clipped = clipped | u32(clip(value, width, signed) != value)
                put(index(vd), i, width, clip(value, width, signed) if clips else value)
        if clips:
            saturate(clipped)

    forms = ((of_vectors, "wv", OPIVV, "vs1"), (of_scalar, "wx", OPIVX, "rs1"), (of_constant, "wi", OPIVI, "imm"))
    for body, form, funct3, second in forms:
        encoding = V(opcode=OP_V, funct6=funct6, funct3=funct3)
        vector(body, f"{name}.{form}", encoding, "vector_narrow", f"vd, vs2, {second}, vm", doc)


def accumulated(name, funct6, compute, doc, forms="vv vx", wide=False, a_signed=True, b_signed=True):
    """Products that are added to, or multiplied with, what the destination holds. ``wide``: it has twice the width."""

    def of_vectors(vd: InOut(v), vs1: In(v), vs2: In(v), vm: Mask):
        width = prepared()
        made = width
        if wide:
            made = doubled(width)
            width = widened_groups(vm, index(vd), index(vs2), False)
            widened_from(index(vd), index(vs1))
        else:
            width = same_groups(vm, index(vd), index(vs2))
            one_more(index(vs1))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                d = element(index(vd), i, made, True)
                a = element(index(vs2), i, width, a_signed)
                b = element(index(vs1), i, width, b_signed)
                put(index(vd), i, made, compute(d, a, b))

    def of_scalar(vd: InOut(v), rs1: In(x), vs2: In(v), vm: Mask):
        width = prepared()
        made = width
        if wide:
            made = doubled(width)
            width = widened_groups(vm, index(vd), index(vs2), False)
        else:
            width = same_groups(vm, index(vd), index(vs2))
        b = extended(rs1, width, b_signed)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                d = element(index(vd), i, made, True)
                a = element(index(vs2), i, width, a_signed)
                put(index(vd), i, made, compute(d, a, b))

    for body, form, funct3, first in ((of_vectors, "vv", OPMVV, "vs1"), (of_scalar, "vx", OPMVX, "rs1")):
        if form in forms.split():
            encoding = V(opcode=OP_V, funct6=funct6, funct3=funct3)
            timing = "vector_widen_accumulate" if wide else "vector_accumulate"
            vector(body, f"{name}.{form}", encoding, timing, f"vd, {first}, vs2, vm", doc)


same_width("vadd", 0b000000, n.plus, "Sums.")
same_width("vsub", 0b000010, n.minus, "Differences.", forms="vv vx")
same_width("vrsub", 0b000011, n.minus_reversed, "A number less the elements.", forms="vx vi")
same_width("vminu", 0b000100, n.lesser, "The lesser, as unsigned numbers.", forms="vv vx", signed=False)
same_width("vmin", 0b000101, n.lesser, "The lesser, as signed numbers.", forms="vv vx")
same_width("vmaxu", 0b000110, n.greater, "The greater, as unsigned numbers.", forms="vv vx", signed=False)
same_width("vmax", 0b000111, n.greater, "The greater, as signed numbers.", forms="vv vx")
same_width("vand", 0b001001, n.both, "And.")
same_width("vor", 0b001010, n.either, "Or.")
same_width("vxor", 0b001011, n.one_of, "Exclusive or.")
same_width("vsll", 0b100101, n.left, "Shifts left by the low bits of an element.", signed=False, constant=Unsigned)
same_width("vsrl", 0b101000, n.right, "Shifts right, zeros coming in.", signed=False, constant=Unsigned)
same_width("vsra", 0b101001, n.right, "Shifts right, copies of the sign coming in.", constant=Unsigned)
same_width("vsaddu", 0b100000, n.plus, "Sums of unsigned numbers.", signed=False, clips=True)
same_width("vsadd", 0b100001, n.plus, "Sums of signed numbers.", clips=True)
same_width("vssubu", 0b100010, n.minus, "Differences of unsigned numbers.", forms="vv vx", signed=False, clips=True)
same_width("vssub", 0b100011, n.minus, "Differences of signed numbers.", forms="vv vx", clips=True)
same_width("vsmul", 0b100111, n.fraction_product, "Products of fractions, rounded as vxrm says.", forms="vv vx", clips=True,
           timing="vector_multiply")  # fmt: skip
same_width("vssrl", 0b101010, n.scaled, "Shifts right, rounded as vxrm says.", signed=False, constant=Unsigned)
same_width("vssra", 0b101011, n.scaled, "Shifts signed numbers right, rounded as vxrm says.", constant=Unsigned)
same_width("vaaddu", 0b001000, n.mean, "Means of unsigned numbers, rounded as vxrm says.", "vv vx", signed=False, multiply=True)
same_width("vaadd", 0b001001, n.mean, "Means of signed numbers, rounded as vxrm says.", "vv vx", multiply=True)
same_width("vasubu", 0b001010, n.half_difference, "Half of differences of unsigned numbers, rounded as vxrm says.", "vv vx",
           signed=False, multiply=True)  # fmt: skip
same_width("vasub", 0b001011, n.half_difference, "Half of differences, rounded as vxrm says.", "vv vx", multiply=True)
same_width("vdivu", 0b100000, n.quotient_of, "Unsigned quotients; by 0 all bits are set.", "vv vx", signed=False, multiply=True,
           timing="vector_divide")  # fmt: skip
same_width(
    "vdiv", 0b100001, n.quotient_of, "Signed quotients, towards 0; by 0 it is -1.", "vv vx", multiply=True, timing="vector_divide"
)
same_width("vremu", 0b100010, n.remainder_of, "Unsigned remainders; by 0 the dividend.", "vv vx", signed=False, multiply=True,
           timing="vector_divide")  # fmt: skip
same_width(
    "vrem", 0b100011, n.remainder_of, "Signed remainders; by 0 the dividend.", "vv vx", multiply=True, timing="vector_divide"
)
same_width("vmulhu", 0b100100, n.times_high, "Upper halves of unsigned products.", "vv vx", signed=False, multiply=True,
           timing="vector_multiply")  # fmt: skip
same_width("vmul", 0b100101, n.times, "Products.", "vv vx", multiply=True, timing="vector_multiply")
same_width("vmulhsu", 0b100110, n.times_high, "Upper halves of products of signed (vs2) and unsigned numbers.", "vv vx",
           multiply=True, timing="vector_multiply", mixed=True)  # fmt: skip
same_width("vmulh", 0b100111, n.times_high, "Upper halves of signed products.", "vv vx", multiply=True, timing="vector_multiply")

twice_the_width("vwaddu", 0b110000, n.plus, "Sums of unsigned numbers, in twice the width.", False, False)
twice_the_width("vwadd", 0b110001, n.plus, "Sums of signed numbers, in twice the width.", True, True)
twice_the_width("vwsubu", 0b110010, n.minus, "Differences of unsigned numbers, in twice the width.", False, False)
twice_the_width("vwsub", 0b110011, n.minus, "Differences of signed numbers, in twice the width.", True, True)
twice_the_width("vwaddu", 0b110100, n.plus, "Adds unsigned numbers to elements of twice the width.", False, False, True)
twice_the_width("vwadd", 0b110101, n.plus, "Adds signed numbers to elements of twice the width.", True, True, True)
twice_the_width("vwsubu", 0b110110, n.minus, "Subtracts unsigned numbers from elements of twice the width.", False, False, True)
twice_the_width("vwsub", 0b110111, n.minus, "Subtracts signed numbers from elements of twice the width.", True, True, True)
for _name, _funct6, _a, _b, _what in (
    ("vwmulu", 0b111000, False, False, "unsigned"), ("vwmulsu", 0b111010, True, False, "signed (vs2) and unsigned"),
    ("vwmul", 0b111011, True, True, "signed"),
):  # fmt: skip
    twice_the_width(_name, _funct6, n.times, f"Products of {_what} numbers, in twice the width.", _a, _b, multiply=True)

half_the_width("vnsrl", 0b101100, n.right_from_wide, "Lower halves of elements of twice the width, shifted right.", False)
half_the_width("vnsra", 0b101101, n.right_from_wide, "Lower halves of signed elements of twice the width, shifted right.", True)
half_the_width(
    "vnclipu", 0b101110, n.scaled_from_wide, "Shifts unsigned elements of twice the width, rounds and clips.", False, True
)
half_the_width("vnclip", 0b101111, n.scaled_from_wide, "Shifts signed elements of twice the width, rounds and clips.", True, True)

accumulated("vmacc", 0b101101, n.sum_with_product, "Adds products to vd.")
accumulated("vnmsac", 0b101111, n.difference_with_product, "Subtracts products from vd.")
accumulated("vmadd", 0b101001, n.product_with_sum, "Multiplies vd with vs1 and adds vs2.")
accumulated("vnmsub", 0b101011, n.product_from_sum, "Multiplies vd with vs1 and subtracts that from vs2.")
accumulated(
    "vwmaccu",
    0b111100,
    n.sum_with_product,
    "Adds unsigned products to vd, which has twice the width.",
    "vv vx",
    True,
    False,
    False,
)
accumulated("vwmacc", 0b111101, n.sum_with_product, "Adds signed products to vd, which has twice the width.", "vv vx", True)
accumulated(
    "vwmaccus",
    0b111110,
    n.sum_with_product,
    "Adds unsigned rs1 times signed vs2 to vd of twice the width.",
    "vx",
    True,
    True,
    False,
)
accumulated(
    "vwmaccsu",
    0b111111,
    n.sum_with_product,
    "Adds signed vs1 times unsigned vs2 to vd of twice the width.",
    "vv vx",
    True,
    False,
    True,
)
