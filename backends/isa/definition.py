"""An instruction set as a value.

`Definition` is everything that the definition file said, frozen: memories, register files, formats, traps, operations. It can
be transformed with `dataclasses.replace` (see `backends.isa.transform`); nothing later on looks at a name to decide what to do.
`backends.isa.architecture.bind` gives parameters their values and checks the bodies; engines, assembler and manual start there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from backends.isa.checked import checked
from backends.isa.dialect import Dialect
from backends.isa.dtypes import DType, Storage
from backends.isa.expression import DTypeParam, Expr, Param, Size

Direction = Literal["in", "out", "inout"]


@dataclass(frozen=True)
class Region:
    """A part of a memory's addresses that exists."""

    name: str
    start: Size
    """First element."""
    size: Size
    """Elements."""
    writable: bool = True
    """Whether a program may write it; a host always may."""
    doc: str = ""


@dataclass(frozen=True)
class Memory:
    """A memory or, with ``is_registers``, a register file: an array of elements of one storage type."""

    name: str
    """Name in definitions, commands and traps (``vram_misaligned``); register files: prefix of their registers."""
    dtype: DType | DTypeParam
    """Storage type of an element; an address counts elements of it (bytes where it is u8)."""
    size: Size
    """Elements, or registers."""
    doc: str = ""
    pointer: str = ""
    """Register file whose registers hold addresses of this memory, for windows that an operand names; "" if none."""
    align: Size = 1
    """Windows start at multiples of this, unless they say otherwise."""
    granule: Size = 0
    """Elements that a scoreboard tracks as one; 0 tracks the whole memory as one."""
    beyond: Literal["trap", "zero"] = "trap"
    """What reading past the end does: a trap, or zeros. Writing past the end always traps."""
    reset: float = 0
    """Initial value of every element."""
    is_registers: bool = False
    zero: int | None = None
    """Register that always reads as 0 and ignores writes; the assembler refuses it as a destination."""
    single: bool = False
    """Whether this is one register without an index: ``stride.value``."""
    preload: bool = False
    """Whether a program's ``.data`` may give it initial values."""
    image: DType | None = None
    """Type of the elements in files that ``isa run --load`` reads, which are converted; None: the memory's own."""
    regions: tuple[Region, ...] = ()
    """The addresses that exist, where that is not all of them; an access lies in one region or traps."""
    lanes: Size = 1
    """Register files: elements of a register. With more than one, operands give a number and no value (``index(vd)``), and
    ``size`` counts the elements of all registers."""
    where: str = field(default="", repr=False, compare=False)
    """File and line of its declaration, for messages."""


@dataclass(frozen=True)
class Loops:
    """A stack of hardware loops."""

    name: str
    depth: Size
    """Most loops open at once; one more traps with ``loop_depth``."""
    limit: Size
    """Most instructions in one iteration of any open loop; one more traps with ``loop_limit``. 0: no limit."""
    doc: str = ""


@dataclass(frozen=True)
class Trap:
    """A cause of faults that the definition declares; ``require(condition, TRAP, value)`` raises it."""

    name: str
    doc: str
    """One sentence: what is legal."""


@dataclass(frozen=True)
class Field:
    """Where a value lies in an instruction word: pieces of (bit in the word, width, bit of the value)."""

    pieces: tuple[tuple[int, int, int], ...]

    @property
    def width(self) -> int:
        """Bits of the value, those that no piece stores included."""
        return max(value_bit + width for _, width, value_bit in self.pieces)

    @property
    def mask(self) -> int:
        """The bits of the word that it occupies."""
        return sum(((1 << width) - 1) << bit for bit, width, _ in self.pieces)

    def insert(self, value: int) -> int:
        """The word with this value in this field and zeros elsewhere; higher bits of the value are cut."""
        return sum(((value >> value_bit) & ((1 << width) - 1)) << bit for bit, width, value_bit in self.pieces)

    def extract(self, word: int) -> int:
        """The unsigned value of the field."""
        return sum(((word >> bit) & ((1 << width) - 1)) << value_bit for bit, width, value_bit in self.pieces)


@dataclass(frozen=True)
class Encoding:
    """How one operation lies in a word: fields with fixed values, and fields that hold operands."""

    fixed: tuple[tuple[Field, int], ...]
    operands: Mapping[str, Field]
    """By operand name. An operand that is missing here is not encoded and reads as its default."""


@dataclass(frozen=True)
class Format:
    """Named fields of an instruction word. Calling it makes an `Encoding`: ``R(opcode=0x0D, mask="rs3")`` fixes a field to a
    number or gives it to an operand; operands with a field's own name need not be mentioned."""

    name: str
    fields: Mapping[str, Field]

    @checked
    def __call__(self, **uses: int | Expr | str | None) -> PendingEncoding:
        """An encoding in this format."""
        return PendingEncoding(self, uses)


@dataclass(frozen=True)
class PendingEncoding:
    """What a decorator says; it becomes an `Encoding` when the operands and the parameters are known.

    ``uses``: field name -> number or parameter (fixed field); operand name -> field name (str), or None (not encoded).
    """

    format: Format
    uses: Mapping[str, int | Expr | str | None]


