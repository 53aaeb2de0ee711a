"""Vectors and masks: comparisons, carries, merges, operations on masks, and what masks are counted for.

Masks are written for the elements that are worked on; other bits of the register keep their value.
"""

from backends.isa import In, InOut, Out, array, clamp, function, i32, i64, index, load, min, procedure, require, store, u32, work
from isa_specs.coral import vector_numbers as n
from isa_specs.coral.state import VLENB, v, vector_overlap, vl, x
from isa_specs.coral.vector_arithmetic import Signed, one_more, same_groups
from isa_specs.coral.vector_state import (
    MOST,
    OP_V,
    OPIVI,
    OPIVV,
    OPIVX,
    OPMVV,
    Mask,
    V,
    active,
    aligned,
    apart,
    bit,
    element,
    extended,
    group_size,
    narrower_than,
    prepared,
    put,
    unmasked_or_not_v0,
    vector,
)  # fmt: skip


@function
def with_bit(byte: u32, i: i32, value: u32) -> u32:
    """A byte of a mask with a bit changed."""
    place = u32(i & 7)
    return byte & ~(u32(1) << place) | (value & 1) << place


@procedure
def compared_groups(vd: int, vs2: int) -> u32:
    """A mask from a group: legality, and the width. The mask may lie in the group's first register."""
    width = prepared()
    log2 = group_size()
    aligned(vs2, log2)
    narrower_than(vd, i32(0), vs2, log2)
    return width


@procedure
def compared_with(vd: int, vs1: int):
    """Another source of a comparison."""
    log2 = group_size()
    aligned(vs1, log2)
    narrower_than(vd, i32(0), vs1, log2)


def comparison(name, funct6, compare, doc, forms="vv vx vi", signed=True):
    """A mask that says for which elements something holds."""

    def of_vectors(vd: InOut(v), vs2: In(v), vs1: In(v), vm: Mask):
        width = compared_groups(index(vd), index(vs2))
        compared_with(index(vd), index(vs1))
        made = array(u32, VLENB)
        for k in range(VLENB):
            made[k] = load(v, index(vd) * VLENB + k, 1)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, width, signed)
                b = element(index(vs1), i, width, signed)
                made[i >> 3] = with_bit(made[i >> 3], i32(i), compare(a, b))
        for k2 in range(VLENB):
            store(v, index(vd) * VLENB + k2, 1, made[k2])

    def of_scalar(vd: InOut(v), vs2: In(v), rs1: In(x), vm: Mask):
        width = compared_groups(index(vd), index(vs2))
        b = extended(rs1, width, signed)
        made = array(u32, VLENB)
        for k in range(VLENB):
            made[k] = load(v, index(vd) * VLENB + k, 1)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, width, signed)
                made[i >> 3] = with_bit(made[i >> 3], i32(i), compare(a, b))
        for k2 in range(VLENB):
            store(v, index(vd) * VLENB + k2, 1, made[k2])

    def of_constant(vd: InOut(v), vs2: In(v), imm: Signed, vm: Mask):
        width = compared_groups(index(vd), index(vs2))
        b = extended(u32(imm), width, signed)
        made = array(u32, VLENB)
        for k in range(VLENB):
            made[k] = load(v, index(vd) * VLENB + k, 1)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, width, signed)
                made[i >> 3] = with_bit(made[i >> 3], i32(i), compare(a, b))
        for k2 in range(VLENB):
            store(v, index(vd) * VLENB + k2, 1, made[k2])

    bodies = {"vv": (of_vectors, OPIVV, "vs1"), "vx": (of_scalar, OPIVX, "rs1"), "vi": (of_constant, OPIVI, "imm")}
    for form in forms.split():
        body, funct3, second = bodies[form]
        encoding = V(opcode=OP_V, funct6=funct6, funct3=funct3)
        vector(body, f"{name}.{form}", encoding, "vector_compare", f"vd, vs2, {second}, vm", doc)


comparison("vmseq", 0b011000, n.is_equal, "Elements that are equal.")
comparison("vmsne", 0b011001, n.is_different, "Elements that differ.")
comparison("vmsltu", 0b011010, n.is_less, "Elements that are less, as unsigned numbers.", "vv vx", signed=False)
comparison("vmslt", 0b011011, n.is_less, "Elements that are less, as signed numbers.", "vv vx")
comparison("vmsleu", 0b011100, n.is_less_or_equal, "Elements that are not greater, as unsigned numbers.", signed=False)
comparison("vmsle", 0b011101, n.is_less_or_equal, "Elements that are not greater, as signed numbers.")
comparison("vmsgtu", 0b011110, n.is_greater, "Elements that are greater, as unsigned numbers.", "vx vi", signed=False)
comparison("vmsgt", 0b011111, n.is_greater, "Elements that are greater, as signed numbers.", "vx vi")


