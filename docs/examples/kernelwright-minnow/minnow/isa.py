"""Minnow: eight lanes over one memory.

Annotations are values here, so there is no ``from __future__ import annotations``.
"""

from backends.isa import Imm, In, Isa, Label, Out, f32, jump, max, u32

isa = Isa("minnow", title="Minnow, eight lanes over one memory")

LANES = isa.param("LANES", "words that one instruction works on")
WORDS = isa.param("WORDS", "words of memory")

x = isa.registers("x", u32, 8, zero=0, doc="Addresses and counts.")
mem = isa.memory("mem", f32, WORDS, pointer=x, align=LANES, granule=LANES, preload=True, doc="All data.")

R = isa.format("R", opcode=(0, 6), rd=(6, 3), rs1=(9, 3), rs2=(12, 3))
I = isa.format("I", opcode=(0, 6), rd=(6, 3), rs1=(9, 3), imm=(12, 20))  # noqa: E741 - its usual name
B = isa.format("B", opcode=(0, 6), rs1=(6, 3), rs2=(9, 3), target=(12, 20))


@isa.op("ADDI", I(opcode=1), unit="scalar", timing="integer")
def addi(rd: Out(x), rs1: In(x), imm: Imm(signed=True)):
    """Adds a constant to a register. With x0 it sets rd to the constant."""
    return rs1 + u32(imm)


@isa.op("BNE", B(opcode=2), unit="scalar", timing="integer")
def bne(rs1: In(x), rs2: In(x), target: Label(relative=True, signed=True)):
    """Jumps to a label unless two registers are equal."""
    if rs1 != rs2:
        jump(target)


@isa.op("VSUB", R(opcode=3), unit="vector", timing="lanes")
def vsub(rd: Out(mem, LANES), rs1: In(mem, LANES), rs2: In(mem, LANES)):
    """Subtracts two vectors lane by lane: rs1 - rs2."""
    for lane in range(LANES):
        rd[lane] = rs1[lane] - rs2[lane]


@isa.op("VMAX", R(opcode=4), unit="vector", timing="lanes")
def vmax(rd: Out(mem, LANES), rs1: In(mem, LANES), rs2: In(mem, LANES)):
    """Takes the greater of two vectors lane by lane."""
    for lane in range(LANES):
        rd[lane] = max(rs1[lane], rs2[lane])