@dataclass(frozen=True)
class Immediate:
    """A number in the word."""

    signed: bool = False
    low: Size | None = None
    """Least legal value; None: what the field holds."""
    high: Size | None = None
    """Greatest legal value; None: what the field holds."""
    scale: int = 1
    """The field holds value / scale; values must be multiples."""
    default: int | None = None
    """Value if it is left out at the end of a line; None: it must be written."""
    label: bool = False
    """Whether it is a place in the program: labels are its natural values."""
    relative: bool = False
    """Whether the field holds the distance from the instruction's own address (in words); the body sees the absolute address."""
    distance: bool = False
    """Whether a dialect's assembly writes a byte address here: field and body have its distance in bytes from the instruction."""
    names: tuple[tuple[str, int], ...] = ()
    """Names of values, which a dialect's assembly may (``named``: must) write: ``rne``, ``mstatus``, ``v0.t``."""
    named: bool = False


@dataclass(frozen=True)
class Access:
    """What ``In(...)``, ``Out(...)`` and ``InOut(...)`` say.

    As an annotation it makes an operand: of a register file (the operand is a register), or of a memory (the operand is a
    register of the memory's ``pointer`` file, and the body sees the window it points to). In a body, with ``at=``, it opens a
    window at a computed address.
    """

    direction: Direction
    target: Memory
    shape: tuple[Size, ...] = ()
    """Elements by dimension, row-major; () for registers."""
    dtype: Storage | None = None
    """Storage type of the elements if not the memory's own; byte memories only, little endian."""
    align: Size | None = None
    """Alignment if not the memory's own."""
    length: Memory | None = None
    """For machines with a vector length: the single register that says how many elements of ``shape`` count. The others are not
    checked, read as 0 and are not written. In a body, ``length=`` takes any integer."""


@dataclass(frozen=True)
class Operand:
    """One operand of an operation, in the order of the function's parameters."""

    name: str
    kind: Immediate | Access
    doc: str = ""

    @property
    def is_register(self) -> bool:
        """Whether a register is written in the assembly: also for windows, whose address it holds."""
        return isinstance(self.kind, Access)


@dataclass(frozen=True)
class Op:
    """One instruction."""

    key: str
    """The function's name: its identity in machine.toml and tests, whatever the mnemonic."""
    mnemonic: str
    operands: tuple[Operand, ...]
    """In the order of the function's parameters."""
    syntax: tuple[str, ...]
    """What is written after the mnemonic, separated by commas: operand names, or literal text such as ``0``."""
    encoding: PendingEncoding
    compat: PendingEncoding | None
    """Another toolchain's way to encode it, for ``asm --compat``; None: the same."""
    unit: str
    """Unit of machine.toml that executes it."""
    timing: str
    """Cost class of machine.toml; the key by default."""
    function: Callable[..., Any]
    """The definition of its meaning."""
    doc: str
    """First paragraph of the docstring, then the rest: Markdown for the manual."""
    when: Param | None
    """Parameter that must be non-zero for the profile to have it."""
    offered: bool
    """Whether manuals show it and strict assembly accepts it."""
    example: str
    """Assembly that the manual shows and a test runs; "" lets the manual make one."""
    line: int
    """Line of its definition."""

    @property
    def where(self) -> str:
        """File, line and function, for messages; a definition may lie in several files."""
        return f"{Path(self.function.__code__.co_filename).name}:{self.line}: {self.key}"


@dataclass(frozen=True)
class Helper:
    """A function that bodies may call: scalars in, a scalar out, no state."""

    name: str
    function: Callable[..., Any]


@dataclass(frozen=True)
class Procedure:
    """A part that bodies share: scalars in, at most a scalar out, and it may read and change the machine as a body does.

    It becomes part of the body that calls it, as a statement ``check(rd)`` or ``x = element(vs2, i)``.
    """

    name: str
    function: Callable[..., Any]


@dataclass(frozen=True)
class Handler:
    """What takes the place of an instruction that traps, on a machine with exceptions.

    Its function has a code and a value, both u32: the trap's code, and the address that the trap reports (0 if none). It changes
    the machine as a body does, and usually jumps; if it traps itself, the program ends with the first trap. It counts as an
    instruction, and costs what the instruction that trapped would have cost (a word that is none: nothing).
    """

    function: Callable[..., Any]
    codes: Mapping[str, int]
    """The causes that it takes, and their codes."""


def globals_of(function: Callable[..., Any]) -> dict[str, Any]:
    """What names mean in a function: its module's globals, and the variables of the function it was made in, if any."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {**function.__globals__, **{name: cell.cell_contents for name, cell in cells}}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """An instruction set, its machine not yet chosen."""

    name: str
    title: str
    word_bits: int
    comments: tuple[str, ...]
    """What starts a comment in its assembly."""
    ends: Literal["end", "trap"]
    """What running off the end of a program does: it ends the program, or traps with ``pc_out_of_range``."""
    params: Mapping[str, Param | DTypeParam]
    memories: Mapping[str, Memory]
    loops: Loops | None
    traps: Mapping[str, Trap]
    ops: tuple[Op, ...]
    folder: Path
    """Where isa.py, machine.toml and manual/ lie."""
    file: Path
    """The definition file."""
    dialect: Dialect | None = None
    """GNU assembly of this instruction set; None: it has the toolkit's own."""
    handler: Handler | None = None
    """What happens where an instruction traps; None: the program ends."""
    overrides: Mapping[str, int | str] = field(default_factory=dict)
    """Parameters that do not have the values of machine.toml; see `backends.isa.transform`."""
