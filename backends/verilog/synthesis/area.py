"""One number for the size of a design, in LUT4 equivalents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CARRY_LUTS = 2
"""LUT4s in the place of one CCU2C (two bits of a carry chain)."""
FLIP_FLOP_LUTS = 0.5
"""A slice of an ECP5 has as many flip-flops as LUTs, and most are there to be used."""
MULTIPLIER_LUTS = 183
"""LUTs of an 8x8 multiplier without a DSP block: measured on a 4x4 array of them, 4327 against 1401 LUT4."""
BLOCK_BITS = 18 * 1024
"""Bits of a block memory (DP16KD)."""
LUT_BITS = 16
"""Memory bits in the place of one LUT4."""
LUT_RAM_LUTS = 4
"""LUT4s in the place of a 16x4 distributed memory (TRELLIS_DPR16X4): 64 bits."""


@dataclass(frozen=True)
class Resources:
    """What a design occupies."""

    luts: int
    """LUT4s, those that serve as memory included."""
    carry: int
    """CCU2C: two bits of an adder each."""
    ffs: int
    """Flip-flops."""
    dsps: int
    """18x18 multipliers."""
    brams: int
    """Block memories of 18 kbit."""

    @property
    def area(self) -> float:
        """LUT4 + 2 CCU2C + FF/2 + 183 DSP + BRAM bits/16."""
        return (
            self.luts
            + CARRY_LUTS * self.carry
            + FLIP_FLOP_LUTS * self.ffs
            + MULTIPLIER_LUTS * self.dsps
            + self.brams * BLOCK_BITS / LUT_BITS
        )


def of_ecp5(kinds: Mapping[str, int]) -> Resources:
    """Resources of a netlist that ``synth_ecp5`` made, from its cells by type."""
    return Resources(
        luts=kinds.get("LUT4", 0) + LUT_RAM_LUTS * kinds.get("TRELLIS_DPR16X4", 0),
        carry=kinds.get("CCU2C", 0),
        ffs=kinds.get("TRELLIS_FF", 0),
        dsps=kinds.get("MULT18X18D", 0),
        brams=kinds.get("DP16KD", 0) + kinds.get("PDPW16KD", 0),
    )
