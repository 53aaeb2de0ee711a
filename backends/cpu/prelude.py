"""The header that is included before every kernel: its prototype, the sizes as macros, and what the language leaves out."""

from __future__ import annotations

from collections.abc import Mapping

from harness.task import Tensor, Workload

C_TYPES: Mapping[str, str] = {
    "f32": "float", "i8": "int8_t", "u8": "uint8_t", "i16": "int16_t", "i32": "int32_t", "u32": "uint32_t",
}  # fmt: skip
"""The C type of each element type that C can express."""
INTRINSICS = ("immintrin.h", "x86intrin.h", "arm_neon.h")
"""Vector headers; they hold inline assembly themselves, so the prelude includes them before it forbids that."""
ASSEMBLY = ("asm", "__asm", "__asm__", "section", "__section__", "symver", "__symver__")
"""Words that put text before the assembler."""
OPTIONS = ("optimize", "__optimize__", "target", "__target__", "target_clones", "__target_clones__")
"""Words that change the compiler's options for a part of the text."""
MAX_ARGUMENTS = 24
"""Parameters that the runner can pass (`call.h`)."""


def macros(workload: Workload) -> dict[str, int]:
    """The sizes that a kernel sees: every symbol of the task, in upper case."""
    return {name.upper(): value for name, value in workload.p.items()}


def signature(workload: Workload) -> str:
    """``void kernel(const float *restrict x, float *restrict y)``."""

    def parameter(tensor: Tensor, qualifier: str) -> str:
        return f"{qualifier}{C_TYPES[tensor.dtype.name]} *restrict {tensor.name}"

    inputs = [parameter(tensor, "const ") for tensor in workload.inputs.values()]
    return f"void kernel({', '.join(inputs + [parameter(tensor, '') for tensor in workload.outputs.values()])})"


def prelude(workload: Workload, source: str) -> str:
    """The text of ``kernel.h`` for a workload; ``source`` only decides which vector header comes first."""
    headers = ["math.h", "stddef.h", "stdint.h", *(name for name in INTRINSICS if name in source)]
    words = [word for word in ASSEMBLY + OPTIONS if word not in {*workload.inputs, *workload.outputs}]
    return "\n".join(
        [f"#include <{name}>" for name in headers]
        + [f"#define {name} {value}" for name, value in macros(workload).items()]
        + [f'__attribute__((visibility("default"))) {signature(workload)};', f"#pragma GCC poison {' '.join(words)}", ""]
    )
