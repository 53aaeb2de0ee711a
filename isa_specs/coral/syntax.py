"""Coral's assembly is that of the GNU tools for RISC-V: names of registers, pseudo-instructions and sections, as data."""

from backends.isa import Dialect, pseudos

ROUNDING = {"rne": 0, "rtz": 1, "rdn": 2, "rup": 3, "rmm": 4, "dyn": 7}
"""Rounding modes of floating-point instructions."""
CSRS = {
    "fflags": 0x001, "frm": 0x002, "fcsr": 0x003, "vstart": 0x008, "vxsat": 0x009, "vxrm": 0x00A, "vcsr": 0x00F,
    "mstatus": 0x300, "misa": 0x301, "mie": 0x304, "mtvec": 0x305, "mscratch": 0x340, "mepc": 0x341, "mcause": 0x342,
    "mtval": 0x343, "mip": 0x344, "vl": 0xC20, "vtype": 0xC21, "vlenb": 0xC22, "mvendorid": 0xF11, "marchid": 0xF12,
    "mimpid": 0xF13, "mhartid": 0xF14,
}  # fmt: skip
"""CSRs by name."""
ORDERED = {
    "".join(letter for bit, letter in zip((8, 4, 2, 1), "iorw", strict=True) if number & bit): number for number in range(1, 16)
}
"""What a fence orders: ``rw``, ``iorw``, ..."""

_INTEGER = [
    "zero",
    "ra",
    "sp",
    "gp",
    "tp",
    "t0",
    "t1",
    "t2",
    "s0",
    "s1",
    "a0",
    "a1",
    "a2",
    "a3",
    "a4",
    "a5",
    "a6",
    "a7",
    "s2",
    "s3",
    "s4",
    "s5",
    "s6",
    "s7",
    "s8",
    "s9",
    "s10",
    "s11",
    "t3",
    "t4",
    "t5",
    "t6",
]
_FLOAT = [
    "ft0",
    "ft1",
    "ft2",
    "ft3",
    "ft4",
    "ft5",
    "ft6",
    "ft7",
    "fs0",
    "fs1",
    "fa0",
    "fa1",
    "fa2",
    "fa3",
    "fa4",
    "fa5",
    "fa6",
    "fa7",
    "fs2",
    "fs3",
    "fs4",
    "fs5",
    "fs6",
    "fs7",
    "fs8",
    "fs9",
    "fs10",
    "fs11",
    "ft8",
    "ft9",
    "ft10",
    "ft11",
]
_REGISTERS = {
    **{name: ("x", number) for number, name in enumerate(_INTEGER)}, "fp": ("x", 8),
    **{name: ("f", number) for number, name in enumerate(_FLOAT)},
}  # fmt: skip

