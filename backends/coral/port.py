"""Coral's calling convention: tensors are symbols of the program, in data memory or in external memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backends.coral import baselines, brief
from backends.coral.bound import bound
from backends.coral.layout import Layout, Memory
from backends.coral.specimens import specimens
from backends.isa.architecture import Architecture
from backends.isa.dialect import Link
from backends.isa.engine import Image
from backends.isa.port import Read
from harness.backend import Bound, Specimen
from harness.task import Formats, Tensors, Workload, f32, i8, i16, i32, u8, u32

TYPES = (f32, i32, u32, i16, i8, u8)
"""What memory can hold as it is. There is arithmetic for floats of 32 bits in scalar registers, and for integers of 8, 16 and 32
bits in vectors."""
STACK_POINTER = 2
"""Its number among the x registers."""


class CoralPort:
    """Tensors in their own types, wherever they fit."""

    title = "Coral NPU class of core: RISC-V with floats and integer vectors"
    extension = "S"
    formats = Formats(storage=f32, accumulate=f32)

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self._memory = Memory.of(architecture)

    def support(self, workload: Workload) -> str | None:
        """None, or why memory cannot hold the workload."""
        others = [t for t in (*workload.inputs.values(), *workload.outputs.values()) if t.dtype not in TYPES]
        if others:
            return f"{others[0].name} is {others[0].dtype.name}: the core has {', '.join(t.name for t in TYPES)}"
        if not baselines.known(workload):
            return f"there is no baseline for {workload.task.id} {workload.task.name} in {workload.dtype.name}"
        try:
            self.layout(workload)
        except ValueError as error:
            return str(error)
        return None

    def layout(self, workload: Workload) -> Layout:
        """Where the tensors of a workload lie. ValueError if there is no room."""
        return Layout.of(workload, self._memory)

    def link(self, workload: Workload) -> Link:
        """A symbol for each tensor and for the ends of the free memory, where the kernel's own data begins."""
        return self.layout(workload).link

    def brief(self, workload: Workload) -> tuple[str, str]:
        """The list of tensors, and the convention."""
        return brief.signature(self.layout(workload)), brief.CONVENTION

    def images(self, workload: Workload, inputs: Tensors) -> Sequence[Image]:
        """Every input at its address, and the stack pointer."""
        layout = self.layout(workload)
        images = [Image("x", STACK_POINTER, np.array([layout.scratch.stop], np.uint32))]
        for name, place in layout.inputs.items():
            images.append(Image("mem", place.address, np.ascontiguousarray(inputs[name]).reshape(-1).view(np.uint8)))
        return images

    def outputs(self, workload: Workload, read: Read) -> Tensors:
        """The outputs from memory."""
        found = {}
        for name, place in self.layout(workload).outputs.items():
            tensor = place.tensor
            found[name] = read("mem", place.address, tensor.bytes).view(tensor.dtype.numpy).reshape(tensor.shape)
        return found

    def bound(self, workload: Workload) -> Bound:
        """Speed of light."""
        return bound(workload, self._architecture)

    def baseline(self, workload: Workload) -> str:
        """The template compiler's kernel."""
        return baselines.render(workload)

    def stored(self, workload: Workload, inputs: Tensors) -> Tensors:
        """The inputs themselves: every type is held as it is."""
        return inputs

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """Programs that end badly."""
        return specimens(self.baseline(workload), self.layout(workload))
