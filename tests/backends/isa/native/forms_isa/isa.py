"""What the scratch machine has not: windows in loops, effects that meet in a memory, wide words and pointers, big buffers."""

# Bodies call builtins by name; engines know them.
# ruff: noqa: F821

from backends.isa.define import Imm, In, InOut, Isa, Label, Out, function
from backends.isa.dtypes import MX, bf16, e2m1, e5m2, f32, fp16, i16, i32, i64, u8, u16, u32, u64

isa = Isa("forms", title="A machine for tests of the native engine", word_bits=64, ends="trap")
N = isa.param("N")
p = isa.registers("p", u64, 8, zero=3)
q = isa.registers("q", i64, 6)
count = isa.register("count", u32, reset=3)
big = isa.memory("big", u8, 1 << 16, pointer=p, granule=32)
tail = isa.memory("tail", u8, 100, pointer=p, granule=7, beyond="zero")
rows = isa.memory("rows", fp16, 256, pointer=p, align=3, granule=5)
sums = isa.memory("sums", f32, 16, granule=4)
F = isa.format("F", op=(0, 7), a=(7, 3), b=(10, 3), c=(13, 3), imm=[(16, 8, 0), (40, 4, 8)], far=(24, 16))
BAD = isa.trap("bad", "the value is small")


@function
def folded(x: f32, times: i32) -> f32:
    """A helper with a loop, an array and an early return."""
    if times > 100:
        return x
    parts = array(f32, 3)
    for i in range(3):
        if i == 2:
            continue
        parts[i] = x / f32(i + 1)
    return parts[0] - parts[1] + parts[2]


@isa.op("SETP", F(op=1), unit="core", timing="core")
def setp(a: Out(p), imm: Imm(scale=2)):
    """A pointer."""
    return u64(imm) * 3


@isa.op("SETQ", F(op=2), unit="core", timing="core")
def setq(a: Out(q), far: Imm(signed=True)):
    """A signed number."""
    return i64(far) * -1000000007


@isa.op("SCATTER", F(op=3), unit="engine", timing="engine")
def scatter(a: In(p), b: In(p), imm: Imm()):
    """Windows and elements that overlap, in the order in which they come."""
    for i in range(5):
        row = Out(big, 3, at=a + u64(i), dtype=u16)
        row[0] = u32(i)
        row[2] = u32(imm)
        if i % 2 == 0:
            big[b + u64(i)] = u32(200 + i)
    big[b] = 1


@isa.op("MIXED", F(op=4), unit="port", timing="port")
def mixed(a: InOut(big, N, dtype=i16, length=count), b: In(tail, 3, dtype=f32), c: In(rows, 6)):
    """Types in byte memories, lengths, zeros past the end."""
    work(count.value)
    total = f32(0)
    for i in range(3):
        total += b[i]
    for i in range(N):
        a[i] = i32(f32(a[i]) + c[i] * total) if i < 3 else -1


@isa.op("BLOCKS", F(op=5), unit="engine", timing="engine")
def blocks(a: In(p), b: In(p), c: In(rows, 9)):
    """Block-scaled data with short last blocks, packed and not, in place."""
    wide = InOut(big, 9, at=a, dtype=MX(e5m2, 4), scales=b)
    small = Out(big, 9, at=b + 20, dtype=MX(e2m1, 8), scales=a + 40)
    for i in range(9):
        wide[i] = wide[i] * 0.5 + c[i]
        small[i] = wide[i]


@isa.op("PART", F(op=6), unit="core", timing="core")
def part(b: In(q)):
    """An out window written in place and only in part, read back."""
    some = Out(sums, 2, 4, at=4)
    for i in range(3):
        some[i % 2, i] = folded(f32(b), i32(b)) if some[0, 0] == 0.0 else 3.5


@isa.op("FILL", F(op=7), unit="core", timing="core")
def fill(b: In(q), c: In(q)):
    """An out window that is written whole, in two dimensions, and a local array that is too large for the stack."""
    scratch = array(i32, 2048)
    for i in range(2048):
        scratch[i] = i32(b) ^ i32(i)
    whole = Out(sums, 4, 4, at=0)
    for i in range(4):
        for j in range(4):
            whole[i, j] = f32(scratch[i * 512 + j]) + f32(c)


@isa.op("SUMUP", F(op=8), unit="core", timing="core")
def sumup(c: In(rows, N)):
    """An inout window in place, after a possible trap."""
    require(not is_nan(c[0]), BAD, bits(c[0]), limit=7)
    total = InOut(sums, N, at=8)
    for i in range(N):
        total[i] += c[i] * c[i]


