"""How large a kernel may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DesignLimits:
    """Bounds on one elaborated design, so that it fits the device that area and clock are measured on (an ECP5 with 84k LUTs, 156
    multipliers and 208 memory blocks), and so that simulators can carry it."""

    cells: int = 20_000
    """Word-level cells (operators, multiplexers, registers, memories) after flattening."""
    flip_flops: int = 32_768
    """Bits in registers."""
    memory_bits: int = 1 << 20
    """Bits in memories (arrays)."""
    multipliers: int = 128
    """18 x 18 bit multipliers: a product of a and b bits takes ceil(a/18) * ceil(b/18); one by a power of two takes none."""


LIMITS = DesignLimits()
"""What every kernel is held to."""
