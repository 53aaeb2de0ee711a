"""Vector loads and stores: unit, strided, indexed, in segments, of masks and of whole registers.

They begin at element vstart, which a handler of exceptions may have set. An access that traps does nothing: vstart stays.
"""

from backends.isa import (
    Imm,
    In,
    Out,
    array,
    clamp,
    i32,
    index,
    load,
    max,
    min,
    procedure,
    readable,
    require,
    store,
    u32,
    work,
)  # fmt: skip
from isa_specs.coral.state import VLENB, isa, lines, mem, named, v, vector_group, vl, vstart, vtype, vtype_unset, x
from isa_specs.coral.vector_state import (
    MOST,
    Mask,
    V,
    active,
    aligned,
    apart,
    element,
    group_size,
    narrower_than,
    prepared_for_memory,
    registers_in,
    registers_that_hold,
    unmasked_or_not_v0,
    wider_than,
)  # fmt: skip

LOAD, STORE = 0b0000111, 0b0100111
WIDTHS = {8: 0, 16: 5, 32: 6}
"""The code of an element width."""
UNIT, UNORDERED, STRIDED, ORDERED = 0, 1, 2, 3
"""Ways of addressing."""
PARTS = 8
"""Most registers that an access moves."""
lines_in = lines


@procedure
def segment_group(register: int, log2: i32, fields: u32):
    """Registers of all fields: there are at most eight, and they exist."""
    require(log2 >= -3, vector_group, register)
    aligned(register, log2)
    count = registers_in(log2) * fields
    require(count <= 8 and u32(register) + count <= 32, vector_group, register)


@procedure
def memory_group(bytes_each: u32) -> i32:
    """log2 of the registers of a group whose elements have so many bytes."""
    width = prepared_for_memory()
    log2 = group_size()
    return log2 + i32(bytes_each >> 1) - i32(width >> 1)


@procedure
def indexed_groups(data: int, log2: i32, indices: int, index_log2: i32, fields: u32):
    """A load with indices: its destination overlaps them where a narrower or wider result may, with one field only."""
    if fields > 1:
        apart(data, i32(max(log2, 0)), indices, index_log2)
        end = u32(data) + registers_in(log2) * fields
        require(end <= u32(indices) or u32(indices) + registers_in(index_log2) <= u32(data), vector_group, indices)
    elif index_log2 > log2:
        narrower_than(data, log2, indices, index_log2)
    elif index_log2 < log2:
        wider_than(data, log2, indices, index_log2)


# What accesses cost: the slot takes a register of a field at a time, and needs a cycle for each line of it.


@procedure
def registers_moved(each: u32, fields: u32) -> u32:
    """Registers of each field that the slot goes through; they are a uop each."""
    registers = registers_that_hold(vl.value * each)
    work(min(registers * fields, PARTS))
    return registers


@procedure
def moved(part: int, lines: u32, elements: u32, stores: bool):
    """What a register takes; without elements it takes two cycles."""
    work(lines + (2 if stores else 3) if elements != 0 else u32(2), part=part)


@procedure
def spread(base: u32, stride: u32, each: u32, fields: u32, vm: u32, stores: bool):
    """Elements at a distance. Addresses go one way, so a line is new if it lies beyond those that were counted."""
    registers = registers_moved(each, fields)
    per_register = VLENB >> (each >> 1)
    for part in range(PARTS):
        first = u32(part) // fields * per_register
        if u32(part) < registers * fields:
            lowest = u32(0)
            highest = u32(0)
            lines = u32(0)
            elements = u32(0)
            for i in range(VLENB):
                element_number = first + u32(i)
                if u32(i) < per_register and element_number < vl.value:
                    works = active(vm, clamp(element_number, 0, MOST - 1))
                    if works:
                        at = base + element_number * stride + u32(part) % fields * each
                        low = at >> 4
                        high = (at + each - 1) >> 4
                        if elements == 0:
                            lowest = low
                            highest = low
                            lines = u32(1)
                        elif low < lowest or low > highest or (stores and stride == 0):
                            lines += 1
                        if high != low and (high > highest or elements == 0):
                            lines += 1
                        lowest = min(lowest, low)
                        highest = max(highest, high)
                        elements += 1
            moved(part, lines, elements, stores)


@procedure
def side_by_side(base: u32, each: u32, fields: u32, vm: u32, stores: bool):
    """Elements one behind the other: without fields and mask, the bytes of a register lie in one line or two."""
    if vm == 0 or fields > 1:
        spread(base, fields * each, each, fields, vm, stores)
    else:
        registers = registers_moved(each, u32(1))
        for part in range(8):
            if u32(part) < registers:
                count = min(max(vl.value * each, 16 * u32(part)) - 16 * u32(part), 16)
                moved(part, lines_in(base + 16 * u32(part), count), count, stores)


