"""The header that is included before every kernel: its prototype, the sizes as macros, the intrinsics, and what is refused."""

from __future__ import annotations

from backends.cpu.prelude import ASSEMBLY, C_TYPES, OPTIONS, macros, signature
from harness.task import Workload

__all__ = ["C_TYPES", "macros", "prelude", "signature"]

HEADERS = ("math.h", "riscv_vector.h", "stddef.h", "stdint.h", "string.h")
"""What every kernel has included."""


def prelude(workload: Workload) -> str:
    """The text of ``kernel.h`` for a workload."""
    tensors = {*workload.inputs, *workload.outputs}
    words = [word for word in (*ASSEMBLY, *OPTIONS) if word not in tensors]
    return "\n".join(
        [f"#include <{name}>" for name in HEADERS]
        + ['#define EXTMEM __attribute__((section(".extmem")))']
        + [f"#define {name} {value}" for name, value in macros(workload).items()]
        + [f"{signature(workload)};", f"#pragma GCC poison {' '.join(words)}", ""]
    )
