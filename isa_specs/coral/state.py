"""The state of Coral: memory, registers, CSRs, causes of faults, instruction formats, and what bodies share.

Memory is one space of bytes with regions; everything else traps. An exception goes to the handler whose address is in `mtvec`,
or ends the program with a typed fault where there is none (`enter`).
"""

from backends.isa import Isa, Region, function, jump, pc, procedure, require, u8, u32
from isa_specs.coral.syntax import DIALECT

isa = Isa(
    "coral", title="Coral NPU class of core: RV32IMF with Zbb and 128-bit integer vectors (Zve32x)", comments=("#", "//"),
    ends="trap", dialect=DIALECT,
)  # fmt: skip

ITCM_BYTES = isa.param("ITCM_BYTES", "bytes of instruction memory, from address 0 on")
DTCM_BASE = isa.param("DTCM_BASE", "address of data memory")
DTCM_BYTES = isa.param("DTCM_BYTES", "bytes of data memory")
EXTMEM_BASE = isa.param("EXTMEM_BASE", "address of external memory")
EXTMEM_BYTES = isa.param("EXTMEM_BYTES", "bytes of external memory")
VLENB = isa.param("VLENB", "bytes of a vector register")

x = isa.registers("x", u32, 32, zero=0, doc="Integers and addresses. x0 is always 0.")
f = isa.registers("f", u32, 32, doc="Single-precision floating-point numbers, as their patterns.")
v = isa.registers(
    "v", u8, 32, lanes=VLENB, doc="Vectors of 8-, 16- or 32-bit elements; v0 holds the mask of masked instructions."
)
mem = isa.memory(
    "mem", u8, EXTMEM_BASE + EXTMEM_BYTES, pointer=x, granule=16, preload=True,
    regions=(
        Region("itcm", 0, ITCM_BYTES, writable=False, doc="Instructions. Loads may read it; stores trap."),
        Region("dtcm", DTCM_BASE, DTCM_BYTES, doc="Data, as fast as registers' own memory can be."),
        Region("extmem", EXTMEM_BASE, EXTMEM_BYTES, doc="Larger data."),
    ),
    doc="All bytes that loads and stores can reach.",
)  # fmt: skip

vdividend, vdivisor, vsigns = (
    isa.registers(name, u32, VLENB, doc=f"The {what} that a lane of the vector divider had last. Only timing depends on it.")
    for name, what in (("vdividend", "dividend's size"), ("vdivisor", "divisor's size"), ("vsigns", "signs"))
)

fflags = isa.register(
    "fflags", u32, doc="Accrued floating-point exceptions: 16 invalid, 8 by zero, 4 overflow, 2 underflow, 1 inexact."
)
frm = isa.register("frm", u32, doc="Rounding mode of instructions that say `dyn`.")
vstart = isa.register("vstart", u32, doc="First element that a vector instruction works on: 0, except after a write to the CSR.")
vxsat = isa.register("vxsat", u32, doc="1: a fixed-point result was clipped.")
vxrm = isa.register("vxrm", u32, doc="Rounding of fixed-point results: 0 nearest up, 1 nearest even, 2 down, 3 to odd.")
vl = isa.register("vl", u32, doc="Elements that vector instructions work on.")
vtype = isa.register("vtype", u32, reset=1 << 31, doc="Element width, group size and policies; bit 31: not set, or not possible.")
mstatus = isa.register("mstatus", u32, reset=0x6600, doc="MIE, MPIE; the float and vector units are always on.")
mie = isa.register("mie", u32, doc="Interrupt enables. There is no source of interrupts.")
mtvec = isa.register("mtvec", u32, doc="Address of the exception handler; 0: none, an exception ends the program.")
mscratch = isa.register("mscratch", u32, doc="For the handler.")
mepc = isa.register("mepc", u32, doc="Address of the instruction that raised the exception.")
mcause = isa.register("mcause", u32, doc="Its code.")
mtval = isa.register("mtval", u32, doc="The address that could not be accessed; 0 for an illegal instruction.")

