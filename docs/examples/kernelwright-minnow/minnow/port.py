"""Minnow's calling convention, its baselines, and programs that end badly for the conformance kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.isa.architecture import Architecture
from backends.isa.engine import Image
from backends.isa.port import Read
from harness.backend import Specimen
from harness.task import Formats, Tensors, Workload, f32

BODIES: Mapping[str, str] = {
    "difference": "VSUB x3, x1, x2",
    "distance": "VSUB x3, x1, x2\n    VSUB x5, x2, x1\n    VMAX x3, x3, x5",
}
"""What is done to each strip, by task: inputs at x1 and x2, the output at x3, one strip of scratch at x5."""


class MinnowPort:
    """Tensors of f32, one behind the other in memory."""

    title = "Minnow, an example of a package"
    extension = "s"
    formats = Formats(storage=f32, accumulate=f32)

    def __init__(self, architecture: Architecture) -> None:
        self._lanes = int(architecture.values["LANES"])
        self._words = architecture.memories["mem"].size

    def support(self, workload: Workload) -> str | None:
        """None, or why no kernel can serve the workload."""
        if workload.task.name not in BODIES:
            return f"there is no baseline for {workload.task.name}"
        if workload.p.N % self._lanes:
            return f"N = {workload.p.N} is not a multiple of {self._lanes}, and there is no way to work on fewer lanes"
        if 3 * workload.p.N + self._lanes > self._words:
            return f"memory has {self._words} words"
        return None

    def brief(self, workload: Workload) -> tuple[str, str]:
        """Where each tensor is, and the convention."""
        lines = [f"; {name}[{workload.p.N}]: mem {at}" for name, at in self._addresses(workload).items()]
        return "\n".join(lines), "Tensors lie in `mem`, one word an element. Words behind them are 0 and the kernel's own."

    def images(self, workload: Workload, inputs: Tensors) -> Sequence[Image]:
        """Every input at its address."""
        return [Image("mem", self._addresses(workload)[name], values) for name, values in inputs.items()]

    def outputs(self, workload: Workload, read: Read) -> Tensors:
        """The outputs from memory."""
        at = self._addresses(workload)
        return {name: read("mem", at[name], workload.p.N) for name in workload.outputs}

    def stored(self, workload: Workload, inputs: Tensors) -> Tensors:
        """The inputs themselves: f32 is what they are."""
        return inputs

    def baseline(self, workload: Workload) -> str:
        """A loop over strips."""
        first, second, output = self._addresses(workload).values()
        return f"""\
    ADDI x1, x0, {first}
    ADDI x2, x0, {second}
    ADDI x3, x0, {output}
    ADDI x5, x0, {3 * workload.p.N}
    ADDI x4, x0, {workload.p.N // self._lanes}
strip:
    {BODIES[workload.task.name]}
    ADDI x1, x1, {self._lanes}
    ADDI x2, x2, {self._lanes}
    ADDI x3, x3, {self._lanes}
    ADDI x4, x4, -1
    BNE x4, x0, strip
"""

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """One of each kind."""
        return (
            Specimen(name="idle", source="    ADDI x1, x0, 1\n", ends=("wrong",)),
            Specimen(name="changes an input", source=f"{self.baseline(workload)}    VMAX x0, x5, x5\n", ends=("wrong",)),
            Specimen(name="endless", source="again:\n    ADDI x1, x0, 1\n    BNE x1, x0, again\n", ends=("limit", "timeout")),
            Specimen(
                name="misaligned", source="    ADDI x1, x0, 4\n    VSUB x1, x1, x1\n", ends=("fault",), cause="mem_misaligned"
            ),
            Specimen(name="no such instruction", source="    VSQRT x1, x1\n", ends=("build_error",)),
        )

    def _addresses(self, workload: Workload) -> dict[str, int]:
        return {name: i * workload.p.N for i, name in enumerate([*workload.inputs, *workload.outputs])}
