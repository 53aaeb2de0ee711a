"""An instruction set on a chosen machine: every size known, every body checked, every name resolved.

`bind(definition, machine)` makes an `Architecture`; assembler, engines, manual and tools start from it and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backends.isa.definition import Access, Definition, Encoding, Field, Immediate
from backends.isa.dtypes import DType, ValueType
from backends.isa.language.ir import Body, Function, Span
from backends.isa.machine import Machine


@dataclass(frozen=True)
class BoundRegion:
    """A part of a memory's addresses that exists; fields as in `definition.Region`."""

    name: str
    start: int
    size: int
    writable: bool
    doc: str


@dataclass(frozen=True)
class BoundMemory:
    """A memory or register file of known size; fields as in `definition.Memory`."""

    name: str
    dtype: DType
    size: int
    doc: str
    pointer: str
    align: int
    granule: int
    """Elements tracked as one; the whole size where the definition says 0."""
    beyond: Literal["trap", "zero"]
    reset: float
    is_registers: bool
    zero: int | None
    single: bool
    preload: bool
    image: DType | None = None
    regions: tuple[BoundRegion, ...] = ()
    lanes: int = 1

    def has(self, first: int, units: int, *, write: bool) -> bool:
        """Whether a program may read or write elements: all of them exist, in one region where there are regions."""
        if not self.regions:
            return first >= 0 and first + units <= self.size
        return any(
            region.start <= first and first + units <= region.start + region.size and (region.writable or not write)
            for region in self.regions
        )

    def fault(self, *, write: bool) -> str:
        """Cause of the trap where that is not so."""
        if not self.regions:
            return f"{self.name}_out_of_range"
        return f"{self.name}_store_fault" if write else f"{self.name}_load_fault"

    @property
    def limit(self) -> int | None:
        """What such a trap reports as its limit."""
        return None if self.regions else self.size


@dataclass(frozen=True)
class BoundLoops:
    """The loop stack, sizes known."""

    name: str
    depth: int
    limit: int
    doc: str


@dataclass(frozen=True)
class BoundOperand:
    """An operand of an instruction of this machine."""

    name: str
    kind: Immediate | Access
    field: Field | None
    """Where it is encoded; None: not at all, it reads as its default."""
    low: int
    """Least legal value (registers: 0)."""
    high: int
    """Greatest legal value (registers: count - 1)."""
    file: str = ""
    """Register file that is written in assembly, for registers and windows."""
    count: int = 0
    """Registers in that file."""


@dataclass(frozen=True)
class Instruction:
    """One instruction of this machine."""

    number: int
    """Position in `Architecture.instructions`; the id that engines dispatch on."""
    key: str
    mnemonic: str
    operands: tuple[BoundOperand, ...]
    """In the order of the function's parameters."""
    syntax: tuple[str, ...]
    encoding: Encoding
    compat: Encoding | None
    match: int
    """Value of the fixed bits."""
    mask: int
    """The fixed bits."""
    unit: str
    timing: str
    function: Callable[..., Any]
    """As written: what the golden engine runs."""
    body: Body
    """As checked: what the native engine is made from."""
    doc: str
    offered: bool
    example: str
    line: int

    def operand(self, name: str) -> BoundOperand:
        """The operand of that name."""
        return next(operand for operand in self.operands if operand.name == name)


@dataclass(frozen=True)
class BoundHandler:
    """What takes the place of an instruction that traps; see `definition.Handler`."""

    function: Callable[..., Any]
    body: Body
    operands: tuple[BoundOperand, BoundOperand]
    """Code and value, as a body sees immediates."""
    codes: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Architecture:
    """An instruction set on a machine. Equal only to itself, so that what is made of it can be remembered."""

    definition: Definition
    machine: Machine
    values: Mapping[str, int | DType]
    """Parameters of the profile."""
    memories: Mapping[str, BoundMemory]
    """Memories and register files, in declaration order."""
    loops: BoundLoops | None
    traps: Mapping[str, str]
    """Every cause a program can meet, the toolkit's own included, with what is legal."""
    instructions: tuple[Instruction, ...]
    functions: Mapping[str, Function]
    """Helpers that bodies call, library functions included, callees first."""
    procedures: Mapping[str, Mapping[Span, ValueType]]
    """Procedures that bodies contain, with the conversions in their text (`Body.conversions`)."""
    handler: BoundHandler | None = None
    digest: str
    """SHA-256 over definition, machine and profile: decides every result of a program but its cycles."""

    @property
    def name(self) -> str:
        """The instruction set's name."""
        return self.definition.name