misaligned_fetch = isa.trap("misaligned_fetch", "jumps lead to multiples of 4")
illegal_csr = isa.trap("illegal_csr", "the CSR exists, and those whose number begins with 0xC or 0xF are only read")
illegal_rounding = isa.trap("illegal_rounding", "rounding modes are rne, rtz, rdn, rup, rmm; with dyn, frm holds one of them")
vtype_unset = isa.trap("vtype_unset", "a vset instruction that the machine can honour comes first")
vstart_not_zero = isa.trap("vstart_not_zero", "vstart is 0")
vector_group = isa.trap("vector_group", "register numbers are multiples of their group's size, which is at most 8")
vector_overlap = isa.trap("vector_overlap", "the destination overlaps neither the mask nor sources of another element width")
vector_width = isa.trap("vector_width", "elements are 8, 16 or 32 bits wide, those that are read and those that are made")
environment_call = isa.trap("environment_call", "there is a handler for it")
breakpoint_reached = isa.trap("breakpoint", "ebreak stops the core with a fault")
no_handler = isa.trap("no_handler", "mtvec holds the address of a handler")

R = isa.format(
    "R", opcode=(0, 7), rd=(7, 5), funct3=(12, 3), rs1=(15, 5), rs2=(20, 5), funct7=(25, 7), rs2_low=(20, 2), rs3=(27, 5)
)
R4 = isa.format("R4", opcode=(0, 7), rd=(7, 5), rm=(12, 3), rs1=(15, 5), rs2=(20, 5), two=(25, 2), rs3=(27, 5), funct7=(25, 7))
I = isa.format("I", opcode=(0, 7), rd=(7, 5), funct3=(12, 3), rs1=(15, 5), imm=(20, 12))  # noqa: E741 - its usual name
S = isa.format("S", opcode=(0, 7), funct3=(12, 3), rs1=(15, 5), rs2=(20, 5), imm=[(7, 5, 0), (25, 7, 5)])
B = isa.format(
    "B", opcode=(0, 7), funct3=(12, 3), rs1=(15, 5), rs2=(20, 5), offset=[(8, 4, 0), (25, 6, 4), (7, 1, 10), (31, 1, 11)]
)
U = isa.format("U", opcode=(0, 7), rd=(7, 5), imm=(12, 20))
J = isa.format("J", opcode=(0, 7), rd=(7, 5), offset=[(21, 10, 0), (20, 1, 10), (12, 8, 11), (31, 1, 19)])
WORD = isa.format("WORD", word=(0, 32))
FENCE = isa.format("FENCE", opcode=(0, 7), funct3=(12, 3), successor=(20, 4), predecessor=(24, 4))

ILLEGAL = 2
"""mcause of an illegal instruction."""
EXCEPTIONS = {
    "misaligned_fetch": 0, "pc_out_of_range": 1, "invalid_opcode": ILLEGAL, "illegal_csr": ILLEGAL, "illegal_rounding": ILLEGAL,
    "vtype_unset": ILLEGAL, "vstart_not_zero": ILLEGAL, "vector_group": ILLEGAL, "vector_overlap": ILLEGAL,
    "vector_width": ILLEGAL, "mem_load_fault": 5, "mem_store_fault": 7, "environment_call": 11,
}  # fmt: skip
"""mcause of each cause that a handler can take. `ebreak` is none of them: it stops the core."""
MIE, MPIE = 1 << 3, 1 << 7


@procedure
def go(target: u32):
    """Jumps to a byte address."""
    require(target & 3 == 0, misaligned_fetch, target)
    jump(target >> 2)


@procedure
def here() -> u32:
    """The byte address of this instruction."""
    return u32(pc()) * 4


@function
def lines(address: u32, count: u32) -> u32:
    """Lines of 16 bytes in which some bytes, at most 16, lie."""
    return ((address & 15) + count + 15) >> 4


def named(body, mnemonic, doc):
    """The function as the instruction of a family: its key is the mnemonic with ``_`` for ``.``."""
    body.__name__, body.__doc__ = mnemonic.replace(".", "_"), doc
    return body
