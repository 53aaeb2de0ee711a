"""Coral: Google's Coral NPU class of core, RV32IMF with Zbb, Zicsr, Zifencei and integer vectors (Zve32x, VLEN 128).

Read `state` first, then `integer`, `floating` (arithmetic in `softfloat`) and `system`. Of the vectors, read
`vector_state`, which all others share, then `vector_config`, `vector_arithmetic` (numbers in `vector_numbers`),
`vector_masks`, `vector_permute` and `vector_memory`.
"""

from isa_specs.coral import (
    floating,
    integer,
    system,
    vector_arithmetic,
    vector_config,
    vector_masks,
    vector_memory,
    vector_permute,
)  # fmt: skip
from isa_specs.coral.state import isa

__all__ = [
    "floating", "integer", "isa", "system", "vector_arithmetic", "vector_config", "vector_masks", "vector_memory",
    "vector_permute",
]  # fmt: skip
