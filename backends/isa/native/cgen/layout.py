"""Where a machine's state lies: small memories and registers inside the struct, the others in mapped memory of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from backends.isa.architecture import Architecture, BoundMemory
from backends.isa.dtypes import DType, ValueType
from backends.isa.native.build import Part
from backends.isa.pages import is_small

CAUSES_OF_THE_MACHINE = ("invalid_opcode", "register_out_of_range", "pc_out_of_range", "loop_limit", "memory_limit")
"""Causes of the first trap sites: those that no body raises. The C code knows them by number."""
C_TYPES: dict[ValueType, str] = {
    "int": "int64_t",
    "i32": "int32_t",
    "u32": "uint32_t",
    "i64": "int64_t",
    "u64": "uint64_t",
    "f32": "float",
    "bool": "int",
}
"""C types of expressions."""
ARITHMETIC: dict[ValueType, str] = {"int": "i64", "i32": "i32", "u32": "u32", "i64": "i64", "u64": "u64", "f32": "f32"}
"""Suffix of the runtime's functions on a type."""


def storage_type(dtype: DType) -> str:
    """C type of a stored element."""
    return f"uint{8 * dtype.bytes}_t"


def near_type(dtype: DType) -> str:
    """C type of a stored element that may lie at any byte."""
    return "uint8_t" if dtype.bytes == 1 else f"near{8 * dtype.bytes}"


@dataclass(frozen=True)
class Place:
    """A memory's place."""

    number: int
    memory: BoundMemory
    cells: int
    """Registers or granules that have a ready time."""

    @property
    def bytes(self) -> int:
        """Size of its contents."""
        return self.memory.size * self.memory.dtype.bytes

    @property
    def embedded(self) -> bool:
        """Whether it lies in the struct, which a reset copies whole; others reset the pages that were written."""
        return is_small(self.memory)

    @property
    def elements(self) -> str:
        """C expression of its first element's address, typed."""
        if self.embedded:
            return f"m->e{self.number}"
        return f"(({storage_type(self.memory.dtype)} *)m->memory[{self.number}])"

    def inside(self, first: str, units: str, *, write: bool) -> str:
        """C condition: a program may read or write these elements. ``first`` is unsigned, of 64 bits."""
        if not self.memory.regions:
            size = self.memory.size
            return f"{first} < {size}u" if units == "1" else f"({first} < {size}u && {units} <= {size}u - {first})"
        regions = [region for region in self.memory.regions if region.writable or not write]
        spans = [
            f"({first} - {r.start}u < {r.size}u && {units} <= {r.size}u - ({first} - {r.start}u))" for r in regions if r.size
        ]
        return f"({' || '.join(spans) or '0'})"

    @property
    def ready(self) -> str:
        """C expression of its ready times."""
        return f"m->y{self.number}" if self.embedded else f"m->ready[{self.number}]"


@dataclass(frozen=True)
class Site:
    """A place in a body that can trap; the C code reports its number."""

    cause: str
    operand: str
    address: ValueType | None
    """Type of the address that it reports, if any."""
    limit: ValueType | None
    """Type of the limit that it reports, if any."""


@dataclass
class Layout:
    """Places of an architecture's memories, numbers of its units, and what translation finds: trap sites, parts."""

    architecture: Architecture
    places: dict[str, Place] = field(init=False)
    units: dict[str, int] = field(init=False)
    sites: list[Site] = field(default_factory=list)
    scratch: int = 0
    """Bytes of the largest instruction's buffers that are too large for the stack."""
    functions: dict[str, str] = field(init=False)
    """C names of helpers."""
    parts: tuple[Part, ...] = (Part(),)
    """Translation units of the text, each of which has its place here as PART; see `build.compile_unit`."""

    def __post_init__(self) -> None:
        memories = self.architecture.memories.values()
        self.sites = [Site(cause, "", None, None) for cause in CAUSES_OF_THE_MACHINE]
        self._numbers: dict[Site, int] = {}
        self.places = {
            memory.name: Place(number, memory, -(-memory.size // max(memory.granule, 1)))
            for number, memory in enumerate(memories)
        }
        self.units = {name: number for number, name in enumerate(self.architecture.machine.units)}
        self.functions = {name: f"f{number}" for number, name in enumerate(self.architecture.functions)}

    @property
    def in_order(self) -> bool:
        """Whether the timing is a scoreboard with ready times."""
        return self.architecture.machine.timing.in_order

    def site(self, cause: str, operand: str, address: ValueType | None = None, limit: ValueType | None = None) -> int:
        """The number of a trap site; sites that report the same are one."""
        site = Site(cause, operand, address, limit)
        if site not in self._numbers:
            self._numbers[site] = len(self.sites)
            self.sites.append(site)
        return self._numbers[site]
