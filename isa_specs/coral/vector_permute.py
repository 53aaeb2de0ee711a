"""Reductions, slides, gathers, moves between registers of different kinds, and extensions."""

from backends.isa import (
    Imm,
    In,
    InOut,
    Out,
    clamp,
    function,
    i32,
    i64,
    index,
    load,
    max,
    min,
    procedure,
    require,
    store,
    u32,
    u64,
    work,
)
from isa_specs.coral import vector_numbers as n
from isa_specs.coral.state import VLENB, v, vector_group, vector_width, vl, x
from isa_specs.coral.vector_arithmetic import one_more, same_groups
from isa_specs.coral.vector_state import (
    MOST,
    OP_V,
    OPIVI,
    OPIVV,
    OPIVX,
    OPMVV,
    OPMVX,
    Mask,
    V,
    active,
    aligned,
    apart,
    bit,
    doubled,
    element,
    group_size,
    prepared,
    put,
    registers_that_hold,
    unmasked_or_not_v0,
    vector,
    wider_than,
)  # fmt: skip

Unsigned = Imm()


def reduction(name, funct6, funct3, compute, doc, signed=True, wide=False):
    """One number from all elements and the first element of vs1."""

    def body(vd: Out(v), vs2: In(v), vs1: In(v), vm: Mask):
        width = prepared()
        log2 = group_size()
        aligned(index(vs2), log2)
        made = width
        if wide:
            made = doubled(width)
            work(2 * registers_that_hold(vl.value * width))
        total = element(index(vs1), 0, made, signed)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, width, signed)
                total = compute(total, a, i32(made) * 8, u32(0))  # the low bits count, which those above do not change
        if vl.value != 0:
            put(index(vd), 0, made, total)

    vector(
        body,
        f"{name}.vs",
        V(opcode=OP_V, funct6=funct6, funct3=funct3),
        "vector_reduce_wide" if wide else "vector_reduce",
        "vd, vs2, vs1, vm",
        doc,
    )


reduction("vredsum", 0b000000, OPMVV, n.plus, "Sum of all elements.")
reduction("vredand", 0b000001, OPMVV, n.both, "And of all elements.")
reduction("vredor", 0b000010, OPMVV, n.either, "Or of all elements.")
reduction("vredxor", 0b000011, OPMVV, n.one_of, "Exclusive or of all elements.")
reduction("vredminu", 0b000100, OPMVV, n.lesser, "The least, as unsigned numbers.", signed=False)
reduction("vredmin", 0b000101, OPMVV, n.lesser, "The least, as signed numbers.")
reduction("vredmaxu", 0b000110, OPMVV, n.greater, "The greatest, as unsigned numbers.", signed=False)
reduction("vredmax", 0b000111, OPMVV, n.greater, "The greatest, as signed numbers.")
reduction("vwredsumu", 0b110000, OPIVV, n.plus, "Sum of unsigned elements, in twice the width.", signed=False, wide=True)
reduction("vwredsum", 0b110001, OPIVV, n.plus, "Sum of signed elements, in twice the width.", wide=True)


# Slides and gathers. What is read beyond a group is 0.


@function
def group_elements(log2: i32, width: u32) -> u32:
    """Elements of a group (VLMAX)."""
    return (u32(VLENB) << u32(log2 + 3)) >> 3 >> (width >> 1)


@procedure
def slid_groups(vm: u32, vd: int, vs2: int) -> u32:
    """A destination that must not overlap its source: legality, and the width."""
    width = same_groups(vm, vd, vs2)
    log2 = group_size()
    apart(vd, log2, vs2, log2)
    return width


@procedure
def read(register: int, i: u32, width: u32) -> i64:
    """An element of a group, or 0 where the group ends before it."""
    log2 = group_size()
    inside = i < group_elements(log2, width)
    value = element(register, i if inside else u32(0), width, False)
    return value if inside else i64(0)


@procedure
def far(a: u32, b: u32) -> u32:
    """The sum of two element numbers; beyond any group where it does not fit."""
    return u32(min(u64(a) + u64(b), 0xFFFFFFFF))


