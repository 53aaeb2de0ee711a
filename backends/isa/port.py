"""What a target adds to an architecture to become a backend: where tensors lie, and the kernels to beat.

An instruction set says what instructions do; it does not say in which memory a softmax finds its rows. A `Port` does: for each
workload it lays the inputs out as memory images, finds the outputs again, tells the author of a kernel about it, and has a
baseline. `backends.isa.backend.IsaBackend` does everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from backends.isa.architecture import Architecture
from backends.isa.dialect import Link
from backends.isa.dtypes import Elements
from backends.isa.engine import Image
from harness.backend import BackendInfo, Bound, Build, Specimen
from harness.task import Formats, Tensors, Workload

Read = Callable[[str, int, int], Elements]
"""``read(space, start, count)``: elements of a memory or register file after a run, in the numpy type of its storage type."""


class Port(Protocol):
    """How kernels of one architecture are called. Its methods are pure functions of their arguments, and `backends.isa.guard`
    checks what they return."""

    @property
    def title(self) -> str:
        """One line for people, as in ``backends list``."""

    @property
    def extension(self) -> str:
        """File extension of a kernel, without the dot."""

    @property
    def formats(self) -> Formats:
        """The arithmetic that tolerances are expressed in."""

    def support(self, workload: Workload) -> str | None:
        """None, or why no kernel can serve the workload: a property of the target."""

    def brief(self, workload: Workload) -> tuple[str, str]:
        """Declaration of the entry point (such as the list of tensors with addresses), and Markdown: the calling convention."""

    def images(self, workload: Workload, inputs: Tensors) -> Sequence[Image]:
        """Everything that is in memory when a kernel starts: inputs, scales, constants. A kernel must leave it as it is."""

    def outputs(self, workload: Workload, read: Read) -> Tensors:
        """The outputs, in the types and shapes that the workload declares, from memory after a run. What it reads depends on the
        workload alone: those regions are filled with noise before each run, so that what a kernel does not write is never
        right by chance. In memory they overlap neither each other nor an image; registers may be shared."""

    def baseline(self, workload: Workload) -> str:
        """The kernel that speed is measured against."""

    def stored(self, workload: Workload, inputs: Tensors) -> Tensors:
        """The inputs as the device stores them, in the workload's types and shapes; ``inputs`` itself where nothing is lost."""


@runtime_checkable
class Moves(Protocol):
    """For ports whose tensors pass through a transfer unit: its peak enters the bound."""

    def moved(self, workload: Workload) -> dict[str, int]:
        """Least elements moved by kind of peak: ``{"load": 4096, "store": 64}``. Kinds that machine.toml has no peak for are
        ignored."""


@runtime_checkable
class Bounds(Protocol):
    """For ports of machines whose speed of light no table of peaks expresses."""

    def bound(self, workload: Workload) -> Bound:
        """Cycles that no kernel can undercut, at the profile and timing that the port was made for."""


@runtime_checkable
class Links(Protocol):
    """For ports of instruction sets with a dialect, whose kernels name tensors by symbols."""

    def link(self, workload: Workload) -> Link:
        """Symbols that a kernel may use without defining them, and where its own data begins."""


@runtime_checkable
class Compiles(Protocol):
    """For ports whose kernels are written in another language than the instruction set's assembly."""

    def describe(self, assembly: BackendInfo) -> BackendInfo:
        """The backend, given what it would be with kernels in assembly: at least another name, language, manual and digest."""

    def compile(self, source: str, workload: Workload) -> Build:
        """A build with a `backends.isa.engine.Program` as its artifact, whose lines are those of ``source``."""


@runtime_checkable
class Samples(Protocol):
    """For ports that help the conformance kit."""

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """Kernels that end badly, as `harness.backend.Specimens` has them."""


PortFactory = Callable[[Architecture], Port]
"""Makes a port for an architecture: sizes and formats of a profile decide layouts."""