# Sums with carries


@function
def sum_and_carry(a: i64, b: i64, carry: i64) -> i64:
    """a + b + carry."""
    return a + b + carry


@function
def difference_and_borrow(a: i64, b: i64, borrow: i64) -> i64:
    """a - b - borrow."""
    return a - b - borrow


@function
def outside(value: i64, width: u32) -> u32:
    """Whether a sum or difference of unsigned numbers carries or borrows."""
    return u32(value < 0 or value >> (8 * width) != 0)


def with_carry(name, funct6, compute, doc, constants):
    """Sums with the bits of v0 as carries."""

    def of_vectors(vd: Out(v), vs2: In(v), vs1: In(v)):
        width = same_groups(u32(0), index(vd), index(vs2))
        one_more(index(vs1))
        for i in range(min(vl.value, MOST)):
            carry = bit(0, i)
            a = element(index(vs2), i, width, False)
            b = element(index(vs1), i, width, False)
            put(index(vd), i, width, compute(a, b, i64(carry)))

    def of_scalar(vd: Out(v), vs2: In(v), rs1: In(x)):
        width = same_groups(u32(0), index(vd), index(vs2))
        for i in range(min(vl.value, MOST)):
            carry = bit(0, i)
            a = element(index(vs2), i, width, False)
            put(index(vd), i, width, compute(a, i64(rs1), i64(carry)))

    def of_constant(vd: Out(v), vs2: In(v), imm: Signed):
        width = same_groups(u32(0), index(vd), index(vs2))
        for i in range(min(vl.value, MOST)):
            carry = bit(0, i)
            a = element(index(vs2), i, width, False)
            put(index(vd), i, width, compute(a, i64(imm), i64(carry)))

    forms = [(of_vectors, "vvm", OPIVV, "vs1"), (of_scalar, "vxm", OPIVX, "rs1"), (of_constant, "vim", OPIVI, "imm")]
    for body, form, funct3, second in forms if constants else forms[:2]:
        encoding = V(opcode=OP_V, funct6=funct6, funct3=funct3, vm=0)
        vector(body, f"{name}.{form}", encoding, "vector_merge", f"vd, vs2, {second}, v0", doc)


def carries(name, funct6, compute, doc, constants):
    """Carries of such sums, as a mask; without ``m`` at the end nothing is carried in."""
    for masked, suffix in ((0, "m"), (1, "")):
        _carries(f"{name}.v{{}}{suffix}", funct6, compute, doc, constants, masked)


def _carries(name, funct6, compute, doc, constants, vm):
    carries_in = vm == 0

    def of_vectors(vd: InOut(v), vs2: In(v), vs1: In(v)):
        width = compared_groups(index(vd), index(vs2))
        compared_with(index(vd), index(vs1))
        made = array(u32, VLENB)
        for k in range(VLENB):
            made[k] = load(v, index(vd) * VLENB + k, 1)
        for i in range(min(vl.value, MOST)):
            carry = bit(0, i)
            a = element(index(vs2), i, width, False)
            b = element(index(vs1), i, width, False)
            out = outside(compute(a, b, i64(carry) if carries_in else i64(0)), width)
            made[i >> 3] = with_bit(made[i >> 3], i32(i), out)
        for k2 in range(VLENB):
            store(v, index(vd) * VLENB + k2, 1, made[k2])

    def of_scalar(vd: InOut(v), vs2: In(v), rs1: In(x)):
        width = compared_groups(index(vd), index(vs2))
        b = extended(rs1, width, False)
        made = array(u32, VLENB)
        for k in range(VLENB):
            made[k] = load(v, index(vd) * VLENB + k, 1)
        for i in range(min(vl.value, MOST)):
            carry = bit(0, i)
            a = element(index(vs2), i, width, False)
            out = outside(compute(a, b, i64(carry) if carries_in else i64(0)), width)
            made[i >> 3] = with_bit(made[i >> 3], i32(i), out)
        for k2 in range(VLENB):
            store(v, index(vd) * VLENB + k2, 1, made[k2])

    def of_constant(vd: InOut(v), vs2: In(v), imm: Signed):
        width = compared_groups(index(vd), index(vs2))
        b = extended(u32(imm), width, False)
        made = array(u32, VLENB)
        for k in range(VLENB):
            made[k] = load(v, index(vd) * VLENB + k, 1)
        for i in range(min(vl.value, MOST)):
            carry = bit(0, i)
            a = element(index(vs2), i, width, False)
            out = outside(compute(a, b, i64(carry) if carries_in else i64(0)), width)
            made[i >> 3] = with_bit(made[i >> 3], i32(i), out)
        for k2 in range(VLENB):
            store(v, index(vd) * VLENB + k2, 1, made[k2])

    forms = [(of_vectors, "v", OPIVV, "vs1"), (of_scalar, "x", OPIVX, "rs1"), (of_constant, "i", OPIVI, "imm")]
    for body, form, funct3, second in forms if constants else forms[:2]:
        encoding = V(opcode=OP_V, funct6=funct6, funct3=funct3, vm=vm)
        syntax = f"vd, vs2, {second}" + (", v0" if carries_in else "")
        vector(body, name.format(form), encoding, "vector_carry" if carries_in else "vector_compare", syntax, doc)


