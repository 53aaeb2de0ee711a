"""A small instruction set that has every kind of operand, memory and legality the assembler knows."""

from backends.isa.architecture import Architecture
from backends.isa.bind import bind
from backends.isa.define import Imm, In, InOut, Isa, Label, Out
from backends.isa.dtypes import bf16, f32, u8, u32
from backends.isa.machine import Cost, Linear, Machine, Timing, Unit

isa = Isa("scratch", title="For the assembler")
EXTENDED = isa.param("EXTENDED", "whether the profile has MORE")
x = isa.registers("x", u32, 8, zero=0)
f = isa.registers("f", f32, 4)
mode = isa.register("mode", u32)
mem = isa.memory("mem", bf16, 64, pointer=x, preload=True)
ram = isa.memory("ram", u8, 256, preload=True)
table = isa.memory("table", u32, 16, preload=True)
hidden_memory = isa.memory("acc", f32, 4)
W = isa.format("W", op=(0, 6), rd=(6, 3), rs1=(9, 3), imm=(12, 8), other=(20, 12))


@isa.op("ADD", W(op=1, rs2="other"), unit="u", timing="one")
def add(rd: Out(x), rs1: In(x), rs2: In(x)):
    """Adds."""
    return rs1 + rs2


@isa.op("ADDI", W(op=2), unit="u", timing="one")
def addi(rd: Out(x), rs1: In(x), imm: Imm()):
    """Adds a constant."""
    return rs1 + u32(imm)


@isa.op("LOADS", W(op=3), unit="u", timing="one", syntax="rd, 0, imm")
def loads(rd: Out(x), imm: Imm(signed=True, low=-100, scale=2)):
    """Sets a register."""
    return u32(imm)


@isa.op("FADD", W(op=4), unit="u", timing="one")
def fadd(rd: InOut(f), rs1: In(f), imm: Imm(default=1, high=3), other: Imm(default=0)):
    """Adds numbers."""
    return rd + rs1


@isa.op("VCOPY", W(op=5), unit="u", timing="one", compat=W(op=5, rs1="other"))
def vcopy(rd: Out(mem, 4), rs1: In(mem, 4)):
    """Copies."""
    for i in range(4):
        rd[i] = rs1[i]


@isa.op("BR", W(op=6, target="imm"), unit="u", timing="one")
def br(rs1: In(x), target: Label(relative=True, signed=True)):
    """Branches."""
    if rs1 != u32(0):
        jump(target)  # noqa: F821 - a builtin of bodies


@isa.op("GOTO", W(op=7, target="other"), unit="u", timing="one")
def goto(target: Label()):
    """Jumps."""
    jump(target)  # noqa: F821 - as above


@isa.op("STOP", W(op=8), unit="u", timing="one", offered=False)
def stop():
    """Does nothing."""


@isa.op("MORE", W(op=9), unit="u", timing="one", when=EXTENDED)
def more():
    """Does nothing."""


@isa.op("NOP", W(op=10), unit="u", timing="one")
def nop():
    """Does nothing."""


def machine() -> Architecture:
    """The machine whose profile lacks MORE."""
    timing = Timing("t", True, {"one": Cost(Linear(1), Linear(1))}, frozenset())
    units = {"u": Unit("u", "compute", "")}
    return bind(isa.definition, Machine("small", timing, {"EXTENDED": 0}, units, {}, ("small",), ("t",), isa._file))
