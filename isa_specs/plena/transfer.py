"""PLENA's transfers between HBM, where tensors lie as MXFP8 (`mx`), and the SRAMs.

A tensor is all of its elements, row-major, one byte each, then all of its scales, one byte for BLOCK elements. Row i of a
transfer lies at byte a[rs2] + rs1 + i * step, its scales at byte a[rs2] + scale + rs1 // BLOCK + i * step // BLOCK, where
step is the stride register if the stride flag is 1, else the length of a row.
"""

from backends.isa import In, Out, abs, f32, max, scale_by, u32, u64, work
from isa_specs.plena.mx import BLOCK, mx_code, mx_element, mx_power, mx_scale
from isa_specs.plena.state import (
    HALF_AWAY,
    HBM_BURST,
    MLEN,
    TRANSFER_ROWS,
    VLEN,
    VRAM_ROWS,
    Flag,
    R,
    a,
    gp,
    hbm,
    isa,
    mram,
    scale,
    stride,
    vram,
)

OPERANDS = {"rstride": "rs3", "precision": "funct1"}


@isa.op("H_PREFETCH_M", R(opcode=0x28, **OPERANDS), unit="hbm", example="h_prefetch_m gp1, gp2, a1, 1, 0")
def h_prefetch_m(rd: Out(mram, MLEN, MLEN), rs1: In(gp), rs2: In(a), rstride: Flag, precision: Flag):
    """Loads MLEN rows of MLEN elements from HBM into a tile of matrix SRAM.

    Tile row i is row i of the transfer: `tile[i][j]` comes from byte a[rs2] + rs1 + i * step + j. So weights stored as (K, N)
    with a stride of N arrive as K rows of an N slice, ready for `m_mm`; weights stored as (N, K) are for `m_tmm`. A row whose
    scale bytes cross a multiple of HBM_BURST loses those behind it (they count as 0): keep rows aligned to MLEN elements. The
    precision flag makes no difference on this machine. Cost grows with the blocks of HBM_BURST bytes that rows touch, plus
    one for the scales of each row.
    """
    start = rs2 + u64(rs1)
    scales_start = rs2 + u64(scale.value) + u64(rs1) // BLOCK
    step = u64(stride.value) if rstride == 1 else u64(MLEN)
    blocks = u32(0)
    for row in range(MLEN):
        at = start + row * step
        scales_at = scales_start + row * step // BLOCK
        codes = In(hbm, MLEN, at=at)
        scales = In(hbm, MLEN // BLOCK, at=scales_at)
        readable = u32(HBM_BURST - scales_at % HBM_BURST)
        for block in range(MLEN // BLOCK):
            factor = mx_scale(scales[block]) if block < readable else 0.0
            for i in range(BLOCK):
                rd[row, block * BLOCK + i] = mx_element(codes[block * BLOCK + i]) * factor
        blocks += u32((at % HBM_BURST + MLEN + HBM_BURST - 1) // HBM_BURST) + 1
    work(blocks)


@isa.op("H_PREFETCH_V", R(opcode=0x29, **OPERANDS), unit="hbm", example="h_prefetch_v gp1, gp2, a1, 0, 0")
def h_prefetch_v(rd: In(gp), rs1: In(gp), rs2: In(a), rstride: Flag, precision: Flag):
    """Loads TRANSFER_ROWS rows of VLEN elements from HBM into vector SRAM, from the row at address rd.

    It always loads that many rows: a shorter tensor brings in whatever lies behind it. Rows past the end of vector SRAM are
    dropped. A row whose scale bytes cross a multiple of HBM_BURST loses those behind it (they count as 0). The precision flag
    makes no difference on this machine. Cost grows with the blocks of HBM_BURST bytes that rows touch, plus one for the
    scales of each row.
    """
    start = rs2 + u64(rs1)
    scales_start = rs2 + u64(scale.value) + u64(rs1) // BLOCK
    step = u64(stride.value) if rstride == 1 else u64(VLEN)
    blocks = u32(0)
    for row in range(TRANSFER_ROWS):
        at = start + row * step
        scales_at = scales_start + row * step // BLOCK
        codes = In(hbm, VLEN, at=at)
        scales = In(hbm, VLEN // BLOCK, at=scales_at)
        readable = u32(HBM_BURST - scales_at % HBM_BURST)
        target = rd + row * VLEN
        lanes = Out(vram, VLEN, at=target, length=VLEN if target < VRAM_ROWS * VLEN else 0)
        for block in range(VLEN // BLOCK):
            factor = mx_scale(scales[block]) if block < readable else 0.0
            for i in range(BLOCK):
                lanes[block * BLOCK + i] = mx_element(codes[block * BLOCK + i]) * factor
        blocks += u32((at % HBM_BURST + VLEN + HBM_BURST - 1) // HBM_BURST) + 1
    work(blocks)


@isa.op("H_STORE_V", R(opcode=0x2A, **OPERANDS), unit="hbm", example="h_store_v gp1, gp2, a1, 0, 0")
def h_store_v(rd: In(vram, TRANSFER_ROWS, VLEN), rs1: In(gp), rs2: In(a), rstride: Flag, precision: Flag):
    """Stores TRANSFER_ROWS rows of vector SRAM, from the row at address rd, to HBM as MXFP8.

    Each BLOCK lanes are divided by a power of two, their scale, so that the greatest magnitude is 1 to 2, and rounded to
    three bits of mantissa: half away from zero in profile SPEC; cut to quarter steps and then to the nearest even in HEAD. A
    magnitude never rounds up to the next power of two. Those below 2**-7 of the scale become multiples of 2**-10 of it. The
    precision flag makes no difference on this machine.
    """
    start = rs2 + u64(rs1)
    scales_start = rs2 + u64(scale.value) + u64(rs1) // BLOCK
    step = u64(stride.value) if rstride == 1 else u64(VLEN)
    for row in range(TRANSFER_ROWS):
        codes = Out(hbm, VLEN, at=start + row * step)
        scales = Out(hbm, VLEN // BLOCK, at=scales_start + row * step // BLOCK)
        for block in range(VLEN // BLOCK):
            largest = f32(0)
            for i in range(BLOCK):
                largest = max(largest, abs(rd[row, block * BLOCK + i]))
            power = mx_power(largest)
            scales[block] = u32(power + 127) if largest > 0.0 else u32(0)
            for i in range(BLOCK):
                codes[block * BLOCK + i] = mx_code(scale_by(rd[row, block * BLOCK + i], -power), HALF_AWAY != 0)
