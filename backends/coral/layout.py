"""Where a workload's tensors lie: all in data memory (DTCM) where they leave room for a kernel, else all in external memory.

Every tensor is row-major, in its own type and without padding, and begins at a multiple of 16, which is a line of memory and a
vector register. Programs name tensors by symbols, so a kernel is independent of where they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from backends.isa.architecture import Architecture
from backends.isa.dialect import Dialect, Link
from harness.task import Tensor, Workload

ALIGN = 16
"""Bytes of a line of memory: tensors begin at multiples of it."""
LEAST_SCRATCH = 8192
"""Bytes of DTCM that a kernel always has for itself."""


@dataclass(frozen=True)
class Memory:
    """The two memories for data, and the names that symbols must not have."""

    dtcm: range
    """Addresses of data memory."""
    extmem: range
    """Addresses of external memory."""
    registers: re.Pattern[str]
    """Names of registers."""

    @staticmethod
    def of(architecture: Architecture) -> Memory:
        """The memories of a profile."""
        dialect = architecture.definition.dialect
        assert dialect is not None
        regions = {region.name: region for region in architecture.memories[dialect.memory].regions}
        spans = {name: range(region.start, region.start + region.size) for name, region in regions.items()}
        return Memory(spans["dtcm"], spans["extmem"], _register_names(architecture, dialect))


@dataclass(frozen=True)
class Place:
    """A tensor in memory."""

    tensor: Tensor
    symbol: str
    """Its name in programs."""
    address: int

    @property
    def end(self) -> int:
        """The address behind its last byte."""
        return self.address + self.tensor.bytes


@dataclass(frozen=True)
class Layout:
    """All tensors of a workload, and what is left of the memories."""

    inputs: Mapping[str, Place]
    """By the tensor's name, in signature order."""
    outputs: Mapping[str, Place]
    """By the tensor's name, in signature order, behind the inputs."""
    scratch: range
    """Bytes of DTCM that are the kernel's."""
    extmem: range
    """Bytes of external memory that are the kernel's."""

    @staticmethod
    def of(workload: Workload, memory: Memory) -> Layout:
        """The layout of a workload. ValueError if external memory is too small."""
        total = sum(_padded(t.bytes) for t in (*workload.inputs.values(), *workload.outputs.values()))
        near = total <= len(memory.dtcm) - LEAST_SCRATCH
        home = memory.dtcm if near else memory.extmem
        if total > len(home):
            raise ValueError(f"its tensors take {total} of {len(home)} bytes of external memory")
        at = home.start
        inputs: dict[str, Place] = {}
        outputs: dict[str, Place] = {}
        for tensors, places in ((workload.inputs, inputs), (workload.outputs, outputs)):
            for name, tensor in tensors.items():
                places[name] = Place(tensor, f"{name}_" if memory.registers.fullmatch(name) else name, at)
                at += _padded(tensor.bytes)
        free = range(at, home.stop)
        return Layout(inputs, outputs, free if near else memory.dtcm, memory.extmem if near else free)

    def __iter__(self) -> Iterator[Place]:
        """Every tensor."""
        return iter((*self.inputs.values(), *self.outputs.values()))

    @property
    def link(self) -> Link:
        """The symbols of a program, and where its own data begins."""
        symbols = {place.symbol: place.address for place in self}
        symbols |= {"scratch": self.scratch.start, "scratch_end": self.scratch.stop}
        symbols |= {"extmem": self.extmem.start, "extmem_end": self.extmem.stop}
        return Link(symbols, {"DTCM_BASE": self.scratch.start, "EXTMEM_BASE": self.extmem.start})


def _padded(size: int) -> int:
    return -(-size // ALIGN) * ALIGN


def _register_names(architecture: Architecture, dialect: Dialect) -> re.Pattern[str]:
    files = [m.name for m in architecture.memories.values() if m.is_registers and not m.single]
    numbered = f"(?:{'|'.join(files)})[0-9]+"
    return re.compile("|".join([numbered, *map(re.escape, dialect.registers)]))
