"""A machine for tests of loops over lanes: elements of 1, 2 or 4 bytes, masks, and loops that only look as if they fitted."""

# Bodies call builtins by name; engines know them.
# ruff: noqa: F821

from backends.isa.define import Imm, In, InOut, Isa, Out, Region, function, procedure
from backends.isa.dtypes import f32, i32, i64, u8, u32

isa = Isa("lanes", title="A machine for tests of loops over lanes", ends="trap")
LANES = isa.param("LANES")
MOST = 64
x = isa.registers("x", u32, 8)
v = isa.registers("v", u8, 8, lanes=LANES)
mem = isa.memory(
    "mem", u8, 3 << 12, pointer=x, granule=16,
    regions=[Region("rom", 0, 100, writable=False), Region("ram", 4000, 300), Region("high", (3 << 12) - 70, 70)],
)  # fmt: skip
count = isa.register("count", u32, reset=9)
size = isa.register("size", u32)
first = isa.register("first", u32)
clipped = isa.register("clipped", u32)
W = isa.format("W", op=(0, 7), rd=(7, 3), rs1=(10, 3), rs2=(13, 3), vm=(16, 1), imm=(17, 8))


@function
def wide(value: u32, width: u32) -> i64:
    """An element with its sign."""
    unused = 32 - 8 * width
    return i64(i32(value << unused) >> unused)


@procedure
def width() -> u32:
    """Bytes of an element; 3 among them."""
    return min((size.value & 3) + 1, 4)


@procedure
def active(vm: u32, i: int) -> bool:
    """Whether an element takes part."""
    return vm == 1 or (load(v, i >> 3, 1) >> u32(i & 7) & 1) != 0


@procedure
def element(register: int, i: int, bytes_each: u32) -> u32:
    """An element, which may lie behind the last register."""
    return load(v, u32(register) * LANES + u32(i) * bytes_each, bytes_each)


@procedure
def put(register: int, i: int, bytes_each: u32, value: u32):
    """Writes one."""
    store(v, u32(register) * LANES + u32(i) * bytes_each, bytes_each, value)


@isa.op("SETX", W(op=1), unit="core", timing="core")
def setx(rd: Out(x), rs1: In(x), imm: Imm(signed=True)):
    """A number near another one."""
    return rs1 + u32(imm)


@isa.op("SETC", W(op=2), unit="core", timing="core")
def setc(rs1: In(x), imm: Imm()):
    """How many elements, how large, from which on."""
    count.value = imm & 63
    size.value = rs1
    first.value = imm >> 6


@isa.op("ADD", W(op=3), unit="core", timing="core")
def add(rd: Out(v), rs1: In(v), rs2: In(v), vm: Imm()):
    """Sums, masked; notes whether one did not fit."""
    each = width()
    over = u32(0)
    for i in range(min(count.value, MOST)):
        works = active(vm, i)
        if works and u32(i) >= first.value:
            a = element(index(rs1), i, each)
            b = element(index(rs2), i, each)
            total = wide(a, each) + wide(b, each)
            over = over | u32(wide(u32(total), each) != total)
            put(index(rd), i, each, u32(total))
    clipped.value = clipped.value | over


@isa.op("GET", W(op=4), unit="core", timing="core")
def get(rd: Out(v), rs1: In(x), vm: Imm()):
    """Loads, which may trap."""
    each = width()
    for i in range(min(count.value, MOST)):
        works = active(vm, i)
        if works and u32(i) >= first.value:
            put(index(rd), i, each, load(mem, rs1 + u32(i) * each, each))
    first.value = 0


@isa.op("PUT", W(op=5), unit="core", timing="core")
def put_elements(rd: In(v), rs1: In(x), vm: Imm()):
    """Stores, which may trap."""
    each = width()
    for i in range(min(count.value, MOST)):
        works = active(vm, i)
        if works and u32(i) >= first.value:
            a = element(index(rd), i, each)
            store(mem, rs1 + u32(i) * each, each, a)
    first.value = 0


@isa.op("PUTADD", W(op=6), unit="core", timing="core")
def put_sums(rd: In(v), rs1: In(x), vm: Imm()):
    """Adds to memory."""
    for i in range(min(count.value, MOST)):
        works = active(vm, i)
        if works:
            a = element(index(rd), i, u32(2))
            store(mem, rs1 + u32(i * 2), 2, a + load(mem, rs1 + u32(i * 2), 2))


