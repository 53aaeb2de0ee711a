"""PLENA programs that end badly, for the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence

from backends.plena.layout import Layout
from harness.backend import Specimen


def specimens(layout: Layout) -> Sequence[Specimen]:
    """One of each kind for the tensors of a layout."""
    first = next(iter(layout.inputs.values()))
    return (
        Specimen(name="idle", source="S_ADDI_INT gp1, gp0, 0\n", ends=("wrong",)),
        Specimen(name="changes an input", source=_overwritten(first.address), ends=("wrong",)),
        Specimen(name="endless", source=_loops(4_000_000), ends=("limit", "timeout")),
        Specimen(name="reads beyond memory", source="S_LD_FP f1, gp0, 1024\n", ends=("fault",), cause="fp_sram_out_of_range"),
        Specimen(
            name="misaligned",
            source="S_ADDI_INT gp1, gp0, 3\nV_ADD_VV gp1, gp1, gp1, 0\n",
            ends=("fault",),
            cause="vram_misaligned",
        ),
        Specimen(name="closes no loop", source="C_LOOP_END gp1\n", ends=("fault",), cause="loop_end_without_start"),
        Specimen(name="no such instruction", source="V_SQRT_V gp1, gp1, 0\n", ends=("build_error",)),
    )


def _loops(times: int) -> str:
    return f"C_LOOP_START gp1, {times}\nS_ADDI_INT gp2, gp0, 0\nC_LOOP_END gp1\n"


def _overwritten(address: int) -> str:
    """Stores four rows of zeros from vector SRAM over the start of an input."""
    return f"""\
S_ADDI_INT gp15, gp0, {address}
C_SET_ADDR_REG a1, gp0, gp15
S_ADDI_INT gp15, gp0, 4096
C_SET_SCALE_REG gp15
S_ADDI_INT gp15, gp0, 64
C_SET_STRIDE_REG gp15
S_ADDI_INT gp1, gp0, 0
S_ADDI_INT gp2, gp0, 0
H_STORE_V gp1, gp2, a1, 1, 0
"""
