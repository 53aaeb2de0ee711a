"""Coral programs that end badly, for the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence

from backends.coral.layout import Layout
from harness.backend import Specimen

LAST = "    mpause\n"


def specimens(baseline: str, layout: Layout) -> Sequence[Specimen]:
    """One of each kind; ``baseline`` is right, and halts once, in a line of its own."""
    first = next(iter(layout.inputs.values()))
    changed = f"    la a0, {first.symbol}\n    lb a1, 0(a0)\n    xori a1, a1, 1\n    sb a1, 0(a0)\n"
    return (
        Specimen(name="idle", source=LAST, ends=("wrong",)),
        Specimen(name="changes an input", source=baseline.replace(LAST, changed + LAST), ends=("wrong",)),
        Specimen(name="endless", source="again:\n    j again\n", ends=("limit", "timeout")),
        Specimen(
            name="reads beyond memory", source=f"    li a0, -4\n    lw a1, 0(a0)\n{LAST}", ends=("fault",), cause="mem_load_fault"
        ),
        Specimen(name="writes its instructions", source=f"    sw x0, 0(x0)\n{LAST}", ends=("fault",), cause="mem_store_fault"),
        Specimen(name="no vector type", source=f"    vadd.vv v1, v2, v3\n{LAST}", ends=("fault",), cause="vtype_unset"),
        Specimen(name="runs off its end", source="    nop\n", ends=("fault",), cause="pc_out_of_range"),
        Specimen(name="no such instruction", source=f"    vfadd.vv v1, v2, v3\n{LAST}", ends=("build_error",)),
        Specimen(name="no such symbol", source=f"    la a0, nowhere\n{LAST}", ends=("build_error",)),
    )