@procedure
def scattered(base: u32, indices: int, each: u32, width: u32, fields: u32, vm: u32, stores: bool):
    """Elements anywhere. Stores to one byte are done one by one, and a line takes as long as its busiest byte. Where indices are
    wider than elements, each further register of them takes a cycle."""
    registers = registers_moved(width, fields)
    per_register = VLENB >> (width >> 1)
    more = max(each // width, 1) - 1
    for part in range(PARTS):
        first = u32(part) // fields * per_register
        if u32(part) < registers * fields:
            line = array(u32, VLENB)
            place = array(u32, VLENB)
            lines = u32(0)
            elements = u32(0)
            for i in range(VLENB):
                element_number = first + u32(i)
                if u32(i) < per_register and element_number < vl.value:
                    works = active(vm, clamp(element_number, 0, MOST - 1))
                    if works:
                        offset = element(indices, clamp(element_number, 0, MOST - 1), each, False)
                        at = base + u32(offset) + u32(part) % fields * width
                        same = u32(0)
                        most = u32(0)
                        for k in range(VLENB):
                            if u32(k) < elements and line[k] == at >> 4:
                                most = max(most, place[k] >> 16)
                                same += u32(place[k] & 0xFFFF == at & 15)
                        repeated = same + 1 if stores else u32(1)
                        if repeated > most:
                            lines += 1
                        slot = clamp(elements, 0, VLENB - 1)
                        line[slot] = at >> 4
                        place[slot] = max(repeated, most) << 16 | at & 15
                        if (at & 15) + width > 16:
                            lines += 1
                        elements += 1
            moved(part, lines + more, elements, stores)


def memory(function, mnemonic, doc, encoding, syntax, stores):
    """Makes an instruction of a function."""
    timing = "vector_store" if stores else "vector_load"
    isa.op(mnemonic, encoding, unit="memory", timing=timing, syntax=syntax)(named(function, mnemonic, doc))


def consecutive(bits, fields):
    """Loads and stores of elements, or of segments of several fields, one behind the other, or at a distance."""
    each, count_of_fields, single = bits // 8, Imm(default=fields, high=8), fields == 1

    def load_unit(vd: Out(v), rs1: In(x), vm: Mask, fields: count_of_fields):
        side_by_side(rs1, u32(each), fields, vm, False)
        log2 = memory_group(u32(each))
        segment_group(index(vd), log2, fields)
        unmasked_or_not_v0(vm, index(vd))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= vstart.value:
                if single:
                    store(v, u32(index(vd)) * VLENB + u32(i * each), each, load(mem, rs1 + u32(i * each), each))
                else:
                    for field in range(fields):
                        at = rs1 + (u32(i) * fields + u32(field)) * each
                        place = (u32(index(vd)) + u32(field) * registers_in(log2)) * VLENB + u32(i * each)
                        store(v, place, each, load(mem, at, each))
        vstart.value = 0

    def load_first(vd: Out(v), rs1: In(x), vm: Mask, fields: count_of_fields):
        side_by_side(rs1, u32(each), fields, vm, False)
        log2 = memory_group(u32(each))
        segment_group(index(vd), log2, fields)
        unmasked_or_not_v0(vm, index(vd))
        count = vl.value
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= vstart.value and u32(i) < count:
                first = rs1 + u32(i) * fields * each
                if i > 0 and not (readable(mem, first, 1) and readable(mem, first + (fields * each - 1), 1)):
                    count = u32(i)
                else:
                    for field in range(fields):
                        at = first + u32(field * each)
                        store(v, (u32(index(vd)) + u32(field) * registers_in(log2)) * VLENB + u32(i * each), each,
                              load(mem, at, each))  # fmt: skip
        vl.value = count
        vstart.value = 0

    def load_strided(vd: Out(v), rs1: In(x), rs2: In(x), vm: Mask, fields: count_of_fields):
        spread(rs1, rs2, u32(each), fields, vm, False)
        log2 = memory_group(u32(each))
        segment_group(index(vd), log2, fields)
        unmasked_or_not_v0(vm, index(vd))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= vstart.value:
                for field in range(fields):
                    at = rs1 + u32(i) * rs2 + u32(field * each)
                    store(
                        v, (u32(index(vd)) + u32(field) * registers_in(log2)) * VLENB + u32(i * each), each, load(mem, at, each)
                    )
        vstart.value = 0

    def store_unit(vs3: In(v), rs1: In(x), vm: Mask, fields: count_of_fields):
        side_by_side(rs1, u32(each), fields, vm, True)
        log2 = memory_group(u32(each))
        segment_group(index(vs3), log2, fields)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= vstart.value:
                if single:
                    store(mem, rs1 + u32(i * each), each, load(v, u32(index(vs3)) * VLENB + u32(i * each), each))
                else:
                    for field in range(fields):
                        at = rs1 + (u32(i) * fields + u32(field)) * each
                        place = (u32(index(vs3)) + u32(field) * registers_in(log2)) * VLENB + u32(i * each)
                        store(mem, at, each, load(v, place, each))
        vstart.value = 0

    def store_strided(vs3: In(v), rs1: In(x), rs2: In(x), vm: Mask, fields: count_of_fields):
        spread(rs1, rs2, u32(each), fields, vm, True)
        log2 = memory_group(u32(each))
        segment_group(index(vs3), log2, fields)
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= vstart.value:
                for field in range(fields):
                    at = rs1 + u32(i) * rs2 + u32(field * each)
                    store(
                        mem, at, each, load(v, (u32(index(vs3)) + u32(field) * registers_in(log2)) * VLENB + u32(i * each), each)
                    )
        vstart.value = 0

    seg = f"seg{fields}" if fields > 1 else ""
    what = "elements" if fields == 1 else f"segments of {fields} elements, each field in a group of its own"
    code = {"funct3": WIDTHS[bits], "nf": fields - 1, "mew": 0}
    memory(load_unit, f"vl{seg}e{bits}.v", f"Loads {what}.", V(opcode=LOAD, mop=UNIT, rs2=0, **code), "vd, (rs1), vm", False)
    memory(load_first, f"vl{seg}e{bits}ff.v", f"Loads {what}; only the first may trap, others make vl smaller.",
           V(opcode=LOAD, mop=UNIT, rs2=0b10000, **code), "vd, (rs1), vm", False)  # fmt: skip
    memory(load_strided, f"vls{seg}e{bits}.v", f"Loads {what}, rs2 bytes from one to the next.",
           V(opcode=LOAD, mop=STRIDED, **code), "vd, (rs1), rs2, vm", False)  # fmt: skip
    memory(store_unit, f"vs{seg}e{bits}.v", f"Stores {what}.", V(opcode=STORE, mop=UNIT, rs2=0, **code), "vs3, (rs1), vm", True)
    memory(store_strided, f"vss{seg}e{bits}.v", f"Stores {what}, rs2 bytes from one to the next.",
           V(opcode=STORE, mop=STRIDED, **code), "vs3, (rs1), rs2, vm", True)  # fmt: skip


def indexed(bits, fields):
    """Loads and stores of elements or segments at byte offsets that a group of indices says."""
    each, count_of_fields = bits // 8, Imm(default=fields, high=8)

    def load_indexed(vd: Out(v), rs1: In(x), vs2: In(v), vm: Mask, fields: count_of_fields):
        width = prepared_for_memory()
        scattered(rs1, index(vs2), u32(each), width, fields, vm, False)
        log2 = group_size()
        index_log2 = memory_group(u32(each))
        segment_group(index(vd), log2, fields)
        segment_group(index(vs2), index_log2, u32(1))
        indexed_groups(index(vd), log2, index(vs2), index_log2, fields)
        unmasked_or_not_v0(vm, index(vd))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= vstart.value:
                offset = element(index(vs2), i, u32(each), False)
                for field in range(fields):
                    at = rs1 + u32(offset) + u32(field) * width
                    place = (u32(index(vd)) + u32(field) * registers_in(log2)) * VLENB + u32(i) * width
                    store(v, place, width, load(mem, at, width))
        vstart.value = 0

    def store_indexed(vs3: In(v), rs1: In(x), vs2: In(v), vm: Mask, fields: count_of_fields):
        width = prepared_for_memory()
        scattered(rs1, index(vs2), u32(each), width, fields, vm, True)
        log2 = group_size()
        index_log2 = memory_group(u32(each))
        segment_group(index(vs3), log2, fields)
        segment_group(index(vs2), index_log2, u32(1))
        for i in range(min(vl.value, MOST)):
            works = active(vm, i)
            if works and u32(i) >= vstart.value:
                offset = element(index(vs2), i, u32(each), False)
                for field in range(fields):
                    at = rs1 + u32(offset) + u32(field) * width
                    place = (u32(index(vs3)) + u32(field) * registers_in(log2)) * VLENB + u32(i) * width
                    store(mem, at, width, load(v, place, width))
        vstart.value = 0

    seg = f"seg{fields}" if fields > 1 else ""
    what = "elements" if fields == 1 else f"segments of {fields} elements, each field in a group of its own"
    code = {"funct3": WIDTHS[bits], "nf": fields - 1, "mew": 0}
    for mop, order, said in ((UNORDERED, "u", "in any order"), (ORDERED, "o", "in order")):
        doc = f"{what} at rs1 plus the byte offsets in vs2, {said}."
        memory(copy_of(load_indexed), f"vl{order}x{seg}ei{bits}.v", f"Loads {doc}", V(opcode=LOAD, mop=mop, **code),
               "vd, (rs1), vs2, vm", False)  # fmt: skip
        memory(copy_of(store_indexed), f"vs{order}x{seg}ei{bits}.v", f"Stores {doc}", V(opcode=STORE, mop=mop, **code),
               "vs3, (rs1), vs2, vm", True)  # fmt: skip


def copy_of(function):
    """The same function as another object, to be another instruction."""
    made = type(function)(function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    made.__annotations__ = dict(function.__annotations__)
    return made


for _bits in WIDTHS:
    for _fields in range(1, 9):
        consecutive(_bits, _fields)
        indexed(_bits, _fields)


def whole_registers(count, bits):
    """Loads of registers as they are; the element width is a hint."""

    def body(vd: Out(v), rs1: In(x)):
        require(index(vd) % count == 0, vector_group, index(vd))
        work(count)
        for part in range(count):
            moved(part, lines_in(rs1 + u32(16 * part), u32(16)), u32(16), False)
        for k in range(count * VLENB // 4):
            if u32(4 * k) >= vstart.value * (bits // 8):
                store(v, index(vd) * VLENB + 4 * k, 4, load(mem, rs1 + u32(4 * k), 4))
        vstart.value = 0

    encoding = V(opcode=LOAD, funct3=WIDTHS[bits], nf=count - 1, mew=0, mop=UNIT, rs2=0b01000, vm=1)
    doc = f"Loads {count} register{'s' * (count > 1)}, whatever vl is."
    memory(body, f"vl{count}re{bits}.v", doc, encoding, "vd, (rs1)", False)


def whole_stores(count):
    """Stores of registers as they are."""

    def body(vs3: In(v), rs1: In(x)):
        require(index(vs3) % count == 0, vector_group, index(vs3))
        work(count)
        for part in range(count):
            moved(part, lines_in(rs1 + u32(16 * part), u32(16)), u32(16), True)
        for k in range(count * VLENB):
            if u32(k) >= vstart.value:
                store(mem, rs1 + u32(k), 1, load(v, index(vs3) * VLENB + k, 1))
        vstart.value = 0

    encoding = V(opcode=STORE, funct3=0, nf=count - 1, mew=0, mop=UNIT, rs2=0b01000, vm=1)
    doc = f"Stores {count} register{'s' * (count > 1)}, whatever vl is."
    memory(body, f"vs{count}r.v", doc, encoding, "vs3, (rs1)", True)


for _count in (1, 2, 4, 8):
    whole_stores(_count)
    for _bits in WIDTHS:
        whole_registers(_count, _bits)


def vlm_v(vd: Out(v), rs1: In(x)):
    """Loads the bytes that hold vl bits of a mask."""
    require(vtype.value >> 31 == 0, vtype_unset)
    moved(0, lines_in(rs1, min((vl.value + 7) >> 3, VLENB)), vl.value, False)
    for k in range(min((vl.value + 7) >> 3, VLENB)):
        if u32(k) >= vstart.value:
            store(v, index(vd) * VLENB + k, 1, load(mem, rs1 + u32(k), 1))
    vstart.value = 0


def vsm_v(vs3: In(v), rs1: In(x)):
    """Stores the bytes that hold vl bits of a mask."""
    require(vtype.value >> 31 == 0, vtype_unset)
    moved(0, lines_in(rs1, min((vl.value + 7) >> 3, VLENB)), vl.value, True)
    for k in range(min((vl.value + 7) >> 3, VLENB)):
        if u32(k) >= vstart.value:
            store(mem, rs1 + u32(k), 1, load(v, index(vs3) * VLENB + k, 1))
    vstart.value = 0


MASKS = {"funct3": 0, "nf": 0, "mew": 0, "mop": UNIT, "rs2": 0b01011, "vm": 1}
memory(vlm_v, "vlm.v", vlm_v.__doc__, V(opcode=LOAD, **MASKS), "vd, (rs1)", False)
memory(vsm_v, "vsm.v", vsm_v.__doc__, V(opcode=STORE, **MASKS), "vs3, (rs1)", True)
