"""CSRs (Zicsr), and machine mode: exceptions and the return from them."""

from backends.isa import Imm, In, Out, index, procedure, require, u32
from isa_specs.coral.state import (
    EXCEPTIONS,
    ILLEGAL,
    MIE,
    MPIE,
    VLENB,
    WORD,
    I,
    fflags,
    frm,
    go,
    here,
    illegal_csr,
    isa,
    mcause,
    mepc,
    mie,
    mscratch,
    mstatus,
    mtval,
    mtvec,
    no_handler,
    vl,
    vstart,
    vtype,
    vxrm,
    vxsat,
    x,
)  # fmt: skip
from isa_specs.coral.syntax import CSRS

MISA = 0x40201120
"""RV32 with I, M, F and V."""
Csr = Imm(names=CSRS)


@procedure
def read_csr(number: u32) -> u32:
    """The value of a CSR."""
    value = u32(0)
    if number == 0x001:
        value = fflags.value
    elif number == 0x002:
        value = frm.value
    elif number == 0x003:
        value = frm.value << 5 | fflags.value
    elif number == 0x008:
        value = vstart.value
    elif number == 0x009:
        value = vxsat.value
    elif number == 0x00A:
        value = vxrm.value
    elif number == 0x00F:
        value = vxrm.value << 1 | vxsat.value
    elif number == 0xC20:
        value = vl.value
    elif number == 0xC21:
        value = vtype.value
    elif number == 0xC22:
        value = u32(VLENB)
    elif number == 0x300:
        value = mstatus.value | 0x80001800
    elif number == 0x301:
        value = u32(MISA)
    elif number == 0x304:
        value = mie.value
    elif number == 0x305:
        value = mtvec.value
    elif number == 0x340:
        value = mscratch.value
    elif number == 0x341:
        value = mepc.value
    elif number == 0x342:
        value = mcause.value
    elif number == 0x343:
        value = mtval.value
    else:
        # mip, and the numbers of vendor, architecture, implementation and core, are 0.
        require(number == 0x344 or (number >= 0xF11 and number <= 0xF14), illegal_csr, number)
    return value


@procedure
def write_csr(number: u32, value: u32):
    """Gives a CSR a value; bits that it does not have stay as they are."""
    require(number >> 10 != 3, illegal_csr, number)
    if number == 0x001:
        fflags.value = value & 31
    elif number == 0x002:
        frm.value = value & 7
    elif number == 0x003:
        fflags.value = value & 31
        frm.value = value >> 5 & 7
    elif number == 0x008:
        vstart.value = value & (VLENB * 8 - 1)
    elif number == 0x009:
        vxsat.value = value & 1
    elif number == 0x00A:
        vxrm.value = value & 3
    elif number == 0x00F:
        vxsat.value = value & 1
        vxrm.value = value >> 1 & 3
    elif number == 0x300:
        mstatus.value = mstatus.value & ~u32(MIE | MPIE) | value & (MIE | MPIE)
    elif number == 0x304:
        mie.value = value & 0x888
    elif number == 0x305:
        mtvec.value = value & 0xFFFFFFFC
    elif number == 0x340:
        mscratch.value = value
    elif number == 0x341:
        mepc.value = value & 0xFFFFFFFC
    elif number == 0x342:
        mcause.value = value
    elif number == 0x343:
        mtval.value = value


@isa.op("csrrw", I(opcode=0b1110011, funct3=1, csr="imm"), unit="scalar", timing="csr")
def csrrw(rd: Out(x), csr: Csr, rs1: In(x)):
    """Writes a CSR and returns what it held before."""
    before = read_csr(csr)
    write_csr(csr, rs1)
    return before


@isa.op("csrrs", I(opcode=0b1110011, funct3=2, csr="imm"), unit="scalar", timing="csr")
def csrrs(rd: Out(x), csr: Csr, rs1: In(x)):
    """Sets bits of a CSR and returns what it held before. With x0 it only reads."""
    before = read_csr(csr)
    if index(rs1) != 0:
        write_csr(csr, before | rs1)
    return before


@isa.op("csrrc", I(opcode=0b1110011, funct3=3, csr="imm"), unit="scalar", timing="csr")
def csrrc(rd: Out(x), csr: Csr, rs1: In(x)):
    """Clears bits of a CSR and returns what it held before. With x0 it only reads."""
    before = read_csr(csr)
    if index(rs1) != 0:
        write_csr(csr, before & ~rs1)
    return before


@isa.op("csrrwi", I(opcode=0b1110011, funct3=5, csr="imm", value="rs1"), unit="scalar", timing="csr")
def csrrwi(rd: Out(x), csr: Csr, value: Imm()):
    """Writes a constant to a CSR and returns what it held before."""
    before = read_csr(csr)
    write_csr(csr, value)
    return before


@isa.op("csrrsi", I(opcode=0b1110011, funct3=6, csr="imm", value="rs1"), unit="scalar", timing="csr")
def csrrsi(rd: Out(x), csr: Csr, value: Imm()):
    """Sets bits of a CSR and returns what it held before. With 0 it only reads."""
    before = read_csr(csr)
    if value != 0:
        write_csr(csr, before | value)
    return before


@isa.op("csrrci", I(opcode=0b1110011, funct3=7, csr="imm", value="rs1"), unit="scalar", timing="csr")
def csrrci(rd: Out(x), csr: Csr, value: Imm()):
    """Clears bits of a CSR and returns what it held before. With 0 it only reads."""
    before = read_csr(csr)
    if value != 0:
        write_csr(csr, before & ~value)
    return before


@isa.handler(EXCEPTIONS)
def enter(code: u32, value: u32):
    """An exception: where it was and why go into CSRs, and the program goes on at mtvec."""
    require(mtvec.value != 0, no_handler)
    own = here()
    mepc.value = own
    mcause.value = code
    mtval.value = u32(0) if code == ILLEGAL else value  # 0 is legal, and the word is not known here
    state = mstatus.value
    mstatus.value = state & ~u32(MIE | MPIE) | (state & MIE) << 4
    go(mtvec.value)


@isa.op("mret", WORD(word=0x30200073), unit="scalar", timing="jump_register")
def mret():
    """Returns from an exception handler."""
    state = mstatus.value
    mstatus.value = state & ~u32(MIE) | (state & MPIE) >> 4 | MPIE
    go(mepc.value)
