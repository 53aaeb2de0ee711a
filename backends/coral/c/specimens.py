"""C kernels for Coral that end badly, for the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence

from backends.coral.c.prelude import signature
from harness.backend import Specimen
from harness.task import Workload


def specimens(workload: Workload) -> Sequence[Specimen]:
    """One of each kind, with the signature of a workload."""

    def kernel(body: str) -> str:
        unused = "".join(f"    (void){name};\n" for name in (*workload.inputs, *workload.outputs))
        return f"{signature(workload)}\n{{\n{unused}    {body}\n}}\n"

    first = next(iter(workload.inputs))
    return (
        Specimen(name="idle", source=kernel("return;"), ends=("wrong",)),
        Specimen(
            name="changes an input", source=kernel(f"((volatile unsigned char *)(uintptr_t){first})[0] ^= 1;"), ends=("wrong",)
        ),
        Specimen(name="endless", source=kernel("for (volatile int i = 0;;) i = 1;"), ends=("limit", "timeout")),
        Specimen(
            name="reads beyond memory",
            source=kernel("(void)*(volatile int *)0xfffffffcu;"),
            ends=("fault",),
            cause="mem_load_fault",
        ),
        Specimen(
            name="writes its instructions", source=kernel("*(volatile int *)0 = 0;"), ends=("fault",), cause="mem_store_fault"
        ),
        Specimen(name="traps", source=kernel("__builtin_trap();"), ends=("fault",), cause="illegal_csr"),
        Specimen(name="no such function", source=kernel("no_such_function();"), ends=("build_error",)),
        Specimen(name="inline assembly", source=kernel('__asm__("nop");'), ends=("build_error",)),
        Specimen(name="another signature", source="void kernel(int a)\n{\n    (void)a;\n}\n", ends=("build_error",)),
    )
