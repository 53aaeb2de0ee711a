"""RV32F: single-precision numbers in registers of their own; the arithmetic is that of `softfloat`.

An instruction's rounding mode is in its word, or in frm where it says ``dyn``. Instructions that round nothing have none.
"""

from backends.isa import Imm, In, Out, count_leading_zeros, function, load, min, procedure, require, store, u32, u64, work
from isa_specs.coral import softfloat
from isa_specs.coral.state import R4, I, R, S, f, fflags, frm, illegal_rounding, isa, lines, mem, named, x
from isa_specs.coral.syntax import ROUNDING

OP_FP = 0b1010011
Rounding = Imm(default=ROUNDING["dyn"], names=ROUNDING, named=True)
SIGN = softfloat.SIGN


@procedure
def rounding(said: u32) -> u32:
    """The rounding mode of an instruction."""
    mode = frm.value if said == 7 else said
    require(mode <= 4, illegal_rounding, mode)
    return mode


@procedure
def accrue(flags: u32):
    """Adds exception flags to fflags."""
    fflags.value = fflags.value | flags


@function
def is_number(a: u32) -> bool:
    """Whether it is neither 0, nor infinite, nor NaN: divider and root take their time."""
    return a << 1 != 0 and (a >> 23 & 255) != 255


@function
def digits(result: u64, below: bool) -> u32:
    """Cycles that a quotient or a root takes beyond those of 0, infinities and NaN.

    It is found in base 4 from the units on, until the remainder is 0, in at most 14 digits, and two cycles go to rounding. An
    inexact result needs all; an exact one shows where its digits end. ``below``: the quotient of the mantissas is below 1.
    """
    mantissa = u32(result) & 0x7FFFFF | 0x800000
    zeros = 31 - count_leading_zeros(mantissa & (0 - mantissa))
    fraction = (24 if below else 23) - zeros
    return 16 if result >> 32 & 1 != 0 else min(3 + ((fraction + 1) >> 1), 16)


def rounded(mnemonic, funct7, compute, doc):
    """An operation on two numbers that rounds."""

    def body(rd: Out(f), rs1: In(f), rs2: In(f), rm: Rounding):
        mode = rounding(rm)
        result = compute(rs1, rs2, mode)
        accrue(u32(result >> 32))
        return u32(result)

    encoding = R(opcode=OP_FP, funct7=funct7, rm="funct3")
    isa.op(mnemonic, encoding, unit="float", timing="float")(named(body, mnemonic, doc))


def fused(mnemonic, opcode, product_sign, sum_sign, doc):
    """A product and a sum, rounded once."""

    def body(rd: Out(f), rs1: In(f), rs2: In(f), rs3: In(f), rm: Rounding):
        mode = rounding(rm)
        result = multiply_add(rs1 ^ product_sign, rs2, rs3 ^ sum_sign, mode)
        accrue(u32(result >> 32))
        return u32(result)

    isa.op(mnemonic, R4(opcode=opcode, two=0), unit="float", timing="float")(named(body, mnemonic, doc))


def unrounded(mnemonic, funct7, funct3, compute, doc):
    """An operation on two numbers that has no rounding mode; its flags are in the upper half."""

    def body(rd: Out(f), rs1: In(f), rs2: In(f)):
        result = compute(rs1, rs2, u32(0))
        accrue(u32(result >> 32))
        return u32(result)

    encoding = R(opcode=OP_FP, funct7=funct7, funct3=funct3)
    isa.op(mnemonic, encoding, unit="float", timing="float")(named(body, mnemonic, doc))


def comparison(mnemonic, funct3, compute, doc):
    """A comparison, into an integer register."""

    def body(rd: Out(x), rs1: In(f), rs2: In(f)):
        result = compute(rs1, rs2)
        accrue(u32(result >> 32))
        return u32(result)

    encoding = R(opcode=OP_FP, funct7=0b1010000, funct3=funct3)
    isa.op(mnemonic, encoding, unit="float", timing="float")(named(body, mnemonic, doc))


def sign_injection(mnemonic, funct3, compute, doc):
    """The magnitude of one number with a sign that another one says."""

    def body(rd: Out(f), rs1: In(f), rs2: In(f)):
        return compute(rs1, rs2)

    encoding = R(opcode=OP_FP, funct7=0b0010000, funct3=funct3)
    isa.op(mnemonic, encoding, unit="float", timing="float")(named(body, mnemonic, doc))


def conversion(mnemonic, funct7, rs2, target, source, compute, doc):
    """A conversion that rounds."""

    def body(rd: Out(target), rs1: In(source), rm: Rounding):
        mode = rounding(rm)
        result = compute(rs1, mode)
        accrue(u32(result >> 32))
        return u32(result)

    encoding = R(opcode=OP_FP, funct7=funct7, rs2=rs2, rm="funct3")
    isa.op(mnemonic, encoding, unit="float", timing="float")(named(body, mnemonic, doc))


multiply_add = softfloat.fused

