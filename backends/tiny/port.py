"""Tiny's calling convention: every tensor lies in the one data memory, row-major, one word an element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backends.isa.architecture import Architecture
from backends.isa.engine import Image
from backends.isa.port import Read
from backends.tiny import baselines
from backends.tiny.specimens import specimens
from harness.backend import Specimen
from harness.task import Formats, Tensor, Tensors, Workload, f32

SCRATCH_WORDS = 1 << 18
"""Words that a kernel must have left beside its tensors."""
CONVENTION = """\
The kernel is the whole program: it starts at the first instruction and ends with the halt instruction. All registers are 0 when
it starts.

**Tensors** lie in `mem`, row-major and without padding, one f32 word an element: element (i, j) of a tensor of n columns is at
its address + i * n + j. Addresses count words. Inputs must not be changed. Outputs hold noise at the start.

**Scratch**: every word from the scratch address to the end of `mem` is the kernel's own, and 0 at the start. Place constants
there with `.data mem, ADDRESS` and `.float 1.0, 0.5`, then `.text` before the instructions."""


@dataclass(frozen=True)
class Layout:
    """Where the tensors of a workload lie."""

    inputs: Mapping[str, int]
    """Addresses by name, in signature order, from 0 on."""
    outputs: Mapping[str, int]
    """Addresses behind those of the inputs."""
    scratch: int
    """The first word behind all tensors."""

    @staticmethod
    def of(workload: Workload) -> Layout:
        """The layout of a workload: its tensors one behind the other."""
        at = 0
        inputs: dict[str, int] = {}
        outputs: dict[str, int] = {}
        for tensors, places in ((workload.inputs, inputs), (workload.outputs, outputs)):
            for name, tensor in tensors.items():
                places[name] = at
                at += tensor.size
        return Layout(inputs, outputs, at)


class TinyPort:
    """Tensors of f32 in data memory."""

    title = "Tiny: a vector machine of one page, to learn the toolkit with"
    extension = "s"
    formats = Formats(storage=f32, accumulate=f32)

    def __init__(self, architecture: Architecture) -> None:
        self._words = architecture.memories["mem"].size
        lanes = architecture.values["LANES"]
        assert isinstance(lanes, int)
        self._lanes = lanes

    def support(self, workload: Workload) -> str | None:
        """None, or why data memory cannot hold the workload."""
        others = [t for t in (*workload.inputs.values(), *workload.outputs.values()) if t.dtype != f32]
        if others:
            return f"{others[0].name} is {others[0].dtype.name}: data memory holds only f32, and lanes are f32"
        if not baselines.known(workload):
            return f"there are baselines for the core suite only, not for {workload.task.id} {workload.task.name}"
        words = Layout.of(workload).scratch
        if words > self._words - SCRATCH_WORDS:
            return f"its tensors take {words} of {self._words} words of data memory; a kernel needs {SCRATCH_WORDS} for itself"
        return None

    def brief(self, workload: Workload) -> tuple[str, str]:
        """The list of tensors with their addresses, and the convention."""
        layout = Layout.of(workload)
        lines = [f"; in   {_line(workload.inputs[name], at)}" for name, at in layout.inputs.items()]
        lines += [f"; out  {_line(workload.outputs[name], at)}" for name, at in layout.outputs.items()]
        return "\n".join([*lines, f"; mem from {layout.scratch} on is scratch"]), CONVENTION

    def images(self, workload: Workload, inputs: Tensors) -> Sequence[Image]:
        """Every input at its address."""
        layout = Layout.of(workload)
        return [Image("mem", at, np.ascontiguousarray(inputs[name]).reshape(-1)) for name, at in layout.inputs.items()]

    def outputs(self, workload: Workload, read: Read) -> Tensors:
        """The outputs from data memory."""
        found = {}
        for name, at in Layout.of(workload).outputs.items():
            tensor = workload.outputs[name]
            found[name] = read("mem", at, tensor.size).reshape(tensor.shape)
        return found

    def baseline(self, workload: Workload) -> str:
        """The template compiler's kernel."""
        layout = Layout.of(workload)
        return baselines.render(workload, {**layout.inputs, **layout.outputs}, layout.scratch, self._lanes)

    def stored(self, workload: Workload, inputs: Tensors) -> Tensors:
        """The inputs themselves: f32 is what they are."""
        return inputs

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """Programs that end badly."""
        return specimens(self.baseline(workload))


def _line(tensor: Tensor, address: int) -> str:
    return f"{tensor.name}[{', '.join(map(str, tensor.shape))}]: mem {address}"
