"""What a prompt says about calling a kernel."""

from __future__ import annotations

from backends.plena.layout import EYE, ONES, Input, Layout, Output
from harness.task import Workload

CONVENTION = f"""\
The kernel is the whole program: it starts at the first instruction and ends behind the last one. The profile is SPEC. All
registers and memories have their reset values when it starts, except HBM, where the inputs are, and the outputs, which hold
noise.

**Inputs** lie in HBM as MXFP8. Each is a matrix, row-major, zero-padded to whole 64 x 64 tiles, with all its elements first and
all its scales behind them: put the element address into an address register, the *scale offset* into the scale register and the
number of columns (the bytes from one row to the next) into the stride register. Inputs must not be changed. The reference
computes with the values as stored, so their rounding is no error.

**Constants** lie in HBM too: at {EYE}, a matrix of 192 rows and 64 columns (scale offset 12288) whose rows 64 to 127 are the
identity and whose other rows are zero, so that row 64 + k is the unit vector of lane k; at {ONES}, a 64 x 64 matrix of ones
(scale offset 4096).

**Outputs** must be left in vector SRAM as bf16, cut into blocks of 64 columns: element (r, c) of a matrix whose rows are padded
to R is at address `base + c // 64 * R * 64 + r * 64 + c % 64`. Padding may hold anything.

HBM from the scratch address on, FP SRAM, INT SRAM, matrix SRAM and the rest of vector SRAM are the kernel's own. Place scalar
constants with `.data fp_sram, 0` and `.float 1.0, 0.5`, then `.text` before the instructions; they become IEEE half."""


def signature(workload: Workload) -> str:
    """One line per tensor."""
    layout = Layout.of(workload)
    lines = [f"; in   {_input(place)}" for place in layout.inputs.values()]
    lines += [f"; out  {_output(place)}" for place in layout.outputs.values()]
    return "\n".join([*lines, f"; hbm from {layout.scratch} on is scratch"])


def text(workload: Workload) -> str:
    """The convention, and how each tensor is laid out."""
    layout = Layout.of(workload)
    places: list[Input | Output] = [*layout.inputs.values(), *layout.outputs.values()]
    rules = "\n".join(f"- `{place.tensor.name}`: {place.placement.text}." for place in places)
    return f"{CONVENTION}\n\nLayout of the tensors:\n\n{rules}"


def _shape(place: Input | Output) -> str:
    return f"{place.tensor.name}[{', '.join(map(str, place.tensor.shape))}]"


def _input(place: Input) -> str:
    return f"{_shape(place)}: hbm {place.address}, {place.rows} x {place.columns}, scale offset {place.scale}"


def _output(place: Output) -> str:
    return f"{_shape(place)}: vram {place.address}, {place.rows} x {place.placement.columns}"
