"""Tiny programs that end badly, for the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence

from harness.backend import Specimen

LAST = "    HALT\n"


def specimens(baseline: str) -> Sequence[Specimen]:
    """One of each kind; ``baseline`` is right and ends with a halt."""
    before, _, _ = baseline.rpartition(LAST)
    return (
        Specimen(name="idle", source=LAST, ends=("wrong",)),
        Specimen(name="changes an input", source=f"{before}    FSW f0, x0, 0\n{LAST}", ends=("wrong",)),
        Specimen(name="endless", source=f"    ADDI x1, x0, 1\nagain:\n    BNE x1, x0, again\n{LAST}", ends=("limit", "timeout")),
        Specimen(
            name="reads beyond memory",
            source=f"    ADDI x1, x0, -1\n    FLW f1, x1, 0\n{LAST}",
            ends=("fault",),
            cause="mem_out_of_range",
        ),
        Specimen(name="runs off its end", source="    ADDI x1, x0, 1\n", ends=("fault",), cause="pc_out_of_range"),
        Specimen(name="no such instruction", source=f"    VSQRT x1, x2\n{LAST}", ends=("build_error",)),
        Specimen(name="no such register", source=f"    ADDI x16, x0, 1\n{LAST}", ends=("build_error",)),
    )
