"""An instruction set whose instructions come from a factory: what one page about several of them shows."""

from backends.isa.define import Imm, In, Isa, Out, function
from backends.isa.dtypes import u32

isa = Isa("family", title="A machine with families")
x = isa.registers("x", u32, 8, zero=0, doc="Integers.")
R = isa.format("R", opcode=(0, 6), rd=(6, 3), rs1=(9, 3), rs2=(12, 3), imm=(16, 8))


@function
def plus(a: u32, b: u32) -> u32:
    """a + b."""
    return a + b


@function
def minus(a: u32, b: u32) -> u32:
    """a - b."""
    return a - b


def pair(mnemonic, opcode, compute, doc, extra):
    def of_registers(rd: Out(x), rs1: In(x), rs2: In(x), more: Imm(default=extra)):
        return compute(rs1, rs2) + more

    def of_constant(rd: Out(x), rs1: In(x), imm: Imm()):
        return compute(rs1, imm) + SCALE * extra

    for body, suffix, syntax in ((of_registers, "r", "rd, rs1, rs2"), (of_constant, "i", "rd, rs1, imm")):
        body.__name__, body.__doc__ = f"{mnemonic}_{suffix}", doc
        isa.op(f"{mnemonic}.{suffix}", R(opcode=opcode + (suffix == "i"), **({"more": None} if suffix == "r" else {})),
               unit="scalar", timing="all", syntax=syntax)(body)  # fmt: skip


SCALE = 2
pair("sum1", 1, plus, "Sum, plus 1.", 1)
pair("sum2", 3, plus, "Sum, plus 2.", 2)
pair("less0", 5, minus, "Difference.\n\nIt wraps.", 0)


@isa.op("alone", R(opcode=9), unit="scalar", timing="all")
def alone(rd: Out(x)):
    """Gives 1."""
    return u32(1)
