"""A machine for the tests of the engines: every operand kind, dtypes, loops, windows with lengths, block-scaled data."""

# Bodies call builtins by name; engines know them.
# ruff: noqa: F821

from backends.isa.define import Imm, In, InOut, Isa, Label, Out, function
from backends.isa.dtypes import MX, bf16, e2m1, e4m3, f32, i8, i32, i64, u8, u32

isa = Isa("scratch", title="A machine for tests")
LANES = isa.param("LANES")
HALF = isa.dtype_param("HALF")
x = isa.registers("x", u32, 8, zero=0)
s = isa.registers("s", i32, 4)
f = isa.registers("f", HALF, 4)
vl = isa.register("vl", u32, reset=4)
mem = isa.memory("mem", bf16, 64, pointer=x, align=2, granule=4)
acc = isa.memory("acc", f32, 4, granule=1)
ram = isa.memory("ram", u8, 256, pointer=x, granule=16)
far = isa.memory("far", u8, 1 << 34, pointer=x, granule=64, beyond="zero")
loops = isa.loops("loops", depth=2, limit=10)
ODD = isa.trap("odd", "the value is even")
W = isa.format("W", op=(0, 6), rd=(6, 4), rs1=(10, 4), rs2=(14, 4), imm=(16, 16), imm8=(24, 8))


@function
def triple(value: f32) -> f32:
    """Three times a value."""
    return value * 3.0


@isa.op("LI", W(op=1), unit="alu", timing="alu")
def li(rd: Out(x), imm: Imm()):
    """A number."""
    return imm


@isa.op("ADDI", W(op=2), unit="alu", timing="alu")
def addi(rd: Out(x), rs1: In(x), imm8: Imm(signed=True)):
    """Sum."""
    return rs1 + u32(imm8)


@isa.op("DIV", W(op=3), unit="alu", timing="slow")
def div(rd: InOut(s), rs1: In(s)):
    """Floor quotient, and the remainder in the memory."""
    acc[0] = f32(rd % rs1)
    return rd // rs1


@isa.op("LIS", W(op=4), unit="alu", timing="alu")
def lis(rd: Out(s), imm: Imm(signed=True)):
    """A signed number."""
    return imm


@isa.op("VADD", W(op=5), unit="vec", timing="vec")
def vadd(rd: Out(mem, LANES), rs1: In(mem, LANES), rs2: In(mem, LANES)):
    """Sums."""
    for lane in range(LANES):
        rd[lane] = rs1[lane] + rs2[lane]


@isa.op("VTRI", W(op=6), unit="vec", timing="vec")
def vtri(rd: InOut(mem, LANES, length=vl)):
    """Three times every lane that counts."""
    for lane in range(LANES):
        rd[lane] = triple(rd[lane])


@isa.op("SETVL", W(op=7), unit="alu", timing="alu")
def setvl(rs1: In(x)):
    """Sets the vector length."""
    vl.value = rs1


@isa.op("MAC", W(op=8), unit="vec", timing="vec")
def mac(rs1: In(mem, 2, 2)):
    """Adds a block to the accumulators."""
    for row in range(2):
        for column in range(2):
            acc[row * 2 + column] = acc[row * 2 + column] + rs1[row, column]


@isa.op("SUMA", W(op=9), unit="alu", timing="alu")
def suma(rd: Out(f)):
    """The sum of the accumulators, which become 0."""
    total = array(f32, 1)
    for i in range(4):
        total[0] = total[0] + acc[i]
        acc[i] = 0
    return total[0]


@isa.op("QUANT", W(op=10), unit="mover", timing="move")
def quant(rd: In(x), rs1: In(mem, 8), rs2: In(x)):
    """Stores eight elements in blocks of four."""
    work(8)
    out = Out(ram, 8, at=rd, dtype=MX(e4m3, 4), scales=rs2)
    for i in range(8):
        out[i] = rs1[i]


@isa.op("DEQ", W(op=11), unit="mover", timing="move")
def deq(rd: Out(mem, 8), rs1: In(x), rs2: In(x)):
    """Loads eight elements in blocks of four."""
    source = In(ram, 8, at=rs1, dtype=MX(e4m3, 4), scales=rs2)
    for i in range(8):
        rd[i] = source[i]


@isa.op("NIB", W(op=12), unit="mover", timing="move")
def nib(rd: Out(ram, 3, dtype=e2m1), rs1: In(ram, 4, dtype=i8)):
    """Three packed elements from signed bytes."""
    for i in range(3):
        rd[i] = f32(rs1[i])


@isa.op("FETCH", W(op=13), unit="mover", timing="move")
def fetch(rd: Out(ram, 4), rs1: In(far, 4, align=4)):
    """Four bytes, zeros past the end."""
    for i in range(4):
        rd[i] = rs1[i]


@isa.op("SPILL", W(op=14), unit="mover", timing="move")
def spill(rd: Out(far, 4)):
    """Four times nine."""
    for i in range(4):
        rd[i] = 9


@isa.op("EVEN", W(op=15), unit="alu", timing="free")
def even(rs1: In(x)):
    """Traps on odd values, after it has written something."""
    acc[3] = 7
    value = rs1 + 0
    require(value % 2 == 0, ODD, value, limit=LANES)


@isa.op("LOOP", W(op=16), unit="alu", timing="alu")
def loop(rd: Out(x), imm: Imm()):
    """Opens a loop."""
    loops.push(index(rd), pc() + 1)
    return imm


@isa.op("END", W(op=17), unit="alu", timing="alu")
def end(rd: InOut(x)):
    """Closes a loop or starts it again."""
    place = loops.find(index(rd))
    require(place >= 0, ODD)
    if rd > 1:
        jump(loops.body(place))
        loops.restart(place)
    else:
        loops.remove(place)
    return rd - 1 if rd > 1 else u32(0)


@isa.op("BNZ", W(op=18), unit="alu", timing="alu")
def bnz(rs1: In(x), imm: Label(relative=True, signed=True)):
    """Branches."""
    if rs1 != 0:
        jump(imm)


@isa.op("HALT", W(op=19), unit="alu", timing="free")
def stop():
    """The end."""
    halt()


@isa.op("POKE", W(op=20), unit="alu", timing="alu")
def poke(rs1: In(x), rs2: In(x)):
    """Writes a register by number, then a window over it."""
    x[rs1] = rs2
    ram[rs1] = 1
    row = Out(ram, 2, at=rs1)
    row[1] = 2
    x[0] = 5


@isa.op("WIDE", W(op=21), unit="alu", timing="alu")
def wide(rd: Out(x), rs1: In(x)):
    """The high half of a square."""
    square = i64(rs1) * i64(rs1)
    return u32(square >> 32)
