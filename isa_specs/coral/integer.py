"""RV32I, M and Zbb: integers, jumps, loads and stores."""

from backends.isa import (
    Distance,
    Imm,
    In,
    Out,
    abs,
    clamp,
    count_leading_zeros,
    function,
    halt,
    i32,
    i64,
    load,
    max,
    min,
    require,
    store,
    u32,
    u64,
    work,
)  # fmt: skip
from isa_specs.coral.state import (
    FENCE,
    WORD,
    B,
    I,
    J,
    R,
    S,
    U,
    breakpoint_reached,
    environment_call,
    go,
    here,
    isa,
    lines,
    mem,
    named,
    x,
)  # fmt: skip
from isa_specs.coral.syntax import ORDERED

Ordered = Imm(default=15, names=ORDERED)

# What two numbers make


@function
def sum_of(a: u32, b: u32) -> u32:
    """a + b."""
    return a + b


@function
def difference(a: u32, b: u32) -> u32:
    """a - b."""
    return a - b


@function
def left_shifted(a: u32, b: u32) -> u32:
    """a << b."""
    return a << (b & 31)


@function
def right_shifted(a: u32, b: u32) -> u32:
    """a >> b, zeros coming in."""
    return a >> (b & 31)


@function
def arithmetic_shifted(a: u32, b: u32) -> u32:
    """a >> b, copies of the sign coming in."""
    return u32(i32(a) >> (b & 31))


@function
def less(a: u32, b: u32) -> u32:
    """Whether a < b, signed."""
    return u32(i32(a) < i32(b))


@function
def less_unsigned(a: u32, b: u32) -> u32:
    """Whether a < b, unsigned."""
    return u32(a < b)


@function
def conjunction(a: u32, b: u32) -> u32:
    """a and b."""
    return a & b


@function
def disjunction(a: u32, b: u32) -> u32:
    """a or b."""
    return a | b


@function
def exclusive(a: u32, b: u32) -> u32:
    """a xor b."""
    return a ^ b


@function
def product(a: u32, b: u32) -> u32:
    """Low half of a * b."""
    return a * b


@function
def high_signed(a: u32, b: u32) -> u32:
    """High half of a * b, both signed."""
    return u32((i64(i32(a)) * i64(i32(b))) >> 32)


@function
def high_mixed(a: u32, b: u32) -> u32:
    """High half of a * b, a signed."""
    return u32((i64(i32(a)) * i64(b)) >> 32)


@function
def high_unsigned(a: u32, b: u32) -> u32:
    """High half of a * b, unsigned."""
    return u32((u64(a) * u64(b)) >> 32)


@function
def quotient(a: u32, b: u32) -> u32:
    """a / b towards 0, signed."""
    if b == 0:
        return u32(0xFFFFFFFF)
    size = abs(i64(i32(a))) // abs(i64(i32(b)))
    return u32(-size if (i32(a) < 0) != (i32(b) < 0) else size)


@function
def quotient_unsigned(a: u32, b: u32) -> u32:
    """a / b, unsigned."""
    return u32(0xFFFFFFFF) if b == 0 else a // b


@function
def remainder(a: u32, b: u32) -> u32:
    """a - a / b * b, signed."""
    size = abs(i64(i32(a))) % abs(i64(i32(b)))
    return u32(-size if i32(a) < 0 else size)


@function
def remainder_unsigned(a: u32, b: u32) -> u32:
    """a - a / b * b, unsigned."""
    return a % b


@function
def and_not(a: u32, b: u32) -> u32:
    """a and not b."""
    return a & ~b


@function
def or_not(a: u32, b: u32) -> u32:
    """a or not b."""
    return a | ~b


@function
def exclusive_not(a: u32, b: u32) -> u32:
    """not (a xor b)."""
    return ~(a ^ b)


@function
def greatest(a: u32, b: u32) -> u32:
    """The greater, signed."""
    return u32(max(i32(a), i32(b)))


@function
def greatest_unsigned(a: u32, b: u32) -> u32:
    """The greater, unsigned."""
    return max(a, b)


@function
def least(a: u32, b: u32) -> u32:
    """The lesser, signed."""
    return u32(min(i32(a), i32(b)))


@function
def least_unsigned(a: u32, b: u32) -> u32:
    """The lesser, unsigned."""
    return min(a, b)


@function
def rotated_left(a: u32, b: u32) -> u32:
    """a rotated left by b."""
    return a << (b & 31) | a >> (32 - (b & 31))


@function
def rotated_right(a: u32, b: u32) -> u32:
    """a rotated right by b."""
    return a >> (b & 31) | a << (32 - (b & 31))


