"""The state of PLENA: parameters, registers, memories, causes of faults and instruction formats."""

from backends.isa import Imm, Isa, bf16, f32, fp16, u8, u32, u64

isa = Isa("plena", title="PLENA, a matrix and vector accelerator with block-scaled HBM", comments=(";", "//"))

MLEN = isa.param("MLEN", "rows and columns of a matrix tile")
VLEN = isa.param("VLEN", "lanes of a vector row, as many as MLEN")
BLEN = isa.param("BLEN", "rows and columns of the product that one tile multiplication makes")
HLEN = isa.param("HLEN", "lanes of an attention head")
HEADS = isa.param("HEADS", "heads in a row: MLEN / HLEN")
MRAM_TILES = isa.param("MRAM_TILES", "tiles of matrix SRAM")
VRAM_ROWS = isa.param("VRAM_ROWS", "rows of vector SRAM")
FP_WORDS = isa.param("FP_WORDS", "words of FP SRAM")
INT_WORDS = isa.param("INT_WORDS", "words of INT SRAM")
HBM_BYTES = isa.param("HBM_BYTES", "bytes of HBM")
ADDRESS_REGISTERS = isa.param("ADDRESS_REGISTERS", "HBM address registers")
TRANSFER_ROWS = isa.param("TRANSFER_ROWS", "rows that `h_prefetch_v` loads and `h_store_v` stores")
LOOP_LIMIT = isa.param("LOOP_LIMIT", "most instructions in one iteration of a loop")
LOOP_DEPTH = isa.param("LOOP_DEPTH", "most loops open at once")
ROW_GRANULAR = isa.param("ROW_GRANULAR", "1: `m_mm` takes column * MLEN as offset into a tile; 0: the column")
SCORE_DIVISOR = isa.param("SCORE_DIVISOR", "what batched products are divided by")
CLAMP_EXP = isa.param("CLAMP_EXP", "1: exponentials clamp their input to -88..88; 0: they take it as it is")
HALF_AWAY = isa.param("HALF_AWAY", "1: `h_store_v` rounds mantissas half away from zero; 0: cut to quarters, then ties to even")
EXTENSIONS = isa.param("EXTENSIONS", "1: maxima and minima with a scalar, shifts and the choice of experts exist")
BREAK_OPCODE = isa.param("BREAK_OPCODE", "opcode of the debugging aid that closes a loop")
SCALAR = isa.dtype_param("SCALAR", "format of the scalar floating-point registers and of FP SRAM")
HBM_BURST = 64
"""Bytes that HBM moves at once."""

gp = isa.registers("gp", u32, 16, zero=0, doc="Integers and addresses. gp0 is always 0.")
f = isa.registers("f", SCALAR, 8, zero=0, doc="Scalar floating-point numbers. f0 is always 0.")
a = isa.registers("a", u64, ADDRESS_REGISTERS, doc="HBM byte addresses.")
scale = isa.register("scale", u32, doc="Bytes from a tensor's first element to its first scale byte, for H instructions.")
stride = isa.register("stride", u32, reset=1, doc="Bytes from one row to the next in HBM, where an H instruction asks for it.")
v_mask = isa.register("v_mask", u32, doc="Bit h selects lanes h*HLEN to h*HLEN+HLEN-1 in vector instructions that ask for it.")
int_sram = isa.memory("int_sram", u32, INT_WORDS, granule=1, preload=True, doc="Integers; addresses count words.")
fp_sram = isa.memory("fp_sram", SCALAR, FP_WORDS, granule=1, preload=True, image=fp16, doc="Constants; addresses count words.")
vram = isa.memory(
    "vram", bf16, VRAM_ROWS * VLEN, pointer=gp, align=VLEN, granule=VLEN, doc="Vector SRAM: rows; addresses count elements."
)
mram = isa.memory(
    "mram", f32, MRAM_TILES * MLEN * MLEN, pointer=gp, align=MLEN * MLEN, granule=MLEN * MLEN,
    doc="Matrix SRAM: row-major tiles; addresses count elements. Only `h_prefetch_m` fills it.",
)  # fmt: skip
m_acc = isa.memory("m_acc", f32, BLEN * BLEN, doc="Sums of `m_mm` and `m_tmm` until `m_mm_wo`.")
hm_acc = isa.memory("hm_acc", f32, HEADS * MLEN * MLEN, doc="Sums of `m_bmm` and `m_btmm` until `m_bmm_wo`.")
hv_acc = isa.memory("hv_acc", f32, HEADS * MLEN, doc="Sums of `m_bmv` and `m_btmv` until `m_bmv_wo`.")
v_acc = isa.memory("v_acc", f32, BLEN, doc="Sums of `m_mv` and `m_tmv` until `m_mv_wo`.")
hbm = isa.memory("hbm", u8, HBM_BYTES, beyond="zero", doc="Tensors in MXFP8; byte addresses. Reading past the end gives zeros.")
loops = isa.loops("loops", depth=LOOP_DEPTH, limit=LOOP_LIMIT, doc="Hardware loops that `c_loop_start` opened.")

matrix_offset = isa.trap("matrix_offset", "the offset into a tile names a column (transposed: a row) that is a multiple of BLEN")
writeback_column = isa.trap("writeback_column", "results are written to lanes that start at a multiple of BLEN")
head_offset = isa.trap("head_offset", "the offset into a tile is a multiple of HLEN, less than MLEN")
bmm_rd_nonzero = isa.trap("bmm_rd_nonzero", "the rd field of batched products of tiles is 0")
masked_reduction = isa.trap("masked_reduction", "the mask flag of reductions is 0")
map_window = isa.trap("map_window", "the whole window lies in FP SRAM")
topk_policy = isa.trap("topk_policy", "policy 0 is 4 of 32 experts, policy 1 is 8 of 128")
loop_count_zero = isa.trap("loop_count_zero", "a loop runs at least once")
loop_end_without_start = isa.trap("loop_end_without_start", "the register names an open loop")
break_outside_loop = isa.trap("break_outside_loop", "a loop is open")

fields = {"opcode": (0, 6), "rd": (6, 4), "rs1": (10, 4)}
R = isa.format("R", **fields, rs2=(14, 4), rs3=(18, 4), funct1=(22, 4))
I = isa.format("I", **fields, imm=(14, 18))  # noqa: E741 - its usual name
U = isa.format("U", opcode=(0, 6), rd=(6, 4), imm=(10, 22))
MISPLACED = isa.format("MISPLACED", opcode=(0, 6), rd=(6, 4), imm=(10, 18))
"""Where the original assembler puts the immediate of three write-backs, four bits below where the machine reads it."""

Flag = Imm(high=1, default=0)
Unmasked = Imm(high=0, default=0)