rounded("fadd.s", 0b0000000, softfloat.added, "Sum.")
rounded("fsub.s", 0b0000100, softfloat.subtracted, "Difference.")
rounded("fmul.s", 0b0001000, softfloat.multiplied, "Product.")
fused("fmadd.s", 0b1000011, 0, 0, "rs1 * rs2 + rs3.")
fused("fmsub.s", 0b1000111, 0, SIGN, "rs1 * rs2 - rs3.")
fused("fnmsub.s", 0b1001011, SIGN, 0, "-(rs1 * rs2) + rs3.")
fused("fnmadd.s", 0b1001111, SIGN, SIGN, "-(rs1 * rs2) - rs3.")
unrounded("fmin.s", 0b0010100, 0, softfloat.least_number, "The lesser number; a NaN loses, and -0 is less than +0.")
unrounded("fmax.s", 0b0010100, 1, softfloat.greatest_number, "The greater number; a NaN loses, and -0 is less than +0.")
comparison("feq.s", 2, softfloat.equal, "1 if the numbers are equal; 0 if one is NaN.")
comparison("flt.s", 1, softfloat.less_than, "1 if the first number is less; 0 and the invalid flag if one is NaN.")
comparison("fle.s", 0, softfloat.less_or_equal, "1 if the first number is not greater; 0 and the invalid flag if one is NaN.")
sign_injection("fsgnj.s", 0, softfloat.with_sign, "rs1 with the sign of rs2.")
sign_injection("fsgnjn.s", 1, softfloat.with_other_sign, "rs1 with the other sign than rs2.")
sign_injection("fsgnjx.s", 2, softfloat.with_product_sign, "rs1 with the sign that a product with rs2 would have.")
conversion(
    "fcvt.w.s", 0b1100000, 0, x, f, softfloat.to_signed, "To a signed integer; what does not fit is clipped, NaN is large."
)
conversion("fcvt.wu.s", 0b1100000, 1, x, f, softfloat.to_unsigned, "To an unsigned integer; clipped, NaN is large.")
conversion("fcvt.s.w", 0b1101000, 0, f, x, softfloat.from_signed, "From a signed integer.")
conversion("fcvt.s.wu", 0b1101000, 1, f, x, softfloat.from_unsigned, "From an unsigned integer.")


divided, square_root = softfloat.divided, softfloat.square_root


@isa.op("fdiv.s", R(opcode=OP_FP, funct7=0b0001100, rm="funct3"), unit="float", timing="float_divide")
def fdiv_s(rd: Out(f), rs1: In(f), rs2: In(f), rm: Rounding):
    """Quotient."""
    mode = rounding(rm)
    result = divided(rs1, rs2, mode)
    numbers = is_number(rs1) and is_number(rs2)
    work(digits(result, (rs1 & 0x7FFFFF) < (rs2 & 0x7FFFFF)) if numbers else u32(0))
    accrue(u32(result >> 32))
    return u32(result)


@isa.op("fsqrt.s", R(opcode=OP_FP, funct7=0b0101100, rs2=0, rm="funct3"), unit="float", timing="float_divide")
def fsqrt_s(rd: Out(f), rs1: In(f), rm: Rounding):
    """Square root."""
    mode = rounding(rm)
    result = square_root(rs1, mode)
    work(digits(result, False) if is_number(rs1) and rs1 >> 31 == 0 else u32(0))
    accrue(u32(result >> 32))
    return u32(result)


@isa.op("flw", I(opcode=0b0000111, funct3=2), unit="memory", timing="float_load", syntax="rd, imm(rs1)")
def flw(rd: Out(f), imm: Imm(signed=True), rs1: In(x)):
    """Loads a number, from any address."""
    at = rs1 + u32(imm)
    work(lines(at, 4))
    return load(mem, at, 4)


@isa.op("fsw", S(opcode=0b0100111, funct3=2), unit="memory", timing="float_store", syntax="rs2, imm(rs1)")
def fsw(rs2: In(f), imm: Imm(signed=True), rs1: In(x)):
    """Stores a number, to any address."""
    at = rs1 + u32(imm)
    work(lines(at, 4))
    store(mem, at, 4, rs2)


@isa.op("fmv.x.w", R(opcode=OP_FP, funct7=0b1110000, rs2=0, funct3=0), unit="float", timing="float")
def fmv_x_w(rd: Out(x), rs1: In(f)):
    """The pattern of a number, as an integer."""
    return rs1


@isa.op("fmv.w.x", R(opcode=OP_FP, funct7=0b1111000, rs2=0, funct3=0), unit="float", timing="float")
def fmv_w_x(rd: Out(f), rs1: In(x)):
    """The number of a pattern."""
    return rs1


class_of = softfloat.class_of


@isa.op("fclass.s", R(opcode=OP_FP, funct7=0b1110000, rs2=0, funct3=1), unit="float", timing="float")
def fclass_s(rd: Out(x), rs1: In(f)):
    """What kind of number it is: one bit of ten, from 0 -inf, negative, negative subnormal, -0, +0, subnormal, positive, inf to 8
    signaling and 9 quiet NaN."""
    return class_of(rs1)
