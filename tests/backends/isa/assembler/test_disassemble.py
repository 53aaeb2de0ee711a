"""Words to text, and how an instruction lies in its word."""

import pytest

from backends.isa.assembler.disassemble import disassemble
from backends.isa.assembler.encode import decode, encode, find
from backends.isa.bind import bind
from backends.isa.define import Imm, In, Isa, Label, Out
from backends.isa.dtypes import f32, u32
from backends.isa.machine import Cost, Linear, Machine, Timing, Unit

isa = Isa("scratch", title="For the disassembler")
x = isa.registers("x", u32, 6, zero=0)
mem = isa.memory("mem", f32, 64, pointer=x)
W = isa.format("W", op=(0, 6), rd=(6, 3), rs1=(9, 3), imm=[(12, 4, 4), (20, 4, 0)], other=(24, 8))


@isa.op("LOADI", W(op=1), unit="u", timing="one", syntax="rd, 0, imm")
def loadi(rd: Out(x), imm: Imm(signed=True, low=-100, scale=2)):
    """Sets a register."""
    return u32(imm)


@isa.op("JUMP", W(op=2, imm="other"), unit="u", timing="one")
def jump_to(imm: Label(relative=True, signed=True)):
    """Jumps."""
    jump(imm)  # noqa: F821 - a builtin of bodies


@isa.op("COPY", W(op=3), unit="u", timing="one", compat=W(op=3, rs1="other"), offered=True)
def copy(rd: Out(mem, 4), rs1: In(mem, 4)):
    """Copies."""
    for i in range(4):
        rd[i] = rs1[i]


@isa.op("HIDDEN", W(op=4), unit="u", timing="one", offered=False)
def hidden():
    """Does nothing."""


ONE = Cost(Linear(1), Linear(1))
TIMING = Timing("t", True, {"one": ONE}, frozenset())


@pytest.fixture(scope="module")
def machine():
    return bind(isa.definition, Machine("p", TIMING, {}, {"u": Unit("u", "compute", "")}, {}, ("p",), ("t",), isa._file))


def test_fields_split_scaled_signed_and_relative_come_back(machine):
    load, jump, copies, _ = machine.instructions
    word = encode(load, {"rd": 5, "imm": -100}, pc=0)
    assert word == 1 | 5 << 6 | (0xCE >> 4) << 12 | (0xCE & 15) << 20  # -50 in eight bits, the high half first
    assert decode(load, word, 0) == {"rd": 5, "imm": -100}
    assert encode(jump, {"imm": 3}, pc=10) == 2 | 0xF9 << 24
    assert decode(jump, 2 | 0xF9 << 24, 10) == {"imm": 3}
    assert encode(copies, {"rd": 1, "rs1": 2}, 0) == 3 | 1 << 6 | 2 << 9
    assert encode(copies, {"rd": 1, "rs1": 2}, 0, compat=True) == 3 | 1 << 6 | 2 << 24
    assert find(machine, 3 | 1 << 30) is copies  # bits it does not use are ignored
    assert find(machine, 0) is None


def test_a_program_reads_as_it_was_written(machine):
    load, jump, copies, _ = machine.instructions
    words = [
        encode(load, {"rd": 1, "imm": 8}, 0),
        encode(copies, {"rd": 1, "rs1": 0}, 1),
        encode(jump, {"imm": 1}, 2),
        encode(jump, {"imm": 4}, 3),
    ]
    assert disassemble(words, machine).splitlines() == [
        "    LOADI x1, 0, 8", "L1:", "    COPY x1, x0", "    JUMP L1", "    JUMP L4", "L4:",
    ]  # fmt: skip
    assert "    JUMP 1" in disassemble(words, machine, labels=False).splitlines()
    assert disassemble([], machine) == ""


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (0, "no such instruction"),
        (3 | 1 << 6 | 1 << 30, "COPY with bits set that it does not use"),
        (3 | 7 << 6, "COPY with rd = 7, legal is 0 to 5"),
        (1 | 1 << 6 | 0x8 << 12, "LOADI with imm = -256, legal is -100 to 254"),
        (1, "LOADI that writes x0, which is always 0"),
        (2 | 0x80 << 24, "JUMP with imm = -128, legal is -128 to 127"),
        (4, "HIDDEN, which is not offered"),
    ],
)
def test_what_assembly_cannot_say_is_kept_as_a_word(machine, word, reason):
    assert disassemble([word], machine) == f"    .word {word:#010x} ; {reason}\n"
