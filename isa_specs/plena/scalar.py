"""PLENA's scalar unit, integers, special registers and hardware loops.

Scalar floating-point arithmetic is done in f32 and rounded once to the format of the f registers. With f0 as its result, such
an instruction does nothing and costs nothing.
"""

from backends.isa import Imm, In, InOut, Out, exp, index, jump, max, pc, require, sqrt, u64, work
from isa_specs.plena.state import (
    BREAK_OPCODE,
    FP_WORDS,
    VLEN,
    I,
    R,
    U,
    a,
    break_outside_loop,
    f,
    fp_sram,
    gp,
    int_sram,
    isa,
    loop_count_zero,
    loop_end_without_start,
    loops,
    map_window,
    scale,
    stride,
    v_mask,
    vram,
)
from isa_specs.plena.vector import limited

# Floating point


@isa.op("S_ADD_FP", R(opcode=0x17), unit="scalar", timing="s_fp", example="s_add_fp f1, f2, f3")
def s_add_fp(rd: Out(f), rs1: In(f), rs2: In(f)):
    """Adds two scalars. `s_add_fp f1, f2, f0` copies f2 to f1."""
    work(0 if index(rd) == 0 else 1)
    return rs1 + rs2


@isa.op("S_SUB_FP", R(opcode=0x18), unit="scalar", timing="s_fp", example="s_sub_fp f1, f2, f3")
def s_sub_fp(rd: Out(f), rs1: In(f), rs2: In(f)):
    """Subtracts two scalars: rs1 - rs2."""
    work(0 if index(rd) == 0 else 1)
    return rs1 - rs2


@isa.op("S_MAX_FP", R(opcode=0x19), unit="scalar", timing="s_fp", example="s_max_fp f1, f2, f3")
def s_max_fp(rd: Out(f), rs1: In(f), rs2: In(f)):
    """Takes the greater of two scalars; a NaN in rs1 stays, one in rs2 is ignored."""
    work(0 if index(rd) == 0 else 1)
    return max(rs1, rs2)


@isa.op("S_MUL_FP", R(opcode=0x1A), unit="scalar", timing="s_fp", example="s_mul_fp f1, f2, f3")
def s_mul_fp(rd: Out(f), rs1: In(f), rs2: In(f)):
    """Multiplies two scalars."""
    work(0 if index(rd) == 0 else 1)
    return rs1 * rs2


@isa.op("S_EXP_FP", R(opcode=0x1B), unit="scalar", timing="s_special", example="s_exp_fp f1, f2")
def s_exp_fp(rd: Out(f), rs1: In(f)):
    """Takes e to the power of a scalar, which profile HEAD clamps to -88..88 first."""
    work(0 if index(rd) == 0 else 1)
    return exp(limited(rs1))


@isa.op("S_RECI_FP", R(opcode=0x1C), unit="scalar", timing="s_special", example="s_reci_fp f1, f2")
def s_reci_fp(rd: Out(f), rs1: In(f)):
    """Takes the reciprocal of a scalar. The reciprocal of 0 is infinity."""
    work(0 if index(rd) == 0 else 1)
    return 1.0 / rs1


@isa.op("S_SQRT_FP", R(opcode=0x1D), unit="scalar", timing="s_special", example="s_sqrt_fp f1, f2")
def s_sqrt_fp(rd: Out(f), rs1: In(f)):
    """Takes the square root of a scalar. That of a negative number is NaN."""
    work(0 if index(rd) == 0 else 1)
    return sqrt(rs1)


@isa.op("S_LD_FP", I(opcode=0x1E), unit="scalar", timing="s_move", example="s_ld_fp f1, gp1, 3")
def s_ld_fp(rd: Out(f), rs1: In(gp), imm: Imm()):
    """Loads a scalar from word rs1 + imm of FP SRAM."""
    return fp_sram[rs1 + imm]


@isa.op("S_ST_FP", I(opcode=0x1F), unit="scalar", timing="s_move", example="s_st_fp f1, gp1, 3")
def s_st_fp(rd: In(f), rs1: In(gp), imm: Imm()):
    """Stores a scalar to word rs1 + imm of FP SRAM."""
    fp_sram[rs1 + imm] = rd


@isa.op("S_MAP_V_FP", I(opcode=0x20), unit="vector", example="s_map_v_fp gp1, gp2, 0")
def s_map_v_fp(rd: Out(vram, VLEN), rs1: In(gp), imm: Imm()):
    """Copies VLEN words of FP SRAM, from word rs1 + imm, to a vector row.

    Words become bf16. This is the way to bring a bias, a mask or a row of ones into vector SRAM. It is slow: prepare such
    rows once, outside of loops.
    """
    start = rs1 + imm
    require(start <= FP_WORDS - VLEN, map_window, start, limit=FP_WORDS - VLEN)
    words = In(fp_sram, VLEN, at=start)
    for lane in range(VLEN):
        rd[lane] = words[lane]


# Integers: u32, wrapping


@isa.op("S_ADD_INT", R(opcode=0x21), unit="integer", timing="s_int", example="s_add_int gp1, gp2, gp3")
def s_add_int(rd: Out(gp), rs1: In(gp), rs2: In(gp)):
    """Adds two integers."""
    return rs1 + rs2