@isa.op("MERGE", W(op=7), unit="core", timing="core")
def merge(rd: InOut(v), rs1: In(v), rs2: In(x)):
    """Elements or a number, and everything that a mask said before: no branches."""
    each = width()
    for i in range(min(count.value, MOST)):
        chosen = load(v, index(rs1) * LANES + (i >> 3), 1) >> u32(i & 7) & 1
        a = element(index(rd), i, each)
        put(index(rd), i, each, rs2 if chosen != 0 else a)


@isa.op("SUM", W(op=8), unit="core", timing="core")
def total(rd: Out(x), rs1: In(v), vm: Imm()):
    """A sum, and the number of the last pass."""
    each = width()
    so_far = u32(0)
    last = i32(0)
    for i in range(min(count.value, MOST)):
        works = active(vm, i)
        if works:
            a = element(index(rs1), i, each)
            so_far = so_far * 3 + a
            last = i32(i)
    return so_far + u32(last)


@isa.op("TABLE", W(op=9), unit="core", timing="core")
def table(rd: Out(v), rs1: In(v), vm: Imm()):
    """Elements through a local table, which a lane writes and reads."""
    seen = array(u32, 64)
    for i in range(MOST):
        a = element(index(rs1), i, u32(1))
        seen[i] = a * 3
    for i in range(min(count.value, MOST)):
        b = load(v, u32(i), 1)
        seen[i ^ 1] = seen[i] * 2 + b
    for i in range(MOST):
        store(v, u32(i), 1, seen[i])


@isa.op("FIRST", W(op=10), unit="core", timing="core")
def first_set(rd: Out(x), rs1: In(v), imm: Imm()):
    """The first element with a value: whether a pass counts depends on those before."""
    found = i32(-1)
    for i in range(min(count.value, MOST)):
        a = load(v, index(rs1) * LANES + i, 1)
        if a == imm & 3 and found < 0:
            found = i32(i)
    return u32(found)


@isa.op("AGAIN", W(op=11), unit="core", timing="core")
def again(rd: InOut(v), rs1: In(v), vm: Imm()):
    """Two loops that share names and a memory: what the second one writes is on top."""
    each = width()
    for i in range(min(count.value, MOST)):
        works = active(vm, i)
        if works:
            a = element(index(rs1), i, each)
            put(index(rd), i, each, a + 1)
    for i in range(min(count.value, 12)):
        b = element(index(rs1), i, u32(1))
        works = (b & 1) != 0
        if works:
            a = element(index(rd), i, each)
            put(index(rd), i, each, a * 5)


@isa.op("DOWN", W(op=12), unit="core", timing="core")
def down(rd: Out(v), rs1: In(v), imm: Imm()):
    """Elements from further up."""
    each = width()
    for i in range(min(count.value, MOST)):
        put(index(rd), i, each, load(v, u32(index(rs1)) * LANES + (u32(i) + (imm & 7)) * each, each))


@isa.op("SKIP", W(op=13), unit="core", timing="core")
def skip(rd: Out(v), rs1: In(x)):
    """Every second byte of memory: the place moves on by more than its size."""
    for i in range(min(count.value, 16)):
        store(v, index(rd) * LANES + i, 1, load(mem, rs1 + u32(i) * 2, 1))


@isa.op("FLOATS", W(op=14), unit="core", timing="core")
def floats(rd: Out(v), rs1: In(v)):
    """Elements that are numbers in between, so that large ones are rounded: no copies."""
    for i in range(min(count.value, 32)):
        store(v, index(rd) * LANES + i * 4, 4, u32(f32(load(v, index(rs1) * LANES + i * 4, 4))))


@isa.op("WRAP", W(op=15), unit="core", timing="core")
def wrap(rd: Out(v), rs1: In(v), rs2: In(x)):
    """A mask that holds in the first pass and not in a later one, where a number begins at 0 again."""
    for i in range(min(count.value, 16)):
        if u32(i) - u32(3) >= u32(5):
            store(v, index(rd) * LANES + i, 1, load(v, index(rs1) * LANES + i, 1))


@isa.op("SHORT", W(op=16), unit="core", timing="core")
def short(rd: Out(v), rs1: In(v)):
    """A table of twelve: passes that fill the last block of lanes may write into nothing, but would read behind it."""
    seen = array(u32, 12)
    for i in range(12):
        a = element(index(rs1), i, u32(1))
        seen[i] = a * 3
    for i in range(12):
        put(index(rd), i, u32(1), seen[i])
