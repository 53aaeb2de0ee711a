"""PLENA's vector unit: one row of VLEN lanes an instruction, computed in f32 and rounded to bf16.

Where the mask flag is 1, the register v_mask selects heads; the lanes of the others receive the row that rs1 names, they do
not keep what rd held.
"""

from backends.isa import (
    In,
    InOut,
    Out,
    array,
    clamp,
    exp,
    exponent,
    f32,
    float_from_bits,
    function,
    i32,
    index,
    is_nan,
    max,
    min,
    require,
    u32,
    work,
)
from isa_specs.plena.state import (
    CLAMP_EXP,
    EXTENSIONS,
    HLEN,
    VLEN,
    Flag,
    R,
    Unmasked,
    f,
    fp_sram,
    gp,
    int_sram,
    isa,
    masked_reduction,
    topk_policy,
    v_mask,
    vram,
)

EVERY_HEAD = 0xFFFFFFFF
EXPERTS, FEW_EXPERTS = 128, 32
WAYS = 8
"""Adders, or comparators, that reduce a row side by side: lane i is for number i % WAYS."""
MASKABLE = {"rmask": "rs3"}
MASK_LOST = {"rmask": "rs2"}
"""The original assembler puts the mask flag of three instructions where the machine does not read it."""


@function
def chosen(heads: u32, lane: u32) -> bool:
    """Whether the head that a lane belongs to is among the heads in a mask."""
    return (heads >> (lane // HLEN)) & 1 == 1


@function
def limited(x: f32) -> f32:
    """The argument that an exponential works with."""
    return min(max(x, -88.0), 88.0) if CLAMP_EXP else x


@function
def comparable(x: f32) -> f32:
    """The number, or minus infinity for a NaN."""
    return float_from_bits(0xFF800000) if is_nan(x) else x


@isa.op("V_ADD_VV", R(opcode=0x0D, **MASKABLE), unit="vector", timing="v_add", example="v_add_vv gp1, gp2, gp3, 0")
def v_add_vv(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(vram, VLEN), rmask: Flag):
    """Adds two rows: rs1 + rs2."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        rd[lane] = rs1[lane] + rs2[lane] if chosen(heads, lane) else rs1[lane]


@isa.op("V_ADD_VF", R(opcode=0x0E, **MASKABLE), unit="vector", timing="v_add", example="v_add_vf gp1, gp2, f1, 0")
def v_add_vf(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(f), rmask: Flag):
    """Adds a scalar to every lane of a row."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        rd[lane] = rs1[lane] + rs2 if chosen(heads, lane) else rs1[lane]


@isa.op("V_SUB_VV", R(opcode=0x0F, **MASKABLE), unit="vector", timing="v_add", example="v_sub_vv gp1, gp2, gp3, 0")
def v_sub_vv(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(vram, VLEN), rmask: Flag):
    """Subtracts two rows: rs1 - rs2."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        rd[lane] = rs1[lane] - rs2[lane] if chosen(heads, lane) else rs1[lane]


@isa.op(
    "V_SUB_VF", R(opcode=0x10, rorder="funct1", **MASKABLE), unit="vector", timing="v_add", example="v_sub_vf gp1, gp2, f1, 0, 1"
)
def v_sub_vf(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(f), rmask: Flag, rorder: Flag):
    """Subtracts a scalar from every lane, or, where rorder is 1, every lane from the scalar."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        difference = rs1[lane] - rs2 if rorder == 0 else rs2 - rs1[lane]
        rd[lane] = difference if chosen(heads, lane) else rs1[lane]


@isa.op("V_MUL_VV", R(opcode=0x11, **MASKABLE), unit="vector", timing="v_mul", example="v_mul_vv gp1, gp2, gp3, 0")
def v_mul_vv(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(vram, VLEN), rmask: Flag):
    """Multiplies two rows lane by lane."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        rd[lane] = rs1[lane] * rs2[lane] if chosen(heads, lane) else rs1[lane]


@isa.op("V_MUL_VF", R(opcode=0x12, **MASKABLE), unit="vector", timing="v_mul", example="v_mul_vf gp1, gp2, f1, 0")
def v_mul_vf(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(f), rmask: Flag):
    """Multiplies every lane of a row by a scalar."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        rd[lane] = rs1[lane] * rs2 if chosen(heads, lane) else rs1[lane]


@isa.op(
    "V_EXP_V", R(opcode=0x13, **MASKABLE), compat=R(opcode=0x13, **MASK_LOST), unit="vector", timing="v_exp",
    example="v_exp_v gp1, gp2, 0",
)  # fmt: skip
def v_exp_v(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rmask: Flag):
    """Takes e to the power of every lane.

    Profile HEAD clamps the input to -88..88 first, so that minus infinity gives about 6e-39 and not 0; lanes of heads that
    are not selected receive the clamped input. Profile SPEC takes the input as it is: large inputs give infinity.
    """
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        x = limited(rs1[lane])
        rd[lane] = exp(x) if chosen(heads, lane) else x


@isa.op(
    "V_RECI_V", R(opcode=0x14, **MASKABLE), compat=R(opcode=0x14, **MASK_LOST), unit="vector", timing="v_reci",
    example="v_reci_v gp1, gp2, 0",
)  # fmt: skip
def v_reci_v(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rmask: Flag):
    """Takes the reciprocal of every lane. The reciprocal of 0 is infinity."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        rd[lane] = 1.0 / rs1[lane] if chosen(heads, lane) else rs1[lane]


@isa.op(
    "V_RED_SUM", R(opcode=0x15, **MASKABLE), compat=R(opcode=0x15, rmask=None), unit="vector", timing="v_red_sum",
    example="v_red_sum f1, gp1, 0",
)  # fmt: skip
def v_red_sum(rd: InOut(f), rs1: In(vram, VLEN), rmask: Unmasked):
    """Adds the sum of a row to a scalar register.

    The row is summed in f32 by WAYS = 8 adders side by side, lane i by adder i % WAYS, whose sums are then added one
    after the other. The sum is added to rd and the result rounded once, to the scalar format. Clear rd first
    (`s_add_fp f1, f0, f0`) unless the sum of several rows is wanted. With rd = f0 nothing happens, at no cost. The mask flag
    must be 0.
    """
    require(rmask == 0, masked_reduction, rmask)
    work(0 if index(rd) == 0 else 1)
    sums = array(f32, WAYS)
    for block in range(VLEN // WAYS):
        for way in range(WAYS):
            sums[way] += rs1[block * WAYS + way]
    total = sums[0]
    for way in range(1, WAYS):
        total += sums[way]
    return rd + total


@isa.op(
    "V_RED_MAX", R(opcode=0x16, **MASKABLE), compat=R(opcode=0x16, **MASK_LOST), unit="vector", timing="v_red_max",
    example="v_red_max f1, gp1, 0",
)  # fmt: skip
def v_red_max(rd: InOut(f), rs1: In(vram, VLEN), rmask: Unmasked):
    """Takes the greatest of a scalar register and the lanes of a row.

    Put a very small number into rd first. NaN lanes are ignored; the result is rounded to the scalar format. WAYS = 8
    comparators work side by side. With rd = f0 nothing happens, at no cost. The mask flag must be 0.
    """
    require(rmask == 0, masked_reduction, rmask)
    work(0 if index(rd) == 0 else 1)
    greatest = array(f32, WAYS)
    for way in range(WAYS):
        greatest[way] = comparable(rs1[way])
    for block in range(1, VLEN // WAYS):
        for way in range(WAYS):
            greatest[way] = max(greatest[way], comparable(rs1[block * WAYS + way]))
    result = rd
    for way in range(WAYS):
        result = max(result, greatest[way])
    return result


@isa.op("V_SHFT_V", R(opcode=0x32), unit="vector", timing="v_mul", when=EXTENSIONS, example="v_shft_v gp1, gp2, gp3")
def v_shft_v(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(gp)):
    """Shifts a row to higher lanes: lane i receives lane i - rs2, and zeros enter at lane 0."""
    distance = i32(min(rs2, VLEN))
    for lane in range(VLEN):
        rd[lane] = rs1[clamp(lane - distance, 0, VLEN - 1)] if distance <= lane else 0.0


@isa.op(
    "V_MAX_VF", R(opcode=0x35, **MASKABLE), unit="vector", timing="v_max", when=EXTENSIONS, example="v_max_vf gp1, gp2, f1, 0"
)
def v_max_vf(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(f), rmask: Flag):
    """Takes the greater of every lane and a scalar. NaN lanes stay NaN."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        rd[lane] = max(rs1[lane], rs2) if chosen(heads, lane) else rs1[lane]


@isa.op(
    "V_MIN_VF", R(opcode=0x36, **MASKABLE), unit="vector", timing="v_max", when=EXTENSIONS, example="v_min_vf gp1, gp2, f1, 0"
)
def v_min_vf(rd: Out(vram, VLEN), rs1: In(vram, VLEN), rs2: In(f), rmask: Flag):
    """Takes the smaller of every lane and a scalar. NaN lanes stay NaN."""
    heads = v_mask.value if rmask != 0 else EVERY_HEAD
    for lane in range(VLEN):
        rd[lane] = min(rs1[lane], rs2) if chosen(heads, lane) else rs1[lane]


@isa.op("V_TOPK", R(opcode=0x37, policy="rs3"), unit="vector", when=EXTENSIONS, example="v_topk gp1, gp2, gp3, 0")
def v_topk(rd: In(gp), rs1: In(gp), rs2: In(gp), policy: Flag):
    """Picks the experts of a mixture: the greatest of a list of logits, with softmax weights over those picked.

    Policy 0 picks 4 of 32 logits, policy 1 picks 8 of 128; they lie in consecutive rows from address rs1. The picked ones are
    sorted, greatest first, the lower index first among equals. Weights go to FP SRAM from word rd, indices to INT SRAM from
    word rs2. NaN counts as minus infinity. If the weights cannot be normalised (a picked logit is infinite), all of them are
    0.
    """
    require(policy <= 1, topk_policy, policy)
    experts = FEW_EXPERTS if policy == 0 else EXPERTS
    picks = 4 if policy == 0 else 8
    work(experts)
    logits = In(vram, EXPERTS, at=rs1, length=experts)
    taken = array(u32, EXPERTS)
    weights = array(f32, 8)
    greatest = f32(0)
    total = f32(0)
    for rank in range(picks):
        best = i32(-1)
        most = f32(0)
        for expert in range(experts):
            logit = comparable(logits[expert])
            if taken[expert] == 0 and (best < 0 or logit > most):
                best = i32(expert)
                most = logit
        taken[clamp(best, 0, EXPERTS - 1)] = 1
        int_sram[rs2 + rank] = u32(best)
        greatest = most if rank == 0 else greatest
        weights[rank] = exp(most - greatest)
        total += weights[rank]
    normal = total > 0.0 and exponent(total) < 1000
    for rank in range(picks):
        fp_sram[rd + rank] = weights[rank] / total if normal else 0.0