with_carry("vadc", 0b010000, sum_and_carry, "Sums, with carries in v0.", True)
with_carry("vsbc", 0b010010, difference_and_borrow, "Differences, with borrows in v0.", False)
carries("vmadc", 0b010001, sum_and_carry, "Carries of sums, as a mask.", True)
carries("vmsbc", 0b010011, difference_and_borrow, "Borrows of differences, as a mask.", False)


# Moves and merges

MERGE = 0b010111


def _merge(form, funct3, second):
    """A choice between elements by the mask in v0."""

    def of_vectors(vd: Out(v), vs2: In(v), vs1: In(v)):
        width = same_groups(u32(0), index(vd), index(vs2))
        one_more(index(vs1))
        for i in range(min(vl.value, MOST)):
            chosen = bit(0, i)
            a = element(index(vs2), i, width, False)
            b = element(index(vs1), i, width, False)
            put(index(vd), i, width, b if chosen != 0 else a)

    def of_scalar(vd: Out(v), vs2: In(v), rs1: In(x)):
        width = same_groups(u32(0), index(vd), index(vs2))
        for i in range(min(vl.value, MOST)):
            chosen = bit(0, i)
            a = element(index(vs2), i, width, False)
            put(index(vd), i, width, i64(rs1) if chosen != 0 else a)

    def of_constant(vd: Out(v), vs2: In(v), imm: Signed):
        width = same_groups(u32(0), index(vd), index(vs2))
        for i in range(min(vl.value, MOST)):
            chosen = bit(0, i)
            a = element(index(vs2), i, width, False)
            put(index(vd), i, width, i64(imm) if chosen != 0 else a)

    body = {"vvm": of_vectors, "vxm": of_scalar, "vim": of_constant}[form]
    doc = "Elements of the second source where v0 has a 1, else of vs2."
    encoding = V(opcode=OP_V, funct6=MERGE, funct3=funct3, vm=0)
    vector(body, f"vmerge.{form}", encoding, "vector_merge", f"vd, vs2, {second}, v0", doc)


for _form, _funct3, _second in (("vvm", OPIVV, "vs1"), ("vxm", OPIVX, "rs1"), ("vim", OPIVI, "imm")):
    _merge(_form, _funct3, _second)


def vmv_v_v(vd: Out(v), vs1: In(v)):
    """Copies elements."""
    width = same_groups(u32(1), index(vd), index(vs1))
    for i in range(min(vl.value, MOST)):
        a = element(index(vs1), i, width, False)
        put(index(vd), i, width, a)


def vmv_v_x(vd: Out(v), rs1: In(x)):
    """Gives every element a number."""
    width = same_groups(u32(1), index(vd), index(vd))
    for i in range(min(vl.value, MOST)):
        put(index(vd), i, width, i64(rs1))


def vmv_v_i(vd: Out(v), imm: Signed):
    """Gives every element a constant."""
    width = same_groups(u32(1), index(vd), index(vd))
    for i in range(min(vl.value, MOST)):
        put(index(vd), i, width, i64(imm))


vector(vmv_v_v, "vmv.v.v", V(opcode=OP_V, funct6=MERGE, funct3=OPIVV, vm=1, vs2=0), "vector", "vd, vs1")
vector(vmv_v_x, "vmv.v.x", V(opcode=OP_V, funct6=MERGE, funct3=OPIVX, vm=1, vs2=0), "vector", "vd, rs1")
vector(vmv_v_i, "vmv.v.i", V(opcode=OP_V, funct6=MERGE, funct3=OPIVI, vm=1, vs2=0), "vector", "vd, imm")


# Masks with masks