def slide(name, form, second, funct3, constant, up):
    """A move of all elements by a number of places."""

    def upwards_by_register(vd: InOut(v), vs2: In(v), rs1: In(x), vm: Mask):
        width = slid_groups(vm, index(vd), index(vs2))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= rs1:
                a = element(index(vs2), u32(i) - rs1, width, False)
                put(index(vd), i, width, a)

    def upwards_by_constant(vd: InOut(v), vs2: In(v), imm: Unsigned, vm: Mask):
        width = slid_groups(vm, index(vd), index(vs2))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= imm:
                a = element(index(vs2), u32(i) - imm, width, False)
                put(index(vd), i, width, a)

    def downwards_by_register(vd: Out(v), vs2: In(v), rs1: In(x), vm: Mask):
        width = same_groups(vm, index(vd), index(vs2))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                place = far(u32(i), rs1)
                a = read(index(vs2), place, width)
                put(index(vd), i, width, a)

    def downwards_by_constant(vd: Out(v), vs2: In(v), imm: Unsigned, vm: Mask):
        width = same_groups(vm, index(vd), index(vs2))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = read(index(vs2), u32(i) + imm, width)
                put(index(vd), i, width, a)

    choices = {(True, True): upwards_by_constant, (True, False): upwards_by_register, (False, True): downwards_by_constant,
               (False, False): downwards_by_register}  # fmt: skip
    doc = f"Moves elements to {'higher' if up else 'lower'} places."
    encoding = V(opcode=OP_V, funct6=0b001110 if up else 0b001111, funct3=funct3)
    vector(choices[up, constant], f"{name}.{form}", encoding, "vector_permute", f"vd, vs2, {second}, vm", doc)


for _name, _up in (("vslideup", True), ("vslidedown", False)):
    slide(_name, "vx", "rs1", OPIVX, False, _up)
    slide(_name, "vi", "imm", OPIVI, True, _up)


def vslide1up_vx(vd: Out(v), vs2: In(v), rs1: In(x), vm: Mask):
    """Moves elements up by one place and puts a number first."""
    width = slid_groups(vm, index(vd), index(vs2))
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            a = element(index(vs2), u32(max(i - 1, 0)), width, False)
            put(index(vd), i, width, i64(rs1) if i == 0 else a)


def vslide1down_vx(vd: Out(v), vs2: In(v), rs1: In(x), vm: Mask):
    """Moves elements down by one place and puts a number last."""
    width = same_groups(vm, index(vd), index(vs2))
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            a = read(index(vs2), u32(i) + 1, width)
            put(index(vd), i, width, i64(rs1) if u32(i) + 1 == vl.value else a)


vector(vslide1up_vx, "vslide1up.vx", V(opcode=OP_V, funct6=0b001110, funct3=OPMVX), "vector_permute", "vd, vs2, rs1, vm")
vector(vslide1down_vx, "vslide1down.vx", V(opcode=OP_V, funct6=0b001111, funct3=OPMVX), "vector_permute", "vd, vs2, rs1, vm")


def vrgather_vv(vd: Out(v), vs2: In(v), vs1: In(v), vm: Mask):
    """Elements of vs2 at the places that vs1 says; 0 beyond the group."""
    width = slid_groups(vm, index(vd), index(vs2))
    one_more(index(vs1))
    log2 = group_size()
    apart(index(vd), log2, index(vs1), log2)
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            place = element(index(vs1), i, width, False)
            a = read(index(vs2), u32(place), width)
            put(index(vd), i, width, a)


def vrgatherei16_vv(vd: Out(v), vs2: In(v), vs1: In(v), vm: Mask):
    """Elements of vs2 at the places that 16-bit elements of vs1 say; 0 beyond the group."""
    width = slid_groups(vm, index(vd), index(vs2))
    log2 = group_size()
    places = log2 + 1 - i32(width >> 1)
    require(places >= -3, vector_group, index(vs1))
    aligned(index(vs1), places)
    apart(index(vd), log2, index(vs1), places)
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            place = element(index(vs1), i, u32(2), False)
            a = read(index(vs2), u32(place), width)
            put(index(vd), i, width, a)


def vrgather_vx(vd: Out(v), vs2: In(v), rs1: In(x), vm: Mask):
    """One element of vs2, everywhere; 0 beyond the group."""
    width = slid_groups(vm, index(vd), index(vs2))
    a = read(index(vs2), rs1, width)
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            put(index(vd), i, width, a)


def vrgather_vi(vd: Out(v), vs2: In(v), imm: Unsigned, vm: Mask):
    """One element of vs2, everywhere; 0 beyond the group."""
    width = slid_groups(vm, index(vd), index(vs2))
    a = read(index(vs2), imm, width)
    for i in range(min(vl.value, MOST)):
        works = active(vm, i)
        if works:
            put(index(vd), i, width, a)


