"""A machine for tests: bytes with regions, registers with lanes, procedures, families, exceptions, GNU assembly."""

from backends.isa import (
    Dialect,
    Distance,
    Imm,
    In,
    InOut,
    Isa,
    Out,
    Region,
    function,
    halt,
    i32,
    index,
    jump,
    load,
    min,
    pc,
    procedure,
    pseudos,
    readable,
    require,
    store,
    u8,
    u32,
    work,
)  # fmt: skip

PSEUDOS = """
li rd, value -> [(value) < 2048] addi rd, x0, value
li rd, value -> lui rd, %hi(value); addi rd, rd, %lo(value)
la rd, symbol -> lui rd, %hi(symbol); addi rd, rd, %lo(symbol)
far rd, symbol -> auipc rd, %pcrel_hi(symbol); addi rd, rd, %pcrel_lo_before(symbol)
j label -> bne x1, x0, label
sum rd, rs, value -> addi rd, rs, value
"""
isa = Isa(
    "bytes", title="Bytes", comments=("#",), ends="trap",
    dialect=Dialect("mem", {".text": 0, ".data": "ROM", ".bss": "ROM"}, {"a0": ("x", 10)}, pseudos(PSEUDOS), nop=7),
)  # fmt: skip
LANES = isa.param("LANES")
ROM = isa.param("ROM")
x = isa.registers("x", u32, 16, zero=0)
v = isa.registers("v", u8, 4, lanes=LANES)
mem = isa.memory(
    "mem", u8, 4096, preload=True, granule=16,
    regions=[Region("rom", 0, ROM, writable=False), Region("ram", ROM, 128), Region("high", 2048, 16)],
)  # fmt: skip
vector = isa.register("vector", u32)
cause = isa.register("cause", u32)
where = isa.register("where", u32)
odd = isa.trap("odd", "the number is even")
none = isa.trap("none", "there is a handler")
W = isa.format("W", op=(0, 7), rd=(7, 4), rs1=(11, 4), rs2=(15, 4), imm=(20, 12), size=(19, 1))
B = isa.format("B", op=(0, 7), rs1=(11, 4), rs2=(15, 4), offset=[(7, 4, 0), (19, 8, 4)])
U = isa.format("U", op=(0, 7), rd=(7, 4), imm=(12, 20))


@isa.op("addi", W(op=1), unit="core", timing="core", syntax="rd, rs1, imm")
def addi(rd: Out(x), rs1: In(x), imm: Imm(signed=True)):
    """Sum with a constant."""
    return rs1 + u32(imm)


@isa.op("lui", U(op=2), unit="core", timing="multiply")
def lui(rd: Out(x), imm: Imm()):
    """Upper bits."""
    return imm << 12


@isa.op("auipc", U(op=3), unit="core", timing="drain")
def auipc(rd: Out(x), imm: Imm()):
    """Upper bits and the own address."""
    return u32(pc()) * 4 + (imm << 12)


@isa.op("bne", B(op=4), unit="core", timing="branch")
def bne(rs1: In(x), rs2: In(x), offset: Distance(scale=4)):
    """Jump."""
    if rs1 != rs2:
        jump(u32(pc()) + (u32(offset) >> 2))


@procedure
def even(number: u32) -> u32:
    """Half of an even number."""
    require(number % 2 == 0, odd, number)
    return number // 2


@procedure
def half_of_half(number: u32) -> u32:
    """A procedure in a procedure; its names are its own."""
    half = even(number)
    quarter = even(half)
    return quarter  # noqa: RET504 - a procedure's value is taken by a statement of its own


@isa.op("quarter", W(op=5), unit="core", timing="configure")
def quarter(rd: Out(x), rs1: In(x)):
    """A quarter, and a half in `where`."""
    half = half_of_half(rs1)
    where.value = half * 2
    return half


def bytes_of_memory(name, op, count, signed):
    """A family: loads of some bytes."""

    def body(rd: Out(x), imm: Imm(), rs1: In(x)):
        work(count)
        value = load(mem, rs1 + imm, count)
        unused = 32 - 8 * count
        return u32(i32(value << unused) >> unused) if signed else value

    body.__name__, body.__doc__ = name, f"Loads {count} bytes."
    isa.op(name, W(op=op), unit="port", timing="load", syntax="rd, imm(rs1)")(body)


for _name, _op, _count, _signed in (("l1", 10, 1, True), ("l2", 11, 2, True), ("l3", 12, 3, False), ("l4", 13, 4, False)):
    bytes_of_memory(_name, _op, _count, _signed)


@isa.op("sn", W(op=14), unit="port", timing="store", syntax="rd, rs2, imm(rs1)")
def sn(rd: In(x), rs2: In(x), imm: Imm(), rs1: In(x)):
    """Stores as many bytes as rs2 says, 1 to 4."""
    store(mem, rs1 + imm, min(rs2 % 4 + 1, 4), rd)


@isa.op("have", W(op=15), unit="core", timing="configured", syntax="rd, imm(rs1)")
def have(rd: Out(x), imm: Imm(), rs1: In(x)):
    """Whether four bytes can be read."""
    return u32(readable(mem, rs1 + imm, 4))


@function
def plus(a: u32, b: u32) -> u32:
    """Sum."""
    return a + b


@function
def times(a: u32, b: u32) -> u32:
    """Product."""
    return a * b


def lanes(name, op, compute):
    """A family: operations on all lanes; the two halves of v0 to v3 are read before they are written."""
    repeats = Imm(default=2, high=4)

    def body(rd: InOut(v), rs1: In(v), rs2: In(x), size: Imm(default=0, names={"twice": 1}, named=True), count: repeats):
        work(rs2 % 4)
        for part in range(6):
            work(rs2 >> u32(part) & 3, part=part)
        for i in range(LANES):
            a = load(v, index(rd) * LANES + i, 1)
            b = v[index(rs1) * LANES + i]
            for _ in range(count):
                b = compute(b, rs2)
            store(v, index(rd) * LANES + i, 1, a + b if size == 0 else a + 2 * b)

    body.__name__, body.__doc__ = name, "Lanes."
    isa.op(name, W(op=op), unit="core", timing=name, syntax="rd, rs1, rs2, size")(body)


lanes("vplus", 16, plus)
lanes("vtimes", 17, times)


@isa.op("vtimes2", W(op=18), unit="core", timing="get")
def vget(rd: Out(x), rs1: In(v)):
    """All lanes as a number."""
    return load(v, index(rs1) * LANES, 4)


@isa.op("handle", W(op=19), unit="core", timing="core")
def handle(rs1: In(x)):
    """Sets the handler's address."""
    vector.value = rs1


@isa.handler({"mem_load_fault": 5, "mem_store_fault": 7, "odd": 9, "invalid_opcode": 2, "pc_out_of_range": 1})
def enter(code: u32, value: u32):
    """Exceptions."""
    require(vector.value != 0, none)
    cause.value = code * 256 + (value & 255)
    where.value = u32(pc())
    jump(vector.value)


@isa.op("back", W(op=20), unit="core", timing="back")
def back(rd: Out(x)):
    """Returns behind the place of the exception; its cause."""
    jump(where.value + 1)
    return cause.value


@isa.op("stop", W(op=21), unit="core", timing="pause", syntax="")
def stop():
    """Ends."""
    halt()
