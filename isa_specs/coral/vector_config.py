"""vsetvli, vsetivli and vsetvl: how many elements of which width the following instructions work on."""

from backends.isa import Imm, In, Out, function, i32, index, min, procedure, u32
from isa_specs.coral.state import VLENB, isa, vl, vstart, vtype, x
from isa_specs.coral.vector_state import OP_V, V

Width = Imm(names={"e8": 0, "e16": 1, "e32": 2, "e64": 3}, named=True)
Group = Imm(default=0, names={"m1": 0, "m2": 1, "m4": 2, "m8": 3, "mf8": 5, "mf4": 6, "mf2": 7}, named=True)
Tail = Imm(default=0, names={"tu": 0, "ta": 1}, named=True)
Inactive = Imm(default=0, names={"mu": 0, "ma": 1}, named=True)
Rest = Imm(default=0)
ELEN = 32
"""Bits of the widest element."""


@function
def possible(kind: u32) -> bool:
    """Whether the machine has a vtype: a known width and group, and a fraction of a register holds an element of any width."""
    width = u32(8) << (kind >> 3 & 7)
    group = kind & 7
    fraction = u32(ELEN) >> (8 - group) if group > 3 else u32(ELEN)
    return kind >> 8 == 0 and group != 4 and width <= fraction


@function
def elements_in(kind: u32) -> u32:
    """Elements of a group (VLMAX)."""
    group = i32(kind & 7)
    eighths = u32(group + 3 if group < 4 else group - 5)
    return (u32(VLENB) << eighths) >> 3 >> (kind >> 3 & 7)


@procedure
def configure(kind: u32, wanted: u32, keep: bool) -> u32:
    """Sets vtype and vl for ``wanted`` elements; ``keep`` asks for as many as before, of a group with as many elements."""
    most = elements_in(kind)
    legal = possible(kind)
    if keep and (vtype.value >> 31 != 0 or most != elements_in(vtype.value)):
        legal = False
    count = vl.value if keep else min(wanted, most)
    made = count if legal else u32(0)
    vtype.value = kind if legal else u32(1 << 31)
    vl.value = made
    vstart.value = 0
    return made


@procedure
def length(destination: int, source: int, wanted: u32, kind: u32) -> u32:
    """What the two forms with a register do."""
    all_of_them = source == 0 and destination != 0
    made = configure(kind, u32(0xFFFFFFFF) if all_of_them else wanted, source == 0 and destination == 0)
    return made  # noqa: RET504 - a procedure's value is taken by a statement of its own


@isa.op(
    "vsetvli", V(opcode=OP_V, funct3=7, bit31=0), unit="scalar", timing="configure", syntax="rd, rs1, sew, lmul, ta, ma",
    example="vsetvli t0, a0, e32, m2, ta, ma",
)  # fmt: skip
def vsetvli(rd: Out(x), rs1: In(x), sew: Width, lmul: Group, ta: Tail, ma: Inactive, high: Rest):
    """Sets element width and group size, and vl to the lesser of rs1 and what a group holds; vl is also returned.

    With x0 as rs1, vl becomes what a group holds; with x0 as both registers it stays, and the group must hold as many elements as
    before.
    """
    made = length(index(rd), index(rs1), rs1, sew << 3 | lmul | ta << 6 | ma << 7 | high << 8)
    return made  # noqa: RET504 - a procedure's value is taken by a statement of its own


@isa.op(
    "vsetivli", V(opcode=OP_V, funct3=7, top=3, high="low_high"), unit="scalar", timing="configure",
    syntax="rd, imm, sew, lmul, ta, ma", example="vsetivli t0, 4, e32, m1, ta, ma",
)  # fmt: skip
def vsetivli(rd: Out(x), imm: Imm(), sew: Width, lmul: Group, ta: Tail, ma: Inactive, high: Rest):
    """Sets element width and group size, and vl to the lesser of a constant and what a group holds; vl is also returned."""
    made = configure(sew << 3 | lmul | ta << 6 | ma << 7 | high << 8, imm, False)
    return made  # noqa: RET504 - a procedure's value is taken by a statement of its own


@isa.op("vsetvl", V(opcode=OP_V, funct3=7, funct7=0b1000000), unit="scalar", timing="configure", syntax="rd, rs1, rs2")
def vsetvl(rd: Out(x), rs1: In(x), rs2: In(x)):
    """As `vsetvli`, with vtype from a register."""
    made = length(index(rd), index(rs1), rs1, rs2)
    return made  # noqa: RET504 - a procedure's value is taken by a statement of its own