# What one number makes


@function
def leading_zeros(a: u32) -> u32:
    """Zeros above the highest 1."""
    return count_leading_zeros(a)


@function
def trailing_zeros(a: u32) -> u32:
    """Zeros below the lowest 1: where a - 1 has ones that a has not."""
    return 32 - count_leading_zeros(~a & (a - 1))


@function
def ones(a: u32) -> u32:
    """Set bits, summed in pairs, fours and bytes."""
    pairs = a - (a >> 1 & 0x55555555)
    fours = (pairs & 0x33333333) + (pairs >> 2 & 0x33333333)
    return ((fours + (fours >> 4)) & 0x0F0F0F0F) * 0x01010101 >> 24


@function
def byte_extended(a: u32) -> u32:
    """The low byte with its sign."""
    return u32(i32(a << 24) >> 24)


@function
def half_extended(a: u32) -> u32:
    """The low half with its sign."""
    return u32(i32(a << 16) >> 16)


@function
def half_cleared(a: u32) -> u32:
    """The low half."""
    return a & 0xFFFF


@function
def as_it_is(a: u32) -> u32:
    """a."""
    return a


@function
def bytes_or_combined(a: u32) -> u32:
    """255 for each byte that has a 1: adding 127 carries into its highest bit."""
    any_bit = (a | (a & 0x7F7F7F7F) + 0x7F7F7F7F) & 0x80808080
    return (any_bit >> 7) * 255


@function
def bytes_reversed(a: u32) -> u32:
    """The bytes in reverse order."""
    return a >> 24 | (a >> 8 & 0xFF00) | (a << 8 & 0xFF0000) | a << 24


def register_register(mnemonic, funct7, funct3, compute, doc, timing="alu"):
    """An operation on two registers."""

    def body(rd: Out(x), rs1: In(x), rs2: In(x)):
        return compute(rs1, rs2)

    encoding = R(opcode=0b0110011, funct7=funct7, funct3=funct3)
    isa.op(mnemonic, encoding, unit="scalar", timing=timing)(named(body, mnemonic, doc))


@function
def steps(dividend: u32, divisor: u32) -> u32:
    """Bits of the quotient that the divider tries, one a cycle: it skips zeros above the dividend but one; by 0 it skips none."""
    return 32 if divisor == 0 else clamp(33 - count_leading_zeros(dividend), 2, 32)


def division(mnemonic, funct3, compute, doc, signed):
    """A quotient or remainder."""

    def body(rd: Out(x), rs1: In(x), rs2: In(x)):
        work(steps(u32(abs(i32(rs1))) if signed else rs1, rs2))
        return compute(rs1, rs2)

    encoding = R(opcode=0b0110011, funct7=0b0000001, funct3=funct3)
    isa.op(mnemonic, encoding, unit="scalar", timing="divide")(named(body, mnemonic, doc))


def register_immediate(mnemonic, funct3, compute, doc):
    """An operation on a register and a constant."""

    def body(rd: Out(x), rs1: In(x), imm: Imm(signed=True)):
        return compute(rs1, u32(imm))

    isa.op(mnemonic, I(opcode=0b0010011, funct3=funct3), unit="scalar", timing="alu")(named(body, mnemonic, doc))


def shift_immediate(mnemonic, funct7, funct3, compute, doc):
    """A shift by a constant."""

    def body(rd: Out(x), rs1: In(x), shamt: Imm()):
        return compute(rs1, shamt)

    encoding = R(opcode=0b0010011, funct7=funct7, funct3=funct3, shamt="rs2")
    isa.op(mnemonic, encoding, unit="scalar", timing="alu")(named(body, mnemonic, doc))


def unary(mnemonic, funct7, rs2, funct3, compute, doc, opcode=0b0010011):
    """An operation on one register."""

    def body(rd: Out(x), rs1: In(x)):
        return compute(rs1)

    encoding = R(opcode=opcode, funct7=funct7, funct3=funct3, rs2=rs2)
    isa.op(mnemonic, encoding, unit="scalar", timing="alu")(named(body, mnemonic, doc))


@isa.op("lui", U(opcode=0b0110111), unit="scalar", timing="alu")
def lui(rd: Out(x), imm: Imm()):
    """Sets the upper 20 bits of a register; the lower 12 become 0."""
    return imm << 12


@isa.op("auipc", U(opcode=0b0010111), unit="scalar", timing="alu")
def auipc(rd: Out(x), imm: Imm()):
    """Adds a constant of 20 bits, shifted left by 12, to the address of this instruction."""
    own = here()
    return own + (imm << 12)


