"""C kernels that end badly, for the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence

from backends.cpu.prelude import signature
from harness.backend import Specimen
from harness.task import Workload


def specimens(workload: Workload) -> Sequence[Specimen]:
    """One of each kind, with the signature of a workload."""

    def kernel(body: str) -> str:
        return f"{signature(workload)}\n{{\n    {body}\n}}\n"

    first_input, first_output = next(iter(workload.inputs)), next(iter(workload.outputs))
    return (
        Specimen(name="idle", source=kernel("return;"), ends=("wrong",)),
        Specimen(
            name="changes an input",
            source=kernel(f"((volatile unsigned char *)(uintptr_t){first_input})[0] ^= 1;"),
            ends=("fault",),
            cause="segmentation",
        ),
        Specimen(
            name="endless",
            source=kernel(f"for (volatile unsigned char *out = (void *){first_output};;) out[0] = 1;"),
            ends=("limit", "timeout"),
        ),
        Specimen(
            name="writes far away",
            source=kernel(f"((volatile unsigned char *){first_output})[1l << 32] = 0;"),
            ends=("fault",),
            cause="segmentation",
        ),
        Specimen(name="traps", source=kernel("__builtin_trap();"), ends=("fault",), cause="illegal_instruction"),
        Specimen(name="divides by zero", source=kernel("volatile int zero = 0; zero = 1 / zero;"), ends=("fault", "wrong")),
        Specimen(name="no such function", source=kernel("no_such_function();"), ends=("build_error",)),
        Specimen(name="another signature", source="void kernel(int a)\n{\n    (void)a;\n}\n", ends=("build_error",)),
    )
