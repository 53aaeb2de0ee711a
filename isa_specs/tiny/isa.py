"""Tiny: a vector machine of one page, to learn the toolkit with.

Integers in x registers count and address, numbers in f registers are f32, and vectors lie in the one data memory: an instruction
works on up to LANES words from the addresses that its registers hold. The register vl says how many of them count, so that rows
of any length need no padding.
"""

from backends.isa import Imm, In, InOut, Isa, Label, Out, exp, f32, halt, jump, max, min, sqrt, u32

isa = Isa("tiny", title="Tiny, a vector machine of one page", ends="trap")

LANES = isa.param("LANES", "most words that one instruction works on")
WORDS = isa.param("WORDS", "words of data memory")

x = isa.registers("x", u32, 16, zero=0, doc="Integers and addresses.")
f = isa.registers("f", f32, 8, zero=0, doc="Numbers.")
vl = isa.register("vl", u32, doc="Words that count in vector instructions. `setvl` sets it.")
mem = isa.memory("mem", f32, WORDS, pointer=x, granule=LANES, preload=True, doc="Data memory: f32 words. Addresses count words.")

R = isa.format("R", opcode=(0, 6), rd=(6, 4), rs1=(10, 4), rs2=(14, 4))
I = isa.format("I", opcode=(0, 6), rd=(6, 4), rs1=(10, 4), imm=(14, 18))  # noqa: E741 - its usual name
B = isa.format("B", opcode=(0, 6), rs1=(6, 4), rs2=(10, 4), target=(14, 18))

Source = In(mem, LANES, length=vl)
Target = Out(mem, LANES, length=vl)


@isa.op("ADD", R(opcode=1), unit="scalar", timing="integer", example="add x1, x2, x3")
def add(rd: Out(x), rs1: In(x), rs2: In(x)):
    """Adds two integers, modulo 2**32."""
    return rs1 + rs2


@isa.op("SUB", R(opcode=2), unit="scalar", timing="integer", example="sub x1, x2, x3")
def sub(rd: Out(x), rs1: In(x), rs2: In(x)):
    """Subtracts two integers: rs1 - rs2, modulo 2**32."""
    return rs1 - rs2


@isa.op("MUL", R(opcode=3), unit="scalar", timing="integer", example="mul x1, x2, x3")
def mul(rd: Out(x), rs1: In(x), rs2: In(x)):
    """Multiplies two integers, modulo 2**32."""
    return rs1 * rs2


@isa.op("ADDI", I(opcode=4), unit="scalar", timing="integer", example="addi x1, x0, 100")
def addi(rd: Out(x), rs1: In(x), imm: Imm(signed=True)):
    """Adds a constant to an integer. With x0 it sets rd to the constant."""
    return rs1 + u32(imm)


@isa.op("BNE", B(opcode=5), unit="scalar", timing="integer", example="addi x1, x0, 3\nagain: addi x1, x1, -1\nbne x1, x0, again")
def bne(rs1: In(x), rs2: In(x), target: Label(relative=True, signed=True)):
    """Jumps to a label unless two integers are equal."""
    if rs1 != rs2:
        jump(target)


@isa.op("HALT", R(opcode=6), unit="scalar", timing="integer", example="stop")
def stop():
    """Ends the program. Every program ends with it; running past the last instruction is a fault."""
    halt()


@isa.op("SETVL", R(opcode=7), unit="scalar", timing="integer", example="setvl x1, x2")
def setvl(rd: Out(x), rs1: In(x)):
    """Sets vl to rs1, at most LANES, and rd to the same number.

    A loop over a row of any length takes `setvl` of what is left, works on that many words, and subtracts them from what is left.
    """
    count = min(rs1, LANES)
    vl.value = count
    return count


@isa.op("FLW", I(opcode=8), unit="scalar", timing="number", example="flw f1, x1, 0")
def flw(rd: Out(f), rs1: In(x), imm: Imm(signed=True)):
    """Loads the number at address rs1 + imm."""
    return mem[rs1 + u32(imm)]


@isa.op("FSW", I(opcode=9), unit="scalar", timing="number", example="fsw f1, x1, 0")
def fsw(rd: In(f), rs1: In(x), imm: Imm(signed=True)):
    """Stores a number at address rs1 + imm."""
    mem[rs1 + u32(imm)] = rd


@isa.op("FADD", R(opcode=10), unit="scalar", timing="number", example="fadd f1, f2, f3")
def fadd(rd: Out(f), rs1: In(f), rs2: In(f)):
    """Adds two numbers. With f0 it copies one."""
    return rs1 + rs2


@isa.op("FSUB", R(opcode=11), unit="scalar", timing="number", example="fsub f1, f2, f3")
def fsub(rd: Out(f), rs1: In(f), rs2: In(f)):
    """Subtracts two numbers: rs1 - rs2."""
    return rs1 - rs2