@isa.op("jal", J(opcode=0b1101111), unit="scalar", timing="jump")
def jal(rd: Out(x), offset: Distance(scale=2)):
    """Jumps, and keeps the address of the next instruction."""
    own = here()
    go(own + u32(offset))
    return own + 4


@isa.op("jalr", I(opcode=0b1100111, funct3=0), unit="scalar", timing="jump_register", syntax="rd, imm(rs1)")
def jalr(rd: Out(x), imm: Imm(signed=True), rs1: In(x)):
    """Jumps to an address in a register, bit 0 cleared, and keeps the address of the next instruction."""
    own = here()
    go((rs1 + u32(imm)) & 0xFFFFFFFE)
    return own + 4


def branch(mnemonic, funct3, compare, holds, doc):
    """A jump on a comparison that gives ``holds``."""

    def body(rs1: In(x), rs2: In(x), offset: Distance(scale=2)):
        if compare(rs1, rs2) == holds:
            own = here()
            go(own + u32(offset))

    isa.op(mnemonic, B(opcode=0b1100011, funct3=funct3), unit="scalar", timing="branch")(named(body, mnemonic, doc))


@function
def same(a: u32, b: u32) -> u32:
    """Whether a = b."""
    return u32(a == b)


def load_register(mnemonic, funct3, width, extend, doc):
    """A load of 1, 2 or 4 bytes."""

    def body(rd: Out(x), imm: Imm(signed=True), rs1: In(x)):
        at = rs1 + u32(imm)
        work(lines(at, width))
        return extend(load(mem, at, width))

    encoding = I(opcode=0b0000011, funct3=funct3)
    isa.op(mnemonic, encoding, unit="memory", timing="load", syntax="rd, imm(rs1)")(named(body, mnemonic, doc))


def store_register(mnemonic, funct3, width, doc):
    """A store of 1, 2 or 4 bytes."""

    def body(rs2: In(x), imm: Imm(signed=True), rs1: In(x)):
        at = rs1 + u32(imm)
        work(lines(at, width))
        store(mem, at, width, rs2)

    encoding = S(opcode=0b0100011, funct3=funct3)
    isa.op(mnemonic, encoding, unit="memory", timing="store", syntax="rs2, imm(rs1)")(named(body, mnemonic, doc))


branch("beq", 0, same, 1, "Jumps if two registers are equal.")
branch("bne", 1, same, 0, "Jumps if two registers differ.")
branch("blt", 4, less, 1, "Jumps if the first is less, as signed numbers.")
branch("bge", 5, less, 0, "Jumps if the first is not less, as signed numbers.")
branch("bltu", 6, less_unsigned, 1, "Jumps if the first is less, as unsigned numbers.")
branch("bgeu", 7, less_unsigned, 0, "Jumps if the first is not less, as unsigned numbers.")

load_register("lb", 0, 1, byte_extended, "Loads a signed byte.")
load_register("lh", 1, 2, half_extended, "Loads a signed number of 2 bytes, from any address.")
load_register("lw", 2, 4, as_it_is, "Loads 4 bytes, from any address.")
load_register("lbu", 4, 1, as_it_is, "Loads an unsigned byte.")
load_register("lhu", 5, 2, as_it_is, "Loads an unsigned number of 2 bytes, from any address.")
store_register("sb", 0, 1, "Stores the low byte of a register.")
store_register("sh", 1, 2, "Stores the low 2 bytes of a register, to any address.")
store_register("sw", 2, 4, "Stores a register, to any address.")

register_immediate("addi", 0, sum_of, "Adds a constant.")
register_immediate("slti", 2, less, "1 if the register is less than a constant, as signed numbers; else 0.")
register_immediate("sltiu", 3, less_unsigned, "1 if the register is less than a constant, as unsigned numbers; else 0.")
register_immediate("xori", 4, exclusive, "Exclusive or with a constant.")
register_immediate("ori", 6, disjunction, "Or with a constant.")
register_immediate("andi", 7, conjunction, "And with a constant.")
shift_immediate("slli", 0b0000000, 1, left_shifted, "Shifts left by a constant.")
shift_immediate("srli", 0b0000000, 5, right_shifted, "Shifts right by a constant, zeros coming in.")
shift_immediate("srai", 0b0100000, 5, arithmetic_shifted, "Shifts right by a constant, copies of the sign coming in.")