def vcompress_vm(vd: InOut(v), vs2: In(v), vs1: In(v)):
    """The elements of vs2 where the mask vs1 has a 1, side by side."""
    width = slid_groups(u32(1), index(vd), index(vs2))
    log2 = group_size()
    apart(index(vd), log2, index(vs1), i32(0))
    count = u32(0)
    for i in range(min(vl.value, MOST)):
        chosen = bit(index(vs1), i)
        if chosen != 0:
            a = element(index(vs2), i, width, False)
            put(index(vd), count, width, a)
            count += 1


GATHER = 0b001100
EI16 = 0b001110
vector(vrgather_vv, "vrgather.vv", V(opcode=OP_V, funct6=GATHER, funct3=OPIVV), "vector_gather", "vd, vs2, vs1, vm")
vector(vrgatherei16_vv, "vrgatherei16.vv", V(opcode=OP_V, funct6=EI16, funct3=OPIVV), "vector_gather", "vd, vs2, vs1, vm")
vector(vrgather_vx, "vrgather.vx", V(opcode=OP_V, funct6=GATHER, funct3=OPIVX), "vector_permute", "vd, vs2, rs1, vm")
vector(vrgather_vi, "vrgather.vi", V(opcode=OP_V, funct6=GATHER, funct3=OPIVI), "vector_permute", "vd, vs2, imm, vm")
vector(vcompress_vm, "vcompress.vm", V(opcode=OP_V, funct6=0b010111, funct3=OPMVV, vm=1), "vector_compress", "vd, vs2, vs1")


# Moves


def vmv_x_s(rd: Out(x), vs2: In(v)):
    """The first element, as a signed number, to an integer register."""
    width = prepared()
    work(1)
    first = element(index(vs2), 0, width, True)
    return u32(first)


def vmv_s_x(vd: InOut(v), rs1: In(x)):
    """An integer register to the first element."""
    width = prepared()
    work(1)
    if vl.value != 0:
        put(index(vd), 0, width, i64(rs1))


MOVE = 0b010000
vector(vmv_x_s, "vmv.x.s", V(opcode=OP_V, funct6=MOVE, funct3=OPMVV, vm=1, vs1=0), "vector_find", "rd, vs2")
vector(vmv_s_x, "vmv.s.x", V(opcode=OP_V, funct6=MOVE, funct3=OPMVX, vm=1, vs2=0), "vector", "vd, rs1")


def whole_move(count):
    """A copy of registers, whatever vl is."""

    def body(vd: Out(v), vs2: In(v)):
        prepared()
        work(count)
        require(index(vd) % count == 0 and index(vs2) % count == 0, vector_group, index(vd))
        for k in range(count * VLENB // 4):
            store(v, index(vd) * VLENB + 4 * k, 4, load(v, index(vs2) * VLENB + 4 * k, 4))

    encoding = V(opcode=OP_V, funct6=0b100111, funct3=OPIVI, vm=1, imm=count - 1)
    vector(body, f"vmv{count}r.v", encoding, "vector", "vd, vs2", f"Copies {count} register{'s' * (count > 1)}.")


for _count in (1, 2, 4, 8):
    whole_move(_count)


def extension(name, factor, vs1, signed, doc):
    """Elements of the width from elements of a half or a quarter of that."""
    halvings = factor // 2

    def body(vd: Out(v), vs2: In(v), vm: Mask):
        width = prepared()
        log2 = group_size()
        require(width >= factor, vector_width, width)
        require(log2 - halvings >= -3, vector_group, index(vs2))
        unmasked_or_not_v0(vm, index(vd))
        aligned(index(vd), log2)
        aligned(index(vs2), log2 - halvings)
        wider_than(index(vd), log2, index(vs2), log2 - halvings)
        narrow = clamp(width // factor, 1, 2)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works:
                a = element(index(vs2), i, narrow, signed)
                put(index(vd), i, width, a)

    vector(body, name, V(opcode=OP_V, funct6=0b010010, funct3=OPMVV, vs1=vs1), f"vector_extend{factor}", "vd, vs2, vm", doc)


extension("vzext.vf4", 4, 4, False, "Unsigned elements of a quarter of the width.")
extension("vsext.vf4", 4, 5, True, "Signed elements of a quarter of the width.")
extension("vzext.vf2", 2, 6, False, "Unsigned elements of half the width.")
extension("vsext.vf2", 2, 7, True, "Signed elements of half the width.")
