"""PLENA interpreted with one numpy expression per instruction: what a simulator costs when it is written the obvious way.

The yardstick of ``benchmarks/simulator.py``, and a second opinion on the machine's semantics that shares no code with the
definition in ``isa_specs/plena``. It takes plain assembly (instructions, comments, data in ``.float`` and ``.fill``) and counts
cycles in the sequential timing. Products of matrices are summed in whatever order numpy likes.

    python benchmarks/plena_numpy.py FILE.s
"""

# ruff: noqa: N802, D102  # the methods of Machine are the instructions, named by their mnemonics; the manual documents them

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

LANES, TILE, BLEN, HEADS, HLEN = 64, 4096, 4, 4, 16
SRAM_WORDS = 1024
BF16 = np.dtype(ml_dtypes.bfloat16)
Array = np.ndarray[Any, Any]


class PlenaFault(Exception):  # noqa: N818  # the machine's word
    """A trap: what happened, and at which instruction."""

    def __init__(self, cause: str, pc: int = -1) -> None:
        super().__init__(f"{cause} at instruction {pc}")
        self.cause, self.pc = cause, pc


@dataclass(frozen=True)
class Profile:
    """What differs between the two published states of the machine."""

    name: str
    tiles: int
    rows: int
    scalar: np.dtype[Any]
    row_granular: bool
    clamp_exp: bool
    head_scale: float
    loop_limit: int


PROFILES = {
    "SPEC": Profile("SPEC", 4, 1024, np.dtype(np.float16), False, False, 1.0, 10_000),
    "HEAD": Profile("HEAD", 64, 1 << 16, BF16, True, True, 0.25, 100_000),
}
"""HEAD has 4194304 rows of vector SRAM; 65536 serve here."""


@dataclass(frozen=True)
class Instruction:
    """One instruction: register numbers and immediates in the order they are written."""

    mnemonic: str
    operands: tuple[int, ...]


def parse(text: str) -> tuple[list[Instruction], dict[tuple[str, int], list[float]]]:
    """Instructions, and the values that ``.data`` directives place: ``{(space, start): values}``."""
    program: list[Instruction] = []
    images: dict[tuple[str, int], list[float]] = {}
    place: list[float] = []
    for line in text.splitlines():
        mnemonic, _, rest = line.partition(";")[0].partition("//")[0].strip().partition(" ")
        fields = [f.strip() for f in rest.split(",") if f.strip()]
        if mnemonic == ".data":
            place = images.setdefault((fields[0], int(fields[1])), [])
        elif mnemonic == ".float":
            place.extend(float(f) for f in fields)
        elif mnemonic == ".fill":
            place.extend([float(fields[1])] * int(fields[0]))
        elif mnemonic and mnemonic != ".text":
            program.append(Instruction(mnemonic, tuple(int(f.lstrip("gpfa")) for f in fields)))
    return program, images


def decode(elements: Array, scales: Array) -> Array:
    """Values of MXFP8 bytes; one scale for eight elements."""
    exponent, mantissa = (elements >> 3 & 15).astype(np.int32), (elements & 7).astype(np.float32)
    value = np.where(exponent == 0, np.ldexp(mantissa / 8, -7), np.ldexp(1 + mantissa / 8, exponent - 7))
    value = np.where(exponent == 15, np.where(mantissa == 0, np.inf, np.nan), value)
    power = np.ldexp(np.float64(1), scales.astype(np.int32) - 127)
    scale = np.where(scales == 0, 0.0, np.where(scales == 255, np.inf, power))
    with np.errstate(all="ignore"):
        return (np.where(elements & 128, -value, value) * np.repeat(scale, 8)).astype(np.float32)


