"""What vector instructions share: legality, masks, elements. Elements are read as 64-bit numbers and cut when they are written.

Elements past vl and elements that are masked off keep their value, whatever the policies say.
"""

from backends.isa import Imm, count_leading_zeros, function, i32, i64, load, max, min, procedure, require, store, u32, work
from isa_specs.coral.state import (
    VLENB,
    isa,
    named,
    v,
    vector_group,
    vector_overlap,
    vector_width,
    vl,
    vstart,
    vstart_not_zero,
    vtype,
    vtype_unset,
    vxsat,
)  # fmt: skip

OP_V = 0b1010111
V = isa.format(
    "V", opcode=(0, 7), vd=(7, 5), rd=(7, 5), funct3=(12, 3), vs1=(15, 5), rs1=(15, 5), imm=(15, 5), vs2=(20, 5), rs2=(20, 5),
    vm=(25, 1), funct6=(26, 6), vs3=(7, 5), mop=(26, 2), mew=(28, 1), nf=(29, 3), lmul=(20, 3), sew=(23, 3), ta=(26, 1),
    ma=(27, 1), high=(28, 3), top=(30, 2), bit31=(31, 1), low_high=(28, 2), funct7=(25, 7),
)  # fmt: skip
OPIVV, OPIVX, OPIVI, OPMVV, OPMVX = 0, 4, 3, 2, 6
Mask = Imm(default=1, names={"v0.t": 0}, named=True)
"""The last operand: ``v0.t``, or nothing."""
MOST = VLENB * 8
"""Most elements of a register group."""


@function
def registers_in(log2: i32) -> u32:
    """Registers of a group of 2**log2."""
    return u32(1) << u32(max(log2, 0))


@function
def extended(value: u32, width: u32, signed: bool) -> i64:
    """An element of 1, 2 or 4 bytes as a number."""
    unused = 32 - 8 * width
    return i64(i32(value << unused) >> unused) if signed else i64(value << unused >> unused)


@function
def registers_that_hold(count: u32) -> u32:
    """Registers that the machine works on for so many bytes, at most 256: a power of two."""
    return 1 if count <= VLENB else u32(1) << (32 - count_leading_zeros((count - 1) // VLENB))


@procedure
def prepared() -> u32:
    """Traps unless vector instructions can execute; returns the bytes of an element. The work is a uop for each register."""
    require(vtype.value >> 31 == 0, vtype_unset)
    require(vstart.value == 0, vstart_not_zero, vstart.value)
    width = min(u32(1) << (vtype.value >> 3 & 3), 4)
    work(registers_that_hold(vl.value * width))
    return width


@procedure
def on_wide_elements(width: u32):
    """The work is a uop for each register that elements of twice the width need."""
    work(registers_that_hold(vl.value * width * 2))


@procedure
def prepared_for_memory() -> u32:
    """As `prepared`, for loads and stores, which may begin at any element."""
    require(vtype.value >> 31 == 0, vtype_unset)
    return min(u32(1) << (vtype.value >> 3 & 3), 4)


@procedure
def group_size() -> i32:
    """log2 of LMUL, -3 to 3."""
    code = i32(vtype.value & 7)
    return code - 8 if code > 3 else code


@procedure
def aligned(register: int, log2: i32):
    """Traps unless a group can start at a register and be of that size."""
    require(log2 <= 3, vector_group, register)
    require(u32(register) & (registers_in(log2) - 1) == 0, vector_group, register)


@procedure
def unmasked_or_not_v0(vm: u32, register: int):
    """A destination that is masked does not overlap the mask."""
    require(vm == 1 or register != 0, vector_overlap, register)


@procedure
def apart(register: int, log2: i32, other: int, other_log2: i32):
    """Traps if two groups overlap."""
    end = u32(register) + registers_in(log2)
    other_end = u32(other) + registers_in(other_log2)
    require(end <= u32(other) or other_end <= u32(register), vector_overlap, other)


@procedure
def wider_than(register: int, log2: i32, source: int, source_log2: i32):
    """A destination of wider elements overlaps a source in its highest registers at most."""
    end = u32(register) + registers_in(log2)
    source_end = u32(source) + registers_in(source_log2)
    allowed = source_log2 >= 0 and source_end == end and source > register
    require(allowed or end <= u32(source) or source_end <= u32(register), vector_overlap, source)


@procedure
def narrower_than(register: int, log2: i32, source: int, source_log2: i32):
    """A destination of narrower elements overlaps a source in its lowest registers at most."""
    end = u32(register) + registers_in(log2)
    source_end = u32(source) + registers_in(source_log2)
    require(register == source or end <= u32(source) or source_end <= u32(register), vector_overlap, source)


@procedure
def doubled(width: u32) -> u32:
    """Twice the width. Traps if there are no elements of that width."""
    require(width <= 2, vector_width, width)
    return min(width * 2, 4)


@procedure
def active(vm: u32, i: int) -> bool:
    """Whether an element is worked on."""
    return vm == 1 or (load(v, i >> 3, 1) >> u32(i & 7) & 1) != 0


@procedure
def bit(register: int, i: int) -> u32:
    """A bit of a mask."""
    return load(v, register * VLENB + (i >> 3), 1) >> u32(i & 7) & 1


@procedure
def element(register: int, i: int, width: u32, signed: bool) -> i64:
    """An element of a group."""
    return extended(load(v, u32(register) * VLENB + u32(i) * width, width), width, signed)


@procedure
def put(register: int, i: int, width: u32, value: i64):
    """Writes an element of a group."""
    store(v, u32(register) * VLENB + u32(i) * width, width, u32(value))


@procedure
def saturate(clipped: u32):
    """Notes whether a result was clipped."""
    vxsat.value = vxsat.value | clipped


def vector(function, mnemonic, encoding, timing, syntax, doc=""):
    """Makes an instruction of a function; ``doc`` is what opens its page, if the function does not say it."""
    named(function, mnemonic, doc or function.__doc__)
    isa.op(mnemonic, encoding, unit="vector", timing=timing, syntax=syntax)(function)
