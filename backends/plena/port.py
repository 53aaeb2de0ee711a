"""PLENA's calling convention: where a kernel finds its inputs, and where it leaves its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from backends.isa.architecture import Architecture
from backends.isa.engine import Image
from backends.isa.port import Read
from backends.plena import baselines, brief
from backends.plena.layout import SCRATCH_ROWS, VRAM_ROWS, Layout, constants
from backends.plena.specimens import specimens
from harness.backend import Specimen
from harness.errors import UsageError
from harness.task import Formats, Tensors, Workload, bf16, f32

FORMATS = Formats(storage=bf16, accumulate=f32, unary_roundoffs=2.0**13, slack=1.125)
"""Every value that leaves an accumulator is bf16, and sums are kept in f32, so that a product may not lose its last term.
Reciprocals, roots and exponentials that do not end a step are at best half numbers: one rounding of half, 2**13 of f32's. The
slack is small because bf16 roundings are large: a kernel that makes one where the reference has a step stays under 1, and at
1.125 every kernel that leaves a named step out is still refused."""


PROFILE = "SPEC"
"""Profile of machine.toml that tasks use."""


class PlenaPort:
    """Tensors in HBM, outputs in vector SRAM, for the profile SPEC."""

    title = "PLENA: matrix, vector and scalar units with block-scaled HBM"
    extension = "s"
    formats = FORMATS

    def support(self, workload: Workload) -> str | None:
        """None, or why vector SRAM or HBM cannot hold the workload."""
        exact = [t for t in (*workload.inputs.values(), *workload.outputs.values()) if not t.dtype.is_float]
        if exact:
            return f"{exact[0].name} is {exact[0].dtype.name}: HBM holds only MXFP8 numbers and vector SRAM only bf16"
        if not baselines.known(workload):
            return f"the calling convention covers the core suite only, not {workload.task.id} {workload.task.name}"
        rows = Layout.of(workload).output_rows
        if rows > VRAM_ROWS - SCRATCH_ROWS:
            return f"its outputs take {rows} of {VRAM_ROWS} rows of vector SRAM; a kernel needs {SCRATCH_ROWS} for itself"
        return None

    def brief(self, workload: Workload) -> tuple[str, str]:
        """The list of tensors with their addresses, and the convention."""
        return brief.signature(workload), brief.text(workload)

    def images(self, workload: Workload, inputs: Tensors) -> Sequence[Image]:
        """HBM: the constants, then every input with its scales."""
        layout = Layout.of(workload)
        found = [Image("hbm", 0, _constants())]
        for name, place in layout.inputs.items():
            found.append(Image("hbm", place.address, np.concatenate(place.encoded(inputs[name]))))
        return found

    def outputs(self, workload: Workload, read: Read) -> Tensors:
        """The outputs from vector SRAM."""
        places = Layout.of(workload).outputs
        return {name: place.read(read("vram", place.address, place.size)) for name, place in places.items()}

    def baseline(self, workload: Workload) -> str:
        """The template compiler's kernel."""
        return baselines.render(workload)

    def stored(self, workload: Workload, inputs: Tensors) -> Tensors:
        """The inputs after their way through MXFP8."""
        return {name: place.stored(inputs[name]) for name, place in Layout.of(workload).inputs.items()}

    def moved(self, workload: Workload) -> dict[str, int]:
        """Elements that must be fetched: every input once, while outputs stay in vector SRAM."""
        return {"load": sum(tensor.size for tensor in workload.inputs.values())}

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """Programs that end badly."""
        return specimens(Layout.of(workload))


def port(architecture: Architecture) -> PlenaPort:
    """The port of an architecture of PLENA. UsageError for another profile than SPEC: kernels for one do not run on another."""
    if architecture.machine.profile != PROFILE:
        message = f"profile={architecture.machine.profile}: the calling convention and the baselines are those of {PROFILE}"
        raise UsageError(message, "leave it out; `kernelwright isa run plena` runs programs of either profile")
    return PlenaPort()


@lru_cache(maxsize=1)
def _constants() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return constants()