def encode(values: Array, half_away: bool) -> tuple[Array, Array]:
    """MXFP8 bytes and scales of a row, with the mantissa rounding of H_STORE_V in SPEC (half away from zero) or HEAD."""
    blocks = values.astype(np.float64).reshape(-1, 8)
    largest = np.abs(blocks).max(axis=1)
    shared = np.clip(np.frexp(largest + 1e-9)[1] - 1, -127, 127)
    scaled = np.ldexp(np.abs(blocks), -shared[:, None])
    exponent = np.clip(np.frexp(scaled + 1e-9)[1] - 1, -7, 7)
    fraction = np.ldexp(scaled, -exponent)
    eighths = np.where(exponent == -7, fraction * 8, (fraction - 1) * 8)
    rounded = np.floor(eighths + 0.5) if half_away else np.rint(np.floor(4 * eighths) / 4)
    code = (exponent + 7) << 3 | np.clip(rounded, 0, 7).astype(np.int64)
    code = np.where(scaled == 0, 0, code | np.signbit(blocks) << 7)
    scale = np.where(largest == 0, 0, shared + 127)
    return code.astype(np.uint8).ravel(), scale.astype(np.uint8)


class Machine:
    """State, and one method per instruction; a method returns its cycles."""

    def __init__(self, profile: str = "SPEC", hbm: int = 1 << 22) -> None:
        self.profile = p = PROFILES[profile]
        self.gp, self.a = [0] * 16, [0] * 16
        self.f = np.zeros(8, p.scalar)
        self.fp_sram, self.int_sram = np.zeros(SRAM_WORDS, p.scalar), np.zeros(SRAM_WORDS, np.uint32)
        self.hbm = np.zeros(hbm, np.uint8)
        self.mram = np.zeros((p.tiles, LANES, LANES), np.float32)
        self.vram = np.zeros((p.rows, LANES), BF16)
        self.m_acc, self.v_acc = np.zeros((BLEN, BLEN), np.float32), np.zeros(BLEN, np.float32)
        self.hm_acc = np.zeros((HEADS, LANES, LANES), np.float32)
        self.hv_acc = np.zeros((HEADS, LANES), np.float32)
        self.scale, self.stride, self.v_mask = 0, 1, 0
        self.pc, self.cycles, self.instructions = 0, 0, 0
        self.loops: list[list[int]] = []
        self.counts: Counter[str] = Counter()

    def load(self, images: Mapping[tuple[str, int], list[float]]) -> None:
        """Places what ``.data`` directives say."""
        for (space, start), values in images.items():
            memory = getattr(self, space)
            memory[start : start + len(values)] = np.asarray(values, np.float64).astype(memory.dtype)

    def run(self, program: list[Instruction]) -> None:
        """From the first instruction until the program counter leaves the program. `PlenaFault` on a trap."""
        methods: dict[str, Callable[..., int]] = {name: getattr(self, name) for name in dir(self) if name[1:2] == "_"}
        with np.errstate(all="ignore"):
            while self.pc < len(program):
                at, instruction = self.pc, program[self.pc]
                self.pc += 1
                try:
                    self.cycles += methods[instruction.mnemonic](*instruction.operands)
                    for loop in self.loops:
                        loop[2] += 1
                        if loop[2] > self.profile.loop_limit:
                            raise PlenaFault("loop_limit")
                except PlenaFault as fault:
                    raise PlenaFault(fault.cause, at) from None
                self.instructions += 1
                self.counts[instruction.mnemonic] += 1

    # Addresses

    def row(self, address: int, count: int = 1) -> int:
        """Row number of a vector SRAM address."""
        if address % LANES:
            raise PlenaFault("vram_misaligned")
        if address // LANES + count > self.profile.rows:
            raise PlenaFault("vram_out_of_range")
        return address // LANES

    def rows(self, address: int, count: int) -> Array:
        """Rows of vector SRAM, widened."""
        first = self.row(address, count)
        return self.vram[first : first + count].astype(np.float32)

    def tile(self, address: int) -> Array:
        """The tile at an address."""
        if address % TILE:
            raise PlenaFault("mram_misaligned")
        if address // TILE >= self.profile.tiles:
            raise PlenaFault("mram_out_of_range")
        return self.mram[address // TILE]

    def write_lanes(self, address: int, values: Array, stride: int = 1) -> int:
        """Rows of four lanes, from a lane that is a multiple of four."""
        lane = address % LANES
        if lane % BLEN:
            raise PlenaFault("writeback_column")
        for i, line in enumerate(values):
            self.vram[self.row(address - lane + i * LANES * stride), lane : lane + BLEN] = line
        return 1

    # Matrix unit

    def column(self, address: int) -> tuple[Array, int]:
        """Tile and column of an M_MM operand."""
        offset = address % TILE
        if self.profile.row_granular:
            if offset % LANES:
                raise PlenaFault("matrix_offset")
            offset //= LANES
        if offset % BLEN or offset >= LANES:
            raise PlenaFault("matrix_offset")
        return self.tile(address - address % TILE), offset

    def M_MM(self, _: int, matrix: int, vector: int) -> int:
        tile, c = self.column(self.gp[matrix])
        self.m_acc += self.rows(self.gp[vector], BLEN) @ tile[:, c : c + BLEN]
        return 64

    def M_TMM(self, _: int, vector: int, matrix: int) -> int:
        address = self.gp[matrix]
        r, rest = divmod(address % TILE, LANES)
        if rest or r % BLEN:
            raise PlenaFault("matrix_offset")
        self.m_acc += self.rows(self.gp[vector], BLEN) @ self.tile(address - address % TILE)[r : r + BLEN].T
        return 64

    def M_MM_WO(self, rd: int, stride: int, immediate: int) -> int:
        self.write_lanes(self.gp[rd] + immediate, self.m_acc, self.gp[stride] if stride else 1)
        self.m_acc[:] = 0
        return 1

    def M_MV(self, _: int, matrix: int, vector: int) -> int:
        address = self.gp[matrix]
        c = address % TILE
        if c % BLEN or c >= LANES:
            raise PlenaFault("matrix_offset")
        self.v_acc += self.rows(self.gp[vector], 1)[0] @ self.tile(address - c)[:, c : c + BLEN]
        return 64

    def M_TMV(self, _: int, matrix: int, vector: int) -> int:
        self.v_acc += self.tile(self.gp[matrix])[:BLEN] @ self.rows(self.gp[vector], 1)[0]
        return 64

    def M_MV_WO(self, rd: int, immediate: int) -> int:
        self.write_lanes(self.gp[rd] + immediate, self.v_acc[None])
        self.v_acc[:] = 0
        return 1

    def head(self, address: int) -> tuple[Array, int]:
        """Tile and head offset of an M_B* operand."""
        offset = address % TILE
        if offset % HLEN or offset >= LANES:
            raise PlenaFault("head_offset")
        return self.tile(address - offset), offset

    def batched(self, matrix: int, vectors: Array, transposed: bool) -> Array:
        """Products of all heads: (heads, rows, lanes)."""
        tile, h = self.head(matrix)
        if transposed:
            operand, heads = tile[:, h : h + HLEN].T, vectors.reshape(-1, HEADS, HLEN).transpose(1, 0, 2)
        else:
            operand, heads = tile[h : h + HLEN], vectors.reshape(-1, HLEN, HEADS).transpose(2, 0, 1)
        product: Array = (heads @ operand) * np.float32(self.profile.head_scale)
        return product

    def M_BTMM(self, _: int, matrix: int, vector: int) -> int:
        self.hm_acc += self.batched(self.gp[matrix], self.rows(self.gp[vector], LANES), True)
        return 64

    def M_BMM(self, _: int, matrix: int, vector: int) -> int:
        self.hm_acc += self.batched(self.gp[matrix], self.rows(self.gp[vector], LANES), False)
        return 64

    def M_BTMV(self, rd: int, matrix: int, vector: int) -> int:
        self.hv_acc += self.batched(self.gp[matrix] + self.gp[rd], self.rows(self.gp[vector], 1), True)[:, 0]
        return 1

    def M_BMV(self, rd: int, matrix: int, vector: int) -> int:
        self.hv_acc += self.batched(self.gp[matrix] + self.gp[rd], self.rows(self.gp[vector], 1), False)[:, 0]
        return 1

    def M_BMM_WO(self, rd: int, immediate: int) -> int:
        first = self.row(self.gp[rd] + immediate, HEADS * LANES)
        self.vram[first : first + HEADS * LANES] = self.hm_acc.reshape(-1, LANES)
        self.hm_acc[:] = 0
        return 1

    def M_BMV_WO(self, rd: int, immediate: int) -> int:
        for b in range(HEADS):
            self.vram[self.row(self.gp[rd] + immediate + b * TILE // LANES)] = self.hv_acc[b]
        self.hv_acc[:] = 0
        return 1

    # Vector unit

    def vector(self, rd: int, source: int, mask: int, operation: Callable[[Array], Array]) -> None:
        """One row; with a mask, heads that it leaves out copy the source."""
        row = self.rows(self.gp[source], 1)[0]
        result = operation(row)
        if mask:
            result = np.where(np.repeat([self.v_mask >> h & 1 for h in range(HEADS)], HLEN), result, row)
        self.vram[self.row(self.gp[rd])] = result

    def V_ADD_VV(self, rd: int, a: int, b: int, mask: int) -> int:
        other = self.rows(self.gp[b], 1)[0]
        self.vector(rd, a, mask, lambda row: row + other)
        return 1

    def V_SUB_VV(self, rd: int, a: int, b: int, mask: int) -> int:
        other = self.rows(self.gp[b], 1)[0]
        self.vector(rd, a, mask, lambda row: row - other)
        return 1

    def V_MUL_VV(self, rd: int, a: int, b: int, mask: int) -> int:
        other = self.rows(self.gp[b], 1)[0]
        self.vector(rd, a, mask, lambda row: row * other)
        return 1

    def V_ADD_VF(self, rd: int, a: int, f: int, mask: int) -> int:
        self.vector(rd, a, mask, lambda row: row + np.float32(self.f[f]))
        return 1

    def V_SUB_VF(self, rd: int, a: int, f: int, mask: int, order: int) -> int:
        scalar = np.float32(self.f[f])
        self.vector(rd, a, mask, lambda row: scalar - row if order else row - scalar)
        return 1

    def V_MUL_VF(self, rd: int, a: int, f: int, mask: int) -> int:
        self.vector(rd, a, mask, lambda row: row * np.float32(self.f[f]))
        return 1

    def V_MAX_VF(self, rd: int, a: int, f: int, mask: int) -> int:
        scalar = np.float32(self.f[f])
        self.vector(rd, a, mask, lambda row: np.where(scalar > row, scalar, row))
        return 4

    def V_MIN_VF(self, rd: int, a: int, f: int, mask: int) -> int:
        scalar = np.float32(self.f[f])
        self.vector(rd, a, mask, lambda row: np.where(scalar < row, scalar, row))
        return 4

    def clamped(self, x: Array) -> Array:
        """The argument of an exponential as the profile takes it."""
        return np.clip(x, np.float32(-88), np.float32(88)) if self.profile.clamp_exp else x

    def V_EXP_V(self, rd: int, a: int, mask: int) -> int:
        self.vector(rd, a, mask, lambda row: np.exp(self.clamped(row)))
        return 1

    def V_RECI_V(self, rd: int, a: int, mask: int) -> int:
        self.vector(rd, a, mask, lambda row: np.float32(1) / row)
        return 2

    def V_RED_SUM(self, fd: int, a: int, _mask: int = 0) -> int:
        if fd == 0:
            return 0
        self.f[fd] = np.float32(self.f[fd]) + self.rows(self.gp[a], 1)[0].sum(dtype=np.float32)
        return 8

    def V_RED_MAX(self, fd: int, a: int, _mask: int = 0) -> int:
        if fd == 0:
            return 0
        self.f[fd] = max(np.float32(self.f[fd]), self.rows(self.gp[a], 1)[0].max())
        return 4

    def V_SHFT_V(self, rd: int, a: int, shift: int) -> int:
        row, k = self.rows(self.gp[a], 1)[0], min(self.gp[shift], LANES)
        self.vram[self.row(self.gp[rd])] = np.concatenate([np.zeros(k, np.float32), row[: LANES - k]])
        return 1

    def V_TOPK(self, rd: int, a: int, indices: int, policy: int) -> int:
        if policy > 1:
            raise PlenaFault("topk_policy")
        experts, count = ((32, 4), (128, 8))[policy]
        logits = self.rows(self.gp[a], -(-experts // LANES)).ravel()[:experts]
        logits = np.where(np.isnan(logits), -np.inf, logits)
        chosen = np.argsort(-logits, kind="stable")[:count]
        weights = np.exp(logits[chosen] - logits[chosen[0]])
        total = weights.sum(dtype=np.float32)
        weights = weights / total if np.isfinite(total) and total else np.zeros(count, np.float32)
        for i in range(count):
            self.fp_sram[self.word(rd, i)] = BF16.type(weights[i])
            self.int_sram[self.word(indices, i, "int_sram_range")] = chosen[i]
        return 4 * experts

    # Scalar unit

    def word(self, rs: int, immediate: int, cause: str = "fp_sram_range") -> int:
        """Index into FP or INT SRAM."""
        index = (self.gp[rs] + immediate) & 0xFFFFFFFF
        if index >= SRAM_WORDS:
            raise PlenaFault(cause)
        return index

    def scalar(self, fd: int, value: Any) -> int:
        """Sets a scalar register; writes to f0 are skipped and free."""
        if fd:
            self.f[fd] = value
        return 1 if fd else 0

    def S_ADD_FP(self, fd: int, a: int, b: int) -> int:
        return self.scalar(fd, np.float32(self.f[a]) + np.float32(self.f[b]))

    def S_SUB_FP(self, fd: int, a: int, b: int) -> int:
        return self.scalar(fd, np.float32(self.f[a]) - np.float32(self.f[b]))

    def S_MUL_FP(self, fd: int, a: int, b: int) -> int:
        return self.scalar(fd, np.float32(self.f[a]) * np.float32(self.f[b]))

    def S_MAX_FP(self, fd: int, a: int, b: int) -> int:
        return self.scalar(fd, max(np.float32(self.f[a]), np.float32(self.f[b])))

    def S_EXP_FP(self, fd: int, a: int) -> int:
        return self.scalar(fd, np.exp(self.clamped(np.float32(self.f[a]))))

    def S_RECI_FP(self, fd: int, a: int) -> int:
        return self.scalar(fd, np.float32(1) / np.float32(self.f[a]))

    def S_SQRT_FP(self, fd: int, a: int) -> int:
        return self.scalar(fd, np.sqrt(np.float32(self.f[a])))

    def S_LD_FP(self, fd: int, rs: int, immediate: int) -> int:
        self.f[fd] = self.fp_sram[self.word(rs, immediate)]
        return 1

    def S_ST_FP(self, fd: int, rs: int, immediate: int) -> int:
        self.fp_sram[self.word(rs, immediate)] = self.f[fd]
        return 1

    def S_MAP_V_FP(self, rd: int, rs: int, immediate: int) -> int:
        start = (self.gp[rs] + immediate) & 0xFFFFFFFF
        if start + LANES > SRAM_WORDS:
            raise PlenaFault("map_window")
        self.vram[self.row(self.gp[rd])] = self.fp_sram[start : start + LANES].astype(np.float32)
        return 128

    def integer(self, rd: int, value: int) -> int:
        """Sets an integer register; gp0 is always 0."""
        if rd:
            self.gp[rd] = value & 0xFFFFFFFF
        return 1

    def S_ADD_INT(self, rd: int, a: int, b: int) -> int:
        return self.integer(rd, self.gp[a] + self.gp[b])

    def S_ADDI_INT(self, rd: int, a: int, immediate: int) -> int:
        return self.integer(rd, self.gp[a] + immediate)

    def S_SUB_INT(self, rd: int, a: int, b: int) -> int:
        return self.integer(rd, self.gp[a] - self.gp[b])

    def S_MUL_INT(self, rd: int, a: int, b: int) -> int:
        return self.integer(rd, self.gp[a] * self.gp[b])

    def S_LUI_INT(self, rd: int, immediate: int) -> int:
        return self.integer(rd, immediate << 12)

    def S_LD_INT(self, rd: int, rs: int, immediate: int) -> int:
        return self.integer(rd, int(self.int_sram[self.word(rs, immediate, "int_sram_range")]))

    def S_ST_INT(self, rd: int, rs: int, immediate: int) -> int:
        self.int_sram[self.word(rs, immediate, "int_sram_range")] = self.gp[rd]
        return 1

    # Memory

    def addresses(self, offset: int, base: int, strided: int, i: int) -> tuple[int, int]:
        """Byte addresses of row i's elements and scales."""
        step = self.stride if strided == 1 else LANES
        start = self.a[base] + self.gp[offset]
        return start + i * step, self.a[base] + self.scale + self.gp[offset] // 8 + i * step // 8

    def fetch(self, offset: int, base: int, strided: int, i: int) -> tuple[Array, int]:
        """One row from HBM, and the 64-byte blocks it takes. Scales beyond a block's end are lost."""
        at, scale_at = self.addresses(offset, base, strided, i)
        scales = np.zeros(8, np.uint8)
        whole = min(8, 64 - scale_at % 64)
        scales[:whole] = self.bytes(scale_at, whole)
        return decode(self.bytes(at, LANES), scales), (at + LANES - 1) // 64 - at // 64 + 2

    def bytes(self, at: int, count: int) -> Array:
        """Bytes of HBM; zeros beyond what was ever loaded."""
        found = self.hbm[at : at + count]
        return np.concatenate([found, np.zeros(count - len(found), np.uint8)])

    def H_PREFETCH_M(self, rd: int, offset: int, base: int, strided: int, _precision: int) -> int:
        tile, blocks = self.tile(self.gp[rd]), 0
        for i in range(LANES):
            tile[i], used = self.fetch(offset, base, strided, i)
            blocks += used
        return 17 + math.ceil(22 * blocks / 25)

    def H_PREFETCH_V(self, rd: int, offset: int, base: int, strided: int, _precision: int) -> int:
        first, blocks = self.row(self.gp[rd]), 0
        for i in range(BLEN):
            row, used = self.fetch(offset, base, strided, i)
            blocks += used
            if first + i < self.profile.rows:
                self.vram[first + i] = row
        return 17 + math.ceil(22 * blocks / 25)

    def H_STORE_V(self, rd: int, offset: int, base: int, strided: int, _precision: int) -> int:
        for i, values in enumerate(self.rows(self.gp[rd], BLEN)):
            at, scale_at = self.addresses(offset, base, strided, i)
            if max(at + LANES, scale_at + 8) > len(self.hbm):
                raise PlenaFault("hbm_out_of_range")
            self.hbm[at : at + LANES], self.hbm[scale_at : scale_at + 8] = encode(values, self.profile.name == "SPEC")
        return 28 * BLEN

    # Control

    def C_SET_ADDR_REG(self, a: int, high: int, low: int) -> int:
        self.a[a] = self.gp[high] << 32 | self.gp[low]
        return 1

    def C_SET_SCALE_REG(self, rs: int) -> int:
        self.scale = self.gp[rs]
        return 1

    def C_SET_STRIDE_REG(self, rs: int) -> int:
        self.stride = self.gp[rs]
        return 1

    def C_SET_V_MASK_REG(self, rs: int) -> int:
        self.v_mask = self.gp[rs]
        return 1

    def C_LOOP_START(self, rd: int, count: int) -> int:
        if not count:
            raise PlenaFault("loop_count_zero")
        self.gp[rd] = count
        self.loops.append([rd, self.pc, 0])
        return 1

    def C_LOOP_END(self, rd: int) -> int:
        index = next((i for i in reversed(range(len(self.loops))) if self.loops[i][0] == rd), None)
        if index is None:
            raise PlenaFault("loop_end_without_start")
        if self.gp[rd] > 1:
            self.gp[rd] -= 1
            self.pc = self.loops[index][1]
            self.loops[index][2] = 0
        else:
            self.gp[rd] = 0
            del self.loops[index]
        return 1

    def C_BREAK(self) -> int:
        if not self.loops:
            raise PlenaFault("break_outside_loop")
        self.gp[self.loops.pop()[0]] = 0
        return 1


def main() -> None:
    """Runs a program and prints what it cost."""
    parser = argparse.ArgumentParser(description="Interprets a PLENA program with numpy.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--profile", choices=PROFILES, default="SPEC")
    options = parser.parse_args()
    machine = Machine(options.profile)
    program, images = parse(options.file.read_text())
    machine.load(images)
    machine.run(program)
    print(f"{machine.instructions} instructions, {machine.cycles} cycles")


if __name__ == "__main__":
    main()