@isa.op("S_ADDI_INT", I(opcode=0x22), unit="integer", timing="s_int", example="s_addi_int gp1, gp2, 64")
def s_addi_int(rd: Out(gp), rs1: In(gp), imm: Imm()):
    """Adds a constant below 2**18 to an integer. `s_addi_int gp1, gp0, 64` sets gp1 to 64."""
    return rs1 + imm


@isa.op("S_SUB_INT", R(opcode=0x23), unit="integer", timing="s_int", example="s_sub_int gp1, gp2, gp3")
def s_sub_int(rd: Out(gp), rs1: In(gp), rs2: In(gp)):
    """Subtracts two integers: rs1 - rs2."""
    return rs1 - rs2


@isa.op("S_MUL_INT", R(opcode=0x24), unit="integer", timing="s_int", example="s_mul_int gp1, gp2, gp3")
def s_mul_int(rd: Out(gp), rs1: In(gp), rs2: In(gp)):
    """Multiplies two integers; the low 32 bits stay."""
    return rs1 * rs2


@isa.op("S_LUI_INT", U(opcode=0x25), unit="integer", timing="s_int", example="s_lui_int gp1, 0x40")
def s_lui_int(rd: Out(gp), imm: Imm()):
    """Sets an integer to imm * 4096, modulo 2**32. With `s_addi_int` for the low 12 bits it makes constants of 2**18 and more."""
    return imm << 12


@isa.op("S_LD_INT", I(opcode=0x26), unit="integer", timing="s_move", example="s_ld_int gp1, gp2, 3")
def s_ld_int(rd: Out(gp), rs1: In(gp), imm: Imm()):
    """Loads an integer from word rs1 + imm of INT SRAM."""
    return int_sram[rs1 + imm]


@isa.op("S_ST_INT", I(opcode=0x27), unit="integer", timing="s_move", example="s_st_int gp1, gp2, 3")
def s_st_int(rd: In(gp), rs1: In(gp), imm: Imm()):
    """Stores an integer to word rs1 + imm of INT SRAM."""
    int_sram[rs1 + imm] = rd


# Special registers


@isa.op("C_SET_ADDR_REG", R(opcode=0x2B), unit="control", timing="c", example="c_set_addr_reg a1, gp0, gp2")
def c_set_addr_reg(rd: Out(a), rs1: In(gp), rs2: In(gp)):
    """Sets an HBM address register: rs1 is the high half, rs2 the low half."""
    return (u64(rs1) << 32) | u64(rs2)


@isa.op("C_SET_SCALE_REG", R(opcode=0x2C), unit="control", timing="c", example="c_set_scale_reg gp1")
def c_set_scale_reg(rd: In(gp)):
    """Says how far after a tensor's first element its first scale byte lies: the number of elements of the whole tensor.

    It holds for every later H instruction, whatever tensor that moves: set it again when the tensor changes.
    """
    scale.value = rd


@isa.op("C_SET_STRIDE_REG", R(opcode=0x2D), unit="control", timing="c", example="c_set_stride_reg gp1")
def c_set_stride_reg(rd: In(gp)):
    """Says how many bytes rows lie apart in HBM, for H instructions whose stride flag is 1."""
    stride.value = rd


@isa.op("C_SET_V_MASK_REG", R(opcode=0x2E), unit="control", timing="c", example="c_set_v_mask_reg gp1")
def c_set_v_mask_reg(rd: In(gp)):
    """Selects heads for vector instructions whose mask flag is 1: bit h of rd stands for the HLEN lanes from h * HLEN on."""
    v_mask.value = rd


# Hardware loops


@isa.op("C_LOOP_START", U(opcode=0x2F), unit="control", timing="c", example="c_loop_start gp1, 4\nc_loop_end gp1")
def c_loop_start(rd: Out(gp), imm: Imm()):
    """Opens a loop of imm iterations, counted in rd.

    In iteration i, from 0, the register reads imm - i; after the loop it is 0. Instructions up to the `c_loop_end` of the
    same register are the body. Nested loops need registers of their own, which may be used again after their loop has ended.
    The number of instructions in one iteration is limited, those of inner loops included.
    """
    require(imm != 0, loop_count_zero, imm)
    loops.push(index(rd), pc() + 1)
    return imm


@isa.op("C_LOOP_END", R(opcode=0x30), unit="control", timing="c", example="c_loop_start gp1, 4\nc_loop_end gp1")
def c_loop_end(rd: InOut(gp)):
    """Ends the body of the innermost loop that rd counts.

    While rd is greater than 1, it is decremented and the body runs again; else rd becomes 0 and the loop is over. The
    register decides, so a body that changes it changes the number of iterations.
    """
    position = loops.find(index(rd))
    require(position >= 0, loop_end_without_start, index(rd))
    if rd > 1:
        jump(loops.body(position))
        loops.restart(position)
        return rd - 1
    loops.remove(position)
    return 0


@isa.op("C_BREAK", R(opcode=BREAK_OPCODE), unit="control", timing="c", offered=False, syntax="")
def c_break():
    """Closes the innermost loop and clears its register, without leaving the body.

    Execution goes on behind it, and the `c_loop_end` of that loop then faults: a debugging aid of the original machine.
    """
    require(loops.depth() > 0, break_outside_loop)
    for number in range(16):
        if loops.find(number) == loops.depth() - 1:
            gp[number] = 0
    loops.remove(loops.depth() - 1)