@isa.op("PRODUCT", F(op=15), unit="engine", timing="engine")
def product(a: In(rows, 24), b: In(big, 96, dtype=bf16), c: In(big, 96, dtype=i16)):
    """Products of matrices, with sums apart for two halves, of floats, and of numbers that wrap."""
    parts = array(f32, 2, 2, 8)
    for k in range(6):
        for half in range(2):
            for i in range(2):
                for j in range(8):
                    parts[half, i, j] += b[(2 * k + half) * 8 + j] * a[12 * i + 2 * k + half]
    whole = array(i32, 4, 4)
    for k in range(9):
        for i in range(4):
            for j in range(4):
                whole[i, j] += (c[k * 4 + i] << 20) * c[j * 9 + k]
    row = array(u32, 2, 16)
    for k in range(3):
        for i in range(2):
            for j in range(16):
                row[i, j] += u32(c[k + i]) * bits(b[k * 16 + j])
    total = InOut(sums, 2, 8, at=0)
    for i in range(2):
        for j in range(8):
            total[i, j] += parts[0, i, j] - parts[1, i, j] + f32(whole[i, j % 4] >> 8) + f32(row[i, j + 8 * i] >> 5)


@isa.op("LATE", F(op=13), unit="core", timing="core")
def late(c: In(rows, N)):
    """A possible trap after a write."""
    total = InOut(sums, N, at=12)
    for i in range(N):
        total[i] += c[i]
    require(c[0] < 0.5, BAD, i32(c[0]))


@isa.op("PACK", F(op=9), unit="port", timing="port")
def pack(a: InOut(big, 5, dtype=e2m1), c: In(tail, 7, dtype=e2m1)):
    """Packed elements, an odd number of them."""
    for i in range(5):
        a[i] = a[i] + c[i + 2]


@isa.op("PICK", F(op=10), unit="core", timing="core")
def pick(a: InOut(q), b: In(q), c: In(p)):
    """Reads that may trap, evaluated only where they count, and total arithmetic."""
    near = q[b] if b >= 0 and b < 6 else i64(big[c])
    if b == 5 and tail[c] == 0:
        count.value = u32(near)
    low = min(a, near) // b if a > near else max(a, near) % b
    return (low << 3) ^ (near >> u32(c & 127)) ^ i64(encode(bf16, f32(a))) ^ i64(exponent(f32(b)))


@isa.op("GO", F(op=11), unit="core", timing="core")
def go(b: In(q), far: Label(relative=True, signed=True)):
    """Branches, or ends."""
    if b > 0:
        jump(far)
    if b == 7:
        halt()


@isa.op("PICKUP", F(op=12), unit="core", timing="core")
def pickup(a: Out(p), b: Out(q), c: In(p)):
    """Two results, one maybe into the zero register; leaves a loop early."""
    found = u64(0)
    for i in range(10, 0, -3):
        if u64(i) == c:
            break
        found += u64(i) * round_part(c)
    return found, i64(index(a))


@isa.op("TAKE", F(op=14), unit="core", timing="core")
def take(a: Out(q), b: In(p), c: In(q)):
    """Plain numbers that are assigned to and chosen against machine types, and float literals that no double may hold."""
    near = u32(b)
    if b % 2 == 0:
        near = 3
    other = 5 if b % 3 == 0 else near
    signed = -1 if near > other else (i32(c) if c > 0 else -7)
    factor = 0.7
    if b % 5 == 1:
        factor = 16777217
    elif b % 5 == 2:
        factor = f32(c) if c > 4 else 3
    limit = max(f32(c) * 0.1, -104.3)
    square = factor * factor + thirds(f32(c)) - limit * limit
    # Each of these wraps, or rounds to single precision, before it is widened.
    return i64(near - 5) + (i64(other - 7) << 3) + i64(signed - 2147483647) + (i64(bits(square / 7)) << 20)


@function
def thirds(x: f32) -> f32:
    """A third, from a number that a literal starts."""
    step = 1 if x > 3.0 else x
    total = 0.0
    for i in range(3):
        total += step / 3 if i != 1 else 0.1
    return total


@function
def round_part(x: u64) -> u64:
    """A number from a rounded float."""
    return u64(rint(round_to(fp16, f32(x & 1023)) * 0.37) + floor(sqrt(abs(f32(x % 99)))))