_PSEUDOS = """
nop -> addi x0, x0, 0
li rd, value -> [((value) + 2048 & 0xffffffff) < 4096] addi rd, x0, %lo(value)
li rd, value -> [((value) & 4095) == 0] lui rd, %hi(value)
li rd, value -> lui rd, %hi(value); addi rd, rd, %lo(value)
la rd, symbol -> auipc rd, %pcrel_hi(symbol); addi rd, rd, %pcrel_lo_before(symbol)
lla rd, symbol -> auipc rd, %pcrel_hi(symbol); addi rd, rd, %pcrel_lo_before(symbol)
mv rd, rs -> addi rd, rs, 0
not rd, rs -> xori rd, rs, -1
neg rd, rs -> sub rd, x0, rs
zext.b rd, rs -> andi rd, rs, 255
seqz rd, rs -> sltiu rd, rs, 1
snez rd, rs -> sltu rd, x0, rs
sltz rd, rs -> slt rd, rs, x0
sgtz rd, rs -> slt rd, x0, rs
sgt rd, rs, rt -> slt rd, rt, rs
sgtu rd, rs, rt -> sltu rd, rt, rs
add rd, rs, value -> addi rd, rs, value
and rd, rs, value -> andi rd, rs, value
or rd, rs, value -> ori rd, rs, value
xor rd, rs, value -> xori rd, rs, value
sll rd, rs, value -> slli rd, rs, value
srl rd, rs, value -> srli rd, rs, value
sra rd, rs, value -> srai rd, rs, value
slt rd, rs, value -> slti rd, rs, value
sltu rd, rs, value -> sltiu rd, rs, value
beqz rs, label -> beq rs, x0, label
bnez rs, label -> bne rs, x0, label
blez rs, label -> bge x0, rs, label
bgez rs, label -> bge rs, x0, label
bltz rs, label -> blt rs, x0, label
bgtz rs, label -> blt x0, rs, label
bgt rs, rt, label -> blt rt, rs, label
ble rs, rt, label -> bge rt, rs, label
bgtu rs, rt, label -> bltu rt, rs, label
bleu rs, rt, label -> bgeu rt, rs, label
j label -> jal x0, label
jal label -> jal x1, label
jr rs -> jalr x0, 0(rs)
jalr rs -> jalr x1, 0(rs)
jalr rd, rs -> jalr rd, 0(rs)
jalr rd, rs, offset -> jalr rd, offset(rs)
ret -> jalr x0, 0(x1)
call symbol -> auipc x1, %pcrel_hi(symbol); jalr x1, %pcrel_lo_before(symbol)(x1)
tail symbol -> auipc x6, %pcrel_hi(symbol); jalr x0, %pcrel_lo_before(symbol)(x6)
lb rd, symbol -> auipc rd, %pcrel_hi(symbol); lb rd, %pcrel_lo_before(symbol)(rd)
lh rd, symbol -> auipc rd, %pcrel_hi(symbol); lh rd, %pcrel_lo_before(symbol)(rd)
lw rd, symbol -> auipc rd, %pcrel_hi(symbol); lw rd, %pcrel_lo_before(symbol)(rd)
lbu rd, symbol -> auipc rd, %pcrel_hi(symbol); lbu rd, %pcrel_lo_before(symbol)(rd)
lhu rd, symbol -> auipc rd, %pcrel_hi(symbol); lhu rd, %pcrel_lo_before(symbol)(rd)
sb rs, symbol, rt -> auipc rt, %pcrel_hi(symbol); sb rs, %pcrel_lo_before(symbol)(rt)
sh rs, symbol, rt -> auipc rt, %pcrel_hi(symbol); sh rs, %pcrel_lo_before(symbol)(rt)
sw rs, symbol, rt -> auipc rt, %pcrel_hi(symbol); sw rs, %pcrel_lo_before(symbol)(rt)
flw rd, symbol, rt -> auipc rt, %pcrel_hi(symbol); flw rd, %pcrel_lo_before(symbol)(rt)
fsw rs, symbol, rt -> auipc rt, %pcrel_hi(symbol); fsw rs, %pcrel_lo_before(symbol)(rt)
csrr rd, csr -> csrrs rd, csr, x0
csrw csr, rs -> csrrw x0, csr, rs
csrs csr, rs -> csrrs x0, csr, rs
csrc csr, rs -> csrrc x0, csr, rs
csrwi csr, value -> csrrwi x0, csr, value
csrsi csr, value -> csrrsi x0, csr, value
csrci csr, value -> csrrci x0, csr, value
frcsr rd -> csrrs rd, fcsr, x0
fscsr rs -> csrrw x0, fcsr, rs
fscsr rd, rs -> csrrw rd, fcsr, rs
frrm rd -> csrrs rd, frm, x0
fsrm rs -> csrrw x0, frm, rs
fsrm rd, rs -> csrrw rd, frm, rs
fsrmi value -> csrrwi x0, frm, value
frflags rd -> csrrs rd, fflags, x0
fsflags rs -> csrrw x0, fflags, rs
fsflags rd, rs -> csrrw rd, fflags, rs
fsflagsi value -> csrrwi x0, fflags, value
fmv.s rd, rs -> fsgnj.s rd, rs, rs
fneg.s rd, rs -> fsgnjn.s rd, rs, rs
fabs.s rd, rs -> fsgnjx.s rd, rs, rs
fgt.s rd, rs, rt -> flt.s rd, rt, rs
fge.s rd, rs, rt -> fle.s rd, rt, rs
fmv.x.s rd, rs -> fmv.x.w rd, rs
fmv.s.x rd, rs -> fmv.w.x rd, rs
vneg.v vd, vs -> vrsub.vx vd, vs, x0
vneg.v vd, vs, mask -> vrsub.vx vd, vs, x0, mask
vnot.v vd, vs -> vxor.vi vd, vs, -1
vnot.v vd, vs, mask -> vxor.vi vd, vs, -1, mask
vwcvt.x.x.v vd, vs -> vwadd.vx vd, vs, x0
vwcvt.x.x.v vd, vs, mask -> vwadd.vx vd, vs, x0, mask
vwcvtu.x.x.v vd, vs -> vwaddu.vx vd, vs, x0
vwcvtu.x.x.v vd, vs, mask -> vwaddu.vx vd, vs, x0, mask
vncvt.x.x.w vd, vs -> vnsrl.wx vd, vs, x0
vncvt.x.x.w vd, vs, mask -> vnsrl.wx vd, vs, x0, mask
vmsgt.vv vd, va, vb -> vmslt.vv vd, vb, va
vmsgt.vv vd, va, vb, mask -> vmslt.vv vd, vb, va, mask
vmsgtu.vv vd, va, vb -> vmsltu.vv vd, vb, va
vmsgtu.vv vd, va, vb, mask -> vmsltu.vv vd, vb, va, mask
vmsge.vv vd, va, vb -> vmsle.vv vd, vb, va
vmsge.vv vd, va, vb, mask -> vmsle.vv vd, vb, va, mask
vmsgeu.vv vd, va, vb -> vmsleu.vv vd, vb, va
vmsgeu.vv vd, va, vb, mask -> vmsleu.vv vd, vb, va, mask
vmsge.vx vd, va, rs -> vmslt.vx vd, va, rs; vmnand.mm vd, vd, vd
vmsgeu.vx vd, va, rs -> vmsltu.vx vd, va, rs; vmnand.mm vd, vd, vd
vmslt.vi vd, va, value -> vmsle.vi vd, va, (value) - 1
vmslt.vi vd, va, value, mask -> vmsle.vi vd, va, (value) - 1, mask
vmsltu.vi vd, va, value -> vmsleu.vi vd, va, (value) - 1
vmsltu.vi vd, va, value, mask -> vmsleu.vi vd, va, (value) - 1, mask
vmsge.vi vd, va, value -> vmsgt.vi vd, va, (value) - 1
vmsge.vi vd, va, value, mask -> vmsgt.vi vd, va, (value) - 1, mask
vmsgeu.vi vd, va, value -> vmsgtu.vi vd, va, (value) - 1
vmsgeu.vi vd, va, value, mask -> vmsgtu.vi vd, va, (value) - 1, mask
vmmv.m vd, vs -> vmand.mm vd, vs, vs
vmcpy.m vd, vs -> vmand.mm vd, vs, vs
vmclr.m vd -> vmxor.mm vd, vd, vd
vmset.m vd -> vmxnor.mm vd, vd, vd
vmnot.m vd, vs -> vmnand.mm vd, vs, vs
vl1r.v vd, address -> vl1re8.v vd, address
vl2r.v vd, address -> vl2re8.v vd, address
vl4r.v vd, address -> vl4re8.v vd, address
vl8r.v vd, address -> vl8re8.v vd, address
vle1.v vd, address -> vlm.v vd, address
vse1.v vs, address -> vsm.v vs, address
"""

DIALECT = Dialect(
    memory="mem",
    sections={".text": 0, ".data": "DTCM_BASE", ".rodata": "DTCM_BASE", ".sdata": "DTCM_BASE", ".bss": "DTCM_BASE",
              ".sbss": "DTCM_BASE", ".extmem": "EXTMEM_BASE"},
    registers=_REGISTERS, pseudos=pseudos(_PSEUDOS), nop=0x00000013, elf="EM_RISCV",
)  # fmt: skip
