"""PLENA's matrix unit: products of vector rows with tiles of matrix SRAM, kept in f32 accumulators until they are written out.

Every product is summed with k (or d) upward, one f32 rounding per multiplication and per addition, and then added to its
accumulator.
"""

from backends.isa import Imm, In, InOut, Out, array, clamp, f32, index, require
from isa_specs.plena.state import (
    BLEN,
    HEADS,
    HLEN,
    MISPLACED,
    MLEN,
    ROW_GRANULAR,
    SCORE_DIVISOR,
    I,
    R,
    bmm_rd_nonzero,
    gp,
    head_offset,
    hm_acc,
    hv_acc,
    isa,
    m_acc,
    matrix_offset,
    mram,
    v_acc,
    vram,
    writeback_column,
)


@isa.op("M_MM", R(opcode=0x01), unit="matrix", timing="m_mm", syntax="0, rs1, rs2", example="m_mm gp1, gp2")
def m_mm(rs1: In(gp), rs2: In(vram, BLEN, MLEN)):
    """Adds the product of BLEN vector rows and BLEN columns of a tile to the accumulator.

    The accumulator `m_acc[i][j]` grows by the sum over k of `row i [k] * tile[k][column + j]`, for i and j below BLEN; k runs
    upward, in f32. `rs2` is the address of the first of BLEN consecutive rows. `rs1` is the address of the tile plus an
    offset that names the column, a multiple of BLEN: the column itself in profile SPEC, column * MLEN in HEAD. Sums stay in
    the accumulator over any number of products (that is how a long K is split over tiles) until `m_mm_wo` writes them out.
    """
    offset = rs1 % (MLEN * MLEN)
    tile = In(mram, MLEN, MLEN, at=rs1 - offset)
    granule = BLEN * MLEN if ROW_GRANULAR else BLEN
    block = offset // granule
    require(offset % granule == 0, matrix_offset, rs1)
    require(block < MLEN // BLEN, matrix_offset, rs1)
    sums = array(f32, BLEN, BLEN)
    for k in range(MLEN):
        for i in range(BLEN):
            for j in range(BLEN):
                sums[i, j] += rs2[i, k] * tile[k, block * BLEN + j]
    total = InOut(m_acc, BLEN, BLEN, at=0)
    for i in range(BLEN):
        for j in range(BLEN):
            total[i, j] += sums[i, j]


@isa.op("M_TMM", R(opcode=0x02), unit="matrix", timing="m_mm", syntax="0, rs1, rs2", example="m_tmm gp2, gp1")
def m_tmm(rs1: In(vram, BLEN, MLEN), rs2: In(gp)):
    """Adds the product of BLEN vector rows and BLEN rows of a tile, transposed, to the accumulator.

    The accumulator `m_acc[i][j]` grows by the sum over k of `row i [k] * tile[first + j][k]`. Mind the order of operands: the
    vector address comes first here, second in `m_mm`. `rs2` is the address of the tile plus first * MLEN, where the row first
    is a multiple of BLEN, in both profiles. Use it for weights stored as (N, K), and to sum exactly in f32 with rows of ones.
    """
    offset = rs2 % (MLEN * MLEN)
    tile = In(mram, MLEN, MLEN, at=rs2 - offset)
    block = offset // (BLEN * MLEN)
    require(offset % (BLEN * MLEN) == 0, matrix_offset, rs2)
    columns = array(f32, MLEN, BLEN)
    for j in range(BLEN):
        for k in range(MLEN):
            columns[k, j] = tile[block * BLEN + j, k]
    sums = array(f32, BLEN, BLEN)
    for k in range(MLEN):
        for i in range(BLEN):
            for j in range(BLEN):
                sums[i, j] += rs1[i, k] * columns[k, j]
    total = InOut(m_acc, BLEN, BLEN, at=0)
    for i in range(BLEN):
        for j in range(BLEN):
            total[i, j] += sums[i, j]


@isa.op("M_BMM", R(opcode=0x03), unit="matrix", timing="m_bmm", syntax="0, rs1, rs2", example="m_bmm 0, gp1, gp2")
def m_bmm(rd: Imm(default=0), rs1: In(gp), rs2: In(vram, MLEN, MLEN)):
    """Adds, for every head at once, the product of MLEN interleaved vector rows and HLEN rows of a tile.

    `hm_acc[b][i][j]` grows by the sum over d of `row i [d * HEADS + b] * tile[h + d][j]`, divided by SCORE_DIVISOR. Lanes of
    the heads are interleaved here, unlike in `m_btmm`. `rs1` is the address of the tile plus h, a multiple of HLEN below
    MLEN.
    """
    require(rd == 0, bmm_rd_nonzero, rd)
    offset = rs1 % (MLEN * BLEN)
    tile = In(mram, MLEN, MLEN, at=rs1 - offset)
    require(offset % HLEN == 0 and offset < MLEN, head_offset, rs1)
    head = clamp(offset // HLEN, 0, HEADS - 1)
    total = InOut(hm_acc, HEADS, MLEN, MLEN, at=0)
    for b in range(HEADS):
        for i in range(MLEN):
            sums = array(f32, MLEN)
            for d in range(HLEN):
                for j in range(MLEN):
                    sums[j] += rs2[i, d * HEADS + b] * tile[head * HLEN + d, j]
            for j in range(MLEN):
                total[b, i, j] += sums[j] / f32(SCORE_DIVISOR)


@isa.op("M_BTMM", R(opcode=0x04), unit="matrix", timing="m_bmm", syntax="0, rs1, rs2", example="m_btmm 0, gp1, gp2")
def m_btmm(rd: Imm(default=0), rs1: In(gp), rs2: In(vram, MLEN, MLEN)):
    """Adds, for every head at once, the product of MLEN vector rows and one head of a transposed tile.

    `hm_acc[b][i][j]` grows by the sum over d of `row i [b * HLEN + d] * tile[j][h + d]`, divided by SCORE_DIVISOR: all HEADS
    query heads in MLEN rows against one key head, as grouped-query attention wants it. `rs1` is the address of the tile plus
    h, a multiple of HLEN below MLEN.
    """
    require(rd == 0, bmm_rd_nonzero, rd)
    offset = rs1 % (MLEN * MLEN)
    tile = In(mram, MLEN, MLEN, at=rs1 - offset)
    require(offset % HLEN == 0 and offset < MLEN, head_offset, rs1)
    head = clamp(offset // HLEN, 0, HEADS - 1)
    keys = array(f32, HLEN, MLEN)
    for j in range(MLEN):
        for d in range(HLEN):
            keys[d, j] = tile[j, head * HLEN + d]
    total = InOut(hm_acc, HEADS, MLEN, MLEN, at=0)
    for b in range(HEADS):
        for i in range(MLEN):
            sums = array(f32, MLEN)
            for d in range(HLEN):
                for j in range(MLEN):
                    sums[j] += rs2[i, b * HLEN + d] * keys[d, j]
            for j in range(MLEN):
                total[b, i, j] += sums[j] / f32(SCORE_DIVISOR)


@isa.op("M_BMM_WO", I(opcode=0x05), compat=MISPLACED(opcode=0x05), unit="matrix", example="m_bmm_wo gp1, 0")
def m_bmm_wo(rd: In(gp), imm: Imm()):
    """Writes the accumulator of batched tile products to vector rows and clears it.

    Row b * MLEN + i, counted from address rd + imm, becomes `hm_acc[b][i]` in bf16: HEADS * MLEN rows, head after head.
    """
    rows = Out(vram, HEADS, MLEN, MLEN, at=rd + imm)
    total = InOut(hm_acc, HEADS, MLEN, MLEN, at=0)
    for b in range(HEADS):
        for i in range(MLEN):
            for j in range(MLEN):
                rows[b, i, j] = total[b, i, j]
                total[b, i, j] = 0.0


@isa.op("M_MM_WO", I(opcode=0x06), unit="matrix", timing="m_mm_wo", example="m_mm_wo gp1, gp0, 0")
def m_mm_wo(rd: In(gp), rs1: In(gp), imm: Imm()):
    """Writes the accumulator of tile products into BLEN lanes of BLEN vector rows and clears it.

    The address rd + imm names the first row and, modulo MLEN, the first lane, a multiple of BLEN. Row i lies i * MLEN * s
    further on, where s is rs1, or 1 if rs1 is written gp0. Other lanes of the rows keep their values.
    """
    at = rd + imm
    require(at % MLEN % BLEN == 0, writeback_column, at)
    spacing = rs1 if index(rs1) != 0 else 1
    total = InOut(m_acc, BLEN, BLEN, at=0)
    for i in range(BLEN):
        row = Out(vram, BLEN, at=at + i * MLEN * spacing, align=BLEN)
        for j in range(BLEN):
            row[j] = total[i, j]
            total[i, j] = 0.0


@isa.op("M_MV", R(opcode=0x07), unit="matrix", timing="m_mm", syntax="0, rs1, rs2", example="m_mv gp1, gp2")
def m_mv(rs1: In(gp), rs2: In(vram, MLEN)):
    """Adds the product of one vector row and BLEN columns of a tile to the accumulator.

    `v_acc[j]` grows by the sum over k of `row[k] * tile[k][column + j]`, for j below BLEN. `rs1` is the address of the tile
    plus the column, a multiple of BLEN, in both profiles.
    """
    offset = rs1 % (MLEN * MLEN)
    tile = In(mram, MLEN, MLEN, at=rs1 - offset)
    block = offset // BLEN
    require(offset % BLEN == 0, matrix_offset, rs1)
    require(block < MLEN // BLEN, matrix_offset, rs1)
    sums = array(f32, BLEN)
    for k in range(MLEN):
        for j in range(BLEN):
            sums[j] += rs2[k] * tile[k, block * BLEN + j]
    total = InOut(v_acc, BLEN, at=0)
    for j in range(BLEN):
        total[j] += sums[j]


@isa.op("M_TMV", R(opcode=0x08), unit="matrix", timing="m_mm", syntax="0, rs1, rs2", example="m_tmv gp1, gp2")
def m_tmv(rs1: In(mram, MLEN, MLEN), rs2: In(vram, MLEN)):
    """Adds the product of one vector row and the first BLEN rows of a tile, transposed, to the accumulator.

    `v_acc[j]` grows by the sum over k of `row[k] * tile[j][k]`, for j below BLEN. `rs1` is the address of a tile: other rows
    of it cannot be reached. For them, use `m_tmm` with a row among its BLEN rows.
    """
    columns = array(f32, MLEN, BLEN)
    for j in range(BLEN):
        for k in range(MLEN):
            columns[k, j] = rs1[j, k]
    sums = array(f32, BLEN)
    for k in range(MLEN):
        for j in range(BLEN):
            sums[j] += rs2[k] * columns[k, j]
    total = InOut(v_acc, BLEN, at=0)
    for j in range(BLEN):
        total[j] += sums[j]


@isa.op("M_BMV", R(opcode=0x09), unit="matrix", timing="m_bmv", example="m_bmv gp0, gp1, gp2")
def m_bmv(rd: In(gp), rs1: In(gp), rs2: In(vram, MLEN)):
    """Adds, for every head at once, the product of one interleaved vector row and HLEN rows of a tile.

    As `m_bmm` with a single row, and rd + rs1 as the address of the tile plus h: `hv_acc[b][j]` grows by the sum over d of
    `row[d * HEADS + b] * tile[h + d][j]`, divided by SCORE_DIVISOR.
    """
    at = rd + rs1
    offset = at % (MLEN * BLEN)
    tile = In(mram, MLEN, MLEN, at=at - offset)
    require(offset % HLEN == 0 and offset < MLEN, head_offset, at)
    head = clamp(offset // HLEN, 0, HEADS - 1)
    total = InOut(hv_acc, HEADS, MLEN, at=0)
    for b in range(HEADS):
        sums = array(f32, MLEN)
        for d in range(HLEN):
            for j in range(MLEN):
                sums[j] += rs2[d * HEADS + b] * tile[head * HLEN + d, j]
        for j in range(MLEN):
            total[b, j] += sums[j] / f32(SCORE_DIVISOR)


@isa.op("M_BTMV", R(opcode=0x0A), unit="matrix", timing="m_bmv", example="m_btmv gp0, gp1, gp2")
def m_btmv(rd: In(gp), rs1: In(gp), rs2: In(vram, MLEN)):
    """Adds, for every head at once, the product of one vector row and one head of a transposed tile.

    As `m_btmm` with a single row, and rd + rs1 as the address of the tile plus h: `hv_acc[b][j]` grows by the sum over d of
    `row[b * HLEN + d] * tile[j][h + d]`, divided by SCORE_DIVISOR.
    """
    at = rd + rs1
    offset = at % (MLEN * MLEN)
    tile = In(mram, MLEN, MLEN, at=at - offset)
    require(offset % HLEN == 0 and offset < MLEN, head_offset, at)
    head = clamp(offset // HLEN, 0, HEADS - 1)
    keys = array(f32, HLEN, MLEN)
    for j in range(MLEN):
        for d in range(HLEN):
            keys[d, j] = tile[j, head * HLEN + d]
    total = InOut(hv_acc, HEADS, MLEN, at=0)
    for b in range(HEADS):
        sums = array(f32, MLEN)
        for d in range(HLEN):
            for j in range(MLEN):
                sums[j] += rs2[b * HLEN + d] * keys[d, j]
        for j in range(MLEN):
            total[b, j] += sums[j] / f32(SCORE_DIVISOR)


@isa.op("M_MV_WO", I(opcode=0x0B), compat=MISPLACED(opcode=0x0B), unit="matrix", timing="m_mm_wo", example="m_mv_wo gp1, 0")
def m_mv_wo(rd: In(gp), imm: Imm()):
    """Writes the accumulator of row products into BLEN lanes of a vector row and clears it.

    The address rd + imm names the row and, modulo MLEN, the first lane, a multiple of BLEN. Other lanes keep their values.
    """
    at = rd + imm
    require(at % MLEN % BLEN == 0, writeback_column, at)
    row = Out(vram, BLEN, at=at, align=BLEN)
    total = InOut(v_acc, BLEN, at=0)
    for j in range(BLEN):
        row[j] = total[j]
        total[j] = 0.0


@isa.op("M_BMV_WO", I(opcode=0x0C), compat=MISPLACED(opcode=0x0C), unit="matrix", example="m_bmv_wo gp1, 0")
def m_bmv_wo(rd: In(gp), imm: Imm()):
    """Writes the accumulator of batched row products to HEADS vector rows and clears it.

    Row b, counted from address rd + imm, becomes `hv_acc[b]` in bf16.
    """
    rows = Out(vram, HEADS, MLEN, at=rd + imm)
    total = InOut(hv_acc, HEADS, MLEN, at=0)
    for b in range(HEADS):
        for j in range(MLEN):
            rows[b, j] = total[b, j]
            total[b, j] = 0.0