register_register("add", 0b0000000, 0, sum_of, "Sum.")
register_register("sub", 0b0100000, 0, difference, "Difference.")
register_register("sll", 0b0000000, 1, left_shifted, "Shifts left by the low 5 bits of rs2.")
register_register("slt", 0b0000000, 2, less, "1 if rs1 is less than rs2, as signed numbers; else 0.")
register_register("sltu", 0b0000000, 3, less_unsigned, "1 if rs1 is less than rs2, as unsigned numbers; else 0.")
register_register("xor", 0b0000000, 4, exclusive, "Exclusive or.")
register_register("srl", 0b0000000, 5, right_shifted, "Shifts right by the low 5 bits of rs2, zeros coming in.")
register_register("sra", 0b0100000, 5, arithmetic_shifted, "Shifts right by the low 5 bits of rs2, copies of the sign coming in.")
register_register("or", 0b0000000, 6, disjunction, "Or.")
register_register("and", 0b0000000, 7, conjunction, "And.")

register_register("mul", 0b0000001, 0, product, "The low 32 bits of the product.", "multiply")
register_register("mulh", 0b0000001, 1, high_signed, "The high 32 bits of the product of signed numbers.", "multiply")
register_register("mulhsu", 0b0000001, 2, high_mixed, "The high 32 bits of a signed times an unsigned number.", "multiply")
register_register("mulhu", 0b0000001, 3, high_unsigned, "The high 32 bits of the product of unsigned numbers.", "multiply")
division("div", 4, quotient, "Signed quotient, rounded towards 0; by 0 it is -1.", True)
division("divu", 5, quotient_unsigned, "Unsigned quotient; by 0 it is 2**32 - 1.", False)
division("rem", 6, remainder, "Signed remainder, with the sign of rs1; by 0 it is rs1.", True)
division("remu", 7, remainder_unsigned, "Unsigned remainder; by 0 it is rs1.", False)

register_register("andn", 0b0100000, 7, and_not, "And with the inverse of rs2.")
register_register("orn", 0b0100000, 6, or_not, "Or with the inverse of rs2.")
register_register("xnor", 0b0100000, 4, exclusive_not, "Inverse of the exclusive or.")
register_register("min", 0b0000101, 4, least, "The lesser of signed numbers.")
register_register("minu", 0b0000101, 5, least_unsigned, "The lesser of unsigned numbers.")
register_register("max", 0b0000101, 6, greatest, "The greater of signed numbers.")
register_register("maxu", 0b0000101, 7, greatest_unsigned, "The greater of unsigned numbers.")
register_register("rol", 0b0110000, 1, rotated_left, "Rotates left by the low 5 bits of rs2.")
register_register("ror", 0b0110000, 5, rotated_right, "Rotates right by the low 5 bits of rs2.")
shift_immediate("rori", 0b0110000, 5, rotated_right, "Rotates right by a constant.")
unary("clz", 0b0110000, 0, 1, leading_zeros, "Zeros above the highest set bit; 32 for 0.")
unary("ctz", 0b0110000, 1, 1, trailing_zeros, "Zeros below the lowest set bit; 32 for 0.")
unary("cpop", 0b0110000, 2, 1, ones, "Number of set bits.")
unary("sext.b", 0b0110000, 4, 1, byte_extended, "The low byte, as a signed number.")
unary("sext.h", 0b0110000, 5, 1, half_extended, "The low 2 bytes, as a signed number.")
unary("zext.h", 0b0000100, 0, 4, half_cleared, "The low 2 bytes, as an unsigned number.", opcode=0b0110011)
unary("orc.b", 0b0010100, 7, 5, bytes_or_combined, "255 in each byte that is not 0.")
unary("rev8", 0b0110100, 24, 5, bytes_reversed, "The bytes in reverse order.")


@isa.op("fence", FENCE(opcode=0b0001111, funct3=0), unit="scalar", timing="fence")
def fence(predecessor: Ordered, successor: Ordered):
    """Orders memory accesses; they are always in order here."""


@isa.op("fence.i", I(opcode=0b0001111, funct3=1), unit="scalar", timing="fence", syntax="")
def fence_i(rd: Imm(default=0), rs1: Imm(default=0), imm: Imm(default=0)):
    """Makes stores visible to instruction fetches; instruction memory cannot be stored to."""


@isa.op("ecall", WORD(word=0x00000073), unit="scalar", timing="jump_register")
def ecall():
    """Raises the exception that calls the environment."""
    require(False, environment_call)


@isa.op("ebreak", WORD(word=0x00100073), unit="scalar", timing="fence")
def ebreak():
    """Stops the core with a fault."""
    require(False, breakpoint_reached)


@isa.op("wfi", WORD(word=0x10500073), unit="scalar", timing="fence")
def wfi():
    """Waits for an interrupt; there are none, and it does not wait."""


@isa.op("mpause", WORD(word=0x08000073), unit="scalar", timing="pause")
def mpause():
    """Ends the program."""
    halt()
