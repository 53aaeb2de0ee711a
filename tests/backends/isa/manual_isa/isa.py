"""A small instruction set whose manual the tests render: every kind of operand, a helper, a loop, a hidden instruction."""

from backends.isa.define import Imm, In, InOut, Isa, Label, Out, function
from backends.isa.dtypes import bf16, f32, u32

isa = Isa("sample", title="A sample machine")
LANES = isa.param("LANES", "elements of a row")
DEEP = isa.param("DEEP", "whether the machine has `again`")
x = isa.registers("x", u32, 8, zero=0, doc="Integers and addresses.")
mode = isa.register("mode", u32, doc="Set by `mode_set`.")
mem = isa.memory("mem", bf16, 16 * LANES, pointer=x, align=LANES, preload=True, doc="Everything.")
TOO_BIG = isa.trap("too_big", "`add_small` takes sums below 100.")
R = isa.format("R", opcode=(0, 6), rd=(6, 3), rs1=(9, 3), rs2=(12, 3), imm=(16, 16))


@function
def double(value: f32) -> f32:
    """Twice a value."""
    return value + value


@isa.op("VDBL", R(opcode=1), unit="vector")
def v_double(rd: Out(mem, LANES), rs1: In(mem, LANES)):
    """Twice every lane. The rest of `mode_set` does not matter.

    A second paragraph.
    """
    # one lane after the other
    for lane in range(LANES):
        rd[lane] = double(rs1[lane])


@isa.op("ADDS", R(opcode=2), unit="scalar")
def add_small(rd: Out(x), rs1: In(x), imm: Imm(default=7)):
    """A register plus a number."""
    total = rs1 + imm
    require(total < 100, TOO_BIG, total, limit=99)  # noqa: F821 - a builtin of bodies
    return total


@isa.op("MODE", R(opcode=3), unit="scalar", syntax="0, rs1", example="add_small x1, x0, 3\nmode_set x1  ; three")
def mode_set(rs1: In(x)):
    """Sets the mode."""
    mode.value = rs1


@isa.op("SKIP", R(opcode=4, target="imm"), unit="scalar")
def skip(target: Label(relative=True, signed=True)):
    """Goes elsewhere."""
    jump(target)  # noqa: F821 - a builtin of bodies


@isa.op("MIX", R(opcode=5), unit="vector", timing="v_double")
def mix(rd: InOut(mem, LANES), rs1: In(mem, LANES), rs2: In(x)):
    """Adds a row as often as a register says, up to three times."""
    times = min(rs2, u32(3))
    work(3)  # noqa: F821 - a builtin of bodies
    for lane in range(LANES):
        rd[lane] = rd[lane] + f32(times) * rs1[lane]


@isa.op("AGAIN", R(opcode=6), unit="scalar", when=DEEP)
def again():
    """Only in the deep profile."""


@isa.op("SECRET", R(opcode=7), unit="scalar", offered=False)
def secret():
    """Not for anybody."""