@isa.op("FMUL", R(opcode=12), unit="scalar", timing="number", example="fmul f1, f2, f3")
def fmul(rd: Out(f), rs1: In(f), rs2: In(f)):
    """Multiplies two numbers."""
    return rs1 * rs2


@isa.op("FDIV", R(opcode=13), unit="scalar", timing="divide", example="fdiv f1, f2, f3")
def fdiv(rd: Out(f), rs1: In(f), rs2: In(f)):
    """Divides two numbers: rs1 / rs2."""
    return rs1 / rs2


@isa.op("FSQRT", R(opcode=14), unit="scalar", timing="divide", example="fsqrt f1, f2")
def fsqrt(rd: Out(f), rs1: In(f)):
    """Takes the square root of a number."""
    return sqrt(rs1)


@isa.op("VADD", R(opcode=16), unit="vector", timing="lanes", example="vadd x1, x2, x3")
def vadd(rd: Target, rs1: Source, rs2: Source):
    """Adds two vectors."""
    for lane in range(LANES):
        rd[lane] = rs1[lane] + rs2[lane]


@isa.op("VSUB", R(opcode=17), unit="vector", timing="lanes", example="vsub x1, x2, x3")
def vsub(rd: Target, rs1: Source, rs2: Source):
    """Subtracts two vectors: rs1 - rs2."""
    for lane in range(LANES):
        rd[lane] = rs1[lane] - rs2[lane]


@isa.op("VMUL", R(opcode=18), unit="vector", timing="lanes", example="vmul x1, x2, x3")
def vmul(rd: Target, rs1: Source, rs2: Source):
    """Multiplies two vectors lane by lane."""
    for lane in range(LANES):
        rd[lane] = rs1[lane] * rs2[lane]


@isa.op("VDIV", R(opcode=19), unit="vector", timing="divide", example="vdiv x1, x2, x3")
def vdiv(rd: Target, rs1: Source, rs2: Source):
    """Divides two vectors lane by lane: rs1 / rs2."""
    for lane in range(LANES):
        rd[lane] = rs1[lane] / rs2[lane]


@isa.op("VMAX", R(opcode=20), unit="vector", timing="lanes", example="vmax x1, x2, x3")
def vmax(rd: Target, rs1: Source, rs2: Source):
    """Takes the greater of two vectors lane by lane."""
    for lane in range(LANES):
        rd[lane] = max(rs1[lane], rs2[lane])


@isa.op("VEXP", R(opcode=21), unit="vector", timing="exponential", example="vexp x1, x2")
def vexp(rd: Target, rs1: Source):
    """Takes e to the power of every lane."""
    for lane in range(LANES):
        rd[lane] = exp(rs1[lane])


@isa.op("VAXPY", R(opcode=22), unit="vector", timing="lanes", example="vaxpy x1, x2, f1")
def vaxpy(rd: InOut(mem, LANES, length=vl), rs1: Source, rs2: In(f)):
    """Adds a vector times a number to a vector: rd + rs1 * rs2. The inner loop of a matrix product is made of it."""
    for lane in range(LANES):
        rd[lane] = rd[lane] + rs1[lane] * rs2


@isa.op("VFILL", R(opcode=23), unit="vector", timing="lanes", example="vfill x1, f1")
def vfill(rd: Target, rs1: In(f)):
    """Sets every lane to a number."""
    for lane in range(LANES):
        rd[lane] = rs1


@isa.op("VSUM", R(opcode=24), unit="vector", timing="reduce", example="vsum f1, x1")
def vsum(rd: InOut(f), rs1: Source):
    """Adds the lanes of a vector to a number, the first lane first. Clear the number before: `fadd f1, f0, f0`."""
    total = rd
    for lane in range(LANES):
        total += rs1[lane]
    return total


@isa.op("VRMAX", R(opcode=25), unit="vector", timing="reduce", example="vrmax f1, x1")
def vrmax(rd: InOut(f), rs1: Source):
    """Takes the greatest of a number and the lanes of a vector. Put the vector's first lane into the number before."""
    greatest = rd
    for lane in range(LANES):
        greatest = max(greatest, rs1[lane] if u32(lane) < vl.value else rd)
    return greatest


@isa.op("VGATHER", R(opcode=26), unit="vector", timing="gather", example="vgather x1, x2, x3")
def vgather(rd: Target, rs1: In(x), rs2: In(x)):
    """Collects words that lie rs2 apart, the first at address rs1: a column of a matrix, or every second pixel."""
    for lane in range(LANES):
        word = In(mem, 1, at=rs1 + u32(lane) * rs2, length=1 if u32(lane) < vl.value else 0)
        rd[lane] = word[0]
