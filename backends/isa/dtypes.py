"""Element types: how a memory stores a value, and what an instruction body computes with.

A *storage type* (`DType`) is what a memory or register file holds. Reading an element converts it to the storage type's
*compute type* (``i32 u32 i64 u64 f32``), writing one converts it back: integers wrap, floats round to nearest even. All
arithmetic of bodies is in compute types; `bool` is the type of conditions, and `int` that of literals, parameters and loop
variables, whose range is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

ValueType = Literal["int", "i32", "u32", "i64", "u64", "f32", "bool"]
"""Types of expressions in instruction bodies."""
Kind = Literal["signed", "unsigned", "float", "scale"]


@dataclass(frozen=True)
class DType:
    """A storage type."""

    name: str
    """Name in definitions, manuals and commands: ``bf16``."""
    bits: int
    """Bits of one element; 4-bit elements lie two to a byte, the even one in the low half."""
    kind: Kind
    """``scale`` is a power of two without a sign (E8M0)."""
    compute: ValueType
    """Type of a value read from it."""
    numpy: np.dtype[Any]
    """numpy's type of the values; one array item per element, also for 4-bit types."""

    @property
    def bytes(self) -> int:
        """Bytes of one element in an array of storage units (4-bit types: one byte per element)."""
        return self.numpy.itemsize

    @property
    def is_float(self) -> bool:
        """Whether values are read as f32."""
        return self.kind in ("float", "scale")

    @property
    def range(self) -> tuple[int, int]:
        """Least and greatest value of an integer type."""
        low = -(1 << self.bits - 1) if self.kind == "signed" else 0
        return low, low + (1 << self.bits) - 1

    def __repr__(self) -> str:
        return self.name


i8 = DType("i8", 8, "signed", "i32", np.dtype(np.int8))
u8 = DType("u8", 8, "unsigned", "u32", np.dtype(np.uint8))
i16 = DType("i16", 16, "signed", "i32", np.dtype(np.int16))
u16 = DType("u16", 16, "unsigned", "u32", np.dtype(np.uint16))
i32 = DType("i32", 32, "signed", "i32", np.dtype(np.int32))
u32 = DType("u32", 32, "unsigned", "u32", np.dtype(np.uint32))
i64 = DType("i64", 64, "signed", "i64", np.dtype(np.int64))
u64 = DType("u64", 64, "unsigned", "u64", np.dtype(np.uint64))
f32 = DType("f32", 32, "float", "f32", np.dtype(np.float32))
fp16 = DType("fp16", 16, "float", "f32", np.dtype(np.float16))
bf16 = DType("bf16", 16, "float", "f32", np.dtype(ml_dtypes.bfloat16))
e4m3 = DType("e4m3", 8, "float", "f32", np.dtype(ml_dtypes.float8_e4m3fn))
e5m2 = DType("e5m2", 8, "float", "f32", np.dtype(ml_dtypes.float8_e5m2))
e2m1 = DType("e2m1", 4, "float", "f32", np.dtype(ml_dtypes.float4_e2m1fn))
e8m0 = DType("e8m0", 8, "scale", "f32", np.dtype(ml_dtypes.float8_e8m0fnu))

DTYPES = {d.name: d for d in (i8, u8, i16, u16, i32, u32, i64, u64, f32, fp16, bf16, e4m3, e5m2, e2m1, e8m0)}
"""Every storage type by name."""


@dataclass(frozen=True)
class MX:
    """A block-scaled type (OCP Microscaling): ``block`` elements share one E8M0 scale that is stored elsewhere.

    Only windows have it: ``In(hbm, 64, dtype=MX(e4m3, 32), at=elements, scales=scale_bytes)``.
    """

    element: DType
    block: int

    @property
    def name(self) -> str:
        """``mx(e4m3, 32)``."""
        return f"mx({self.element.name}, {self.block})"


Storage = DType | MX
Elements = NDArray[Any]
"""An array of storage elements, of the numpy type that `DType.numpy` names."""