def mask_operation(name, funct6, compute, doc):
    """An operation on the first vl bits of two masks."""

    def body(vd: InOut(v), vs2: In(v), vs1: In(v)):
        prepared()
        work(1)
        count = i32(vl.value)
        for k in range(VLENB):
            a = load(v, index(vs2) * VLENB + k, 1)
            b = load(v, index(vs1) * VLENB + k, 1)
            d = load(v, index(vd) * VLENB + k, 1)
            kept = 255 << u32(clamp(count - 8 * k, 0, 8))
            store(v, index(vd) * VLENB + k, 1, d & u32(kept) | compute(a, b) & ~u32(kept))

    encoding = V(opcode=OP_V, funct6=funct6, funct3=OPMVV, vm=1)
    vector(body, f"{name}.mm", encoding, "vector", "vd, vs2, vs1", doc)


mask_operation("vmandn", 0b011000, n.and_not_bits, "And with the inverse of vs1.")
mask_operation("vmand", 0b011001, n.and_bits, "And.")
mask_operation("vmor", 0b011010, n.or_bits, "Or.")
mask_operation("vmxor", 0b011011, n.xor_bits, "Exclusive or.")
mask_operation("vmorn", 0b011100, n.or_not_bits, "Or with the inverse of vs1.")
mask_operation("vmnand", 0b011101, n.nand_bits, "Inverse of and.")
mask_operation("vmnor", 0b011110, n.nor_bits, "Inverse of or.")
mask_operation("vmxnor", 0b011111, n.xnor_bits, "Inverse of exclusive or.")


def vcpop_m(rd: Out(x), vs2: In(v), vm: Mask):
    """Number of set bits of a mask."""
    prepared()
    work(1)
    count = u32(0)
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            found = bit(index(vs2), i)
            count += found
    return count


def vfirst_m(rd: Out(x), vs2: In(v), vm: Mask):
    """Number of the first set bit of a mask, or -1."""
    prepared()
    work(1)
    first = u32(0xFFFFFFFF)
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        found = bit(index(vs2), i)
        if works and found != 0 and first == 0xFFFFFFFF:
            first = u32(i)
    return first


UNARY_X, UNARY_M = 0b010000, 0b010100
vector(vcpop_m, "vcpop.m", V(opcode=OP_V, funct6=UNARY_X, funct3=OPMVV, vs1=16), "vector_count", "rd, vs2, vm")
vector(vfirst_m, "vfirst.m", V(opcode=OP_V, funct6=UNARY_X, funct3=OPMVV, vs1=17), "vector_find", "rd, vs2, vm")


def until_first(name, vs1, before, at, doc):
    """A mask of the elements before, or at, the first set bit of another one."""

    def body(vd: InOut(v), vs2: In(v), vm: Mask):
        prepared()
        work(1)
        unmasked_or_not_v0(vm, index(vd))
        require(index(vd) != index(vs2), vector_overlap, index(vd))
        made = array(u32, VLENB)
        for k in range(VLENB):
            made[k] = load(v, index(vd) * VLENB + k, 1)
        seen = u32(0)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                found = bit(index(vs2), i)
                value = u32(at if found != 0 else before) if seen == 0 else u32(0)
                made[i >> 3] = with_bit(made[i >> 3], i32(i), value)
                seen = seen | found
        for k2 in range(VLENB):
            store(v, index(vd) * VLENB + k2, 1, made[k2])

    vector(body, name, V(opcode=OP_V, funct6=UNARY_M, funct3=OPMVV, vs1=vs1), "vector_scan", "vd, vs2, vm", doc)


until_first("vmsbf.m", 1, 1, 0, "Elements before the first set bit.")
until_first("vmsof.m", 2, 0, 1, "Only the first set bit.")
until_first("vmsif.m", 3, 1, 1, "Elements up to the first set bit, and that.")


def viota_m(vd: Out(v), vs2: In(v), vm: Mask):
    """For each element the number of set bits before it."""
    width = prepared()
    log2 = group_size()
    unmasked_or_not_v0(vm, index(vd))
    aligned(index(vd), log2)
    apart(index(vd), log2, index(vs2), i32(0))
    count = u32(0)
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            put(index(vd), i, width, i64(count))
            found = bit(index(vs2), i)
            count += found


def vid_v(vd: Out(v), vm: Mask):
    """For each element its own number."""
    width = same_groups(vm, index(vd), index(vd))
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            put(index(vd), i, width, i64(i))


vector(viota_m, "viota.m", V(opcode=OP_V, funct6=UNARY_M, funct3=OPMVV, vs1=16), "vector_scan", "vd, vs2, vm")
vector(vid_v, "vid.v", V(opcode=OP_V, funct6=UNARY_M, funct3=OPMVV, vs1=17, vs2=0), "vector", "vd, vm")
