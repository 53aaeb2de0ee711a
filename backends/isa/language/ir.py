"""A checked body: what the type checker hands to the C generator.

Every expression carries its type; every index of a window or local array is proven to be in range; every loop has a known
greatest trip count. Nothing a body writes can be seen before the instruction completes: `StateStore`, windows opened ``out`` or
``inout``, returned registers, jumps and loop operations take effect together at its end, in program order (a window at the place
where it is opened), registers last. An instruction that traps has no effect at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from backends.isa.dtypes import DType, Storage, ValueType

Span = tuple[int | None, int | None, int | None, int | None]
"""Where an expression stands in its file: first line, last line, first column, column behind it; as code objects count them."""

# Expressions


@dataclass(frozen=True)
class Const:
    """A literal, a parameter or a folded expression; ``value`` is a Python int, bool, or a float that is exact in f32."""

    type: ValueType
    value: int | float | bool


@dataclass(frozen=True)
class Local:
    """A variable or loop variable."""

    type: ValueType
    name: str


@dataclass(frozen=True)
class OperandValue:
    """The value of a register operand (before the instruction) or of an immediate (labels: absolute word address)."""

    type: ValueType
    name: str


@dataclass(frozen=True)
class OperandIndex:
    """``index(rd)``: the number of the register that an operand names."""

    name: str
    type: ValueType = "int"


@dataclass(frozen=True)
class WindowLoad:
    """Element ``index`` (flat) of a window; of one opened ``out`` or ``inout``: with this instruction's own writes."""

    type: ValueType
    window: str
    index: Expr


@dataclass(frozen=True)
class ArrayLoad:
    """Element of a local array."""

    type: ValueType
    array: str
    index: Expr


@dataclass(frozen=True)
class StateLoad:
    """Element of a memory or register file at a computed index, before the instruction; bounds are checked unless ``proven``.

    With ``bytes``, the little-endian number in so many bytes (1 to 4) of a byte memory."""

    type: ValueType
    memory: str
    index: Expr
    proven: bool
    bytes: Expr | None = None


@dataclass(frozen=True)
class Readable:
    """``readable(mem, address, bytes)``: whether a load would not trap."""

    memory: str
    index: Expr
    bytes: Expr
    type: ValueType = "bool"


@dataclass(frozen=True)
class Binary:
    """``+ - * / // % << >> & | ^`` on operands of ``type``. Integers wrap; // and % floor, and by 0 give 0 and the dividend;
    shifts by the width or more give 0 (>> of a negative: -1). f32: one rounding each."""

    type: ValueType
    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Unary:
    """``-`` or ``~``."""

    type: ValueType
    op: str
    value: Expr


@dataclass(frozen=True)
class Compare:
    """``== != < <= > >=`` of two operands of one type; with a NaN only != holds."""

    op: str
    left: Expr
    right: Expr
    type: ValueType = "bool"


@dataclass(frozen=True)
class Logic:
    """``and`` or ``or``, short-circuit."""

    op: Literal["and", "or"]
    left: Expr
    right: Expr
    type: ValueType = "bool"


@dataclass(frozen=True)
class Not:
    """``not``."""

    value: Expr
    type: ValueType = "bool"


@dataclass(frozen=True)
class Select:
    """``a if condition else b``."""

    type: ValueType
    condition: Expr
    then: Expr
    orelse: Expr


@dataclass(frozen=True)
class Cast:
    """Conversion: integer to integer wraps, integer to f32 rounds to nearest even, f32 to integer truncates and saturates
    (NaN: 0), bool to a number is 0 or 1."""

    type: ValueType
    value: Expr


@dataclass(frozen=True)
class Call:
    """A helper function of the definition or of the library."""

    type: ValueType
    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class Builtin:
    """One of `backends.isa.language.builtins`: ``sqrt``, ``bits``, ``float_from_bits``, ``floor``, ``rint``, ``min``, ``max``,
    ``abs``, ``round_to`` (`dtype` set), ``is_nan``, ``count_leading_zeros``, ..."""

    type: ValueType
    name: str
    arguments: tuple[Expr, ...]
    dtype: DType | None = None


@dataclass(frozen=True)
class Pc:
    """``pc()``: the instruction's own word address."""

    type: ValueType = "int"


@dataclass(frozen=True)
class LoopsQuery:
    """``loops.find(register)`` (position of the innermost entry, or -1), ``loops.body(position)`` (word address),
    ``loops.depth()``."""

    method: Literal["find", "body", "depth"]
    arguments: tuple[Expr, ...]
    type: ValueType = "int"


Expr = (
    Const | Local | OperandValue | OperandIndex | WindowLoad | ArrayLoad | StateLoad | Readable | Binary | Unary | Compare
    | Logic | Not | Select | Cast | Call | Builtin | Pc | LoopsQuery
)  # fmt: skip

# Statements


@dataclass(frozen=True)
class Assign:
    """A local variable gets a value; its first assignment declares it (function scope, zero before)."""

    name: str
    value: Expr


@dataclass(frozen=True)
class NewArray:
    """A local array of zeros."""

    name: str
    type: ValueType
    size: int


@dataclass(frozen=True)
class ArrayStore:
    """Element of a local array."""

    array: str
    index: Expr
    value: Expr


@dataclass(frozen=True)
class WindowStore:
    """Element ``index`` (flat) of a window opened ``out`` or ``inout``."""

    window: str
    index: Expr
    value: Expr


@dataclass(frozen=True)
class StateStore:
    """Element of a memory or register file at a computed index; bounds are checked now unless ``proven``, written at the end.

    With ``bytes``, the low bytes (1 to 4) of a u32, little endian, in a byte memory."""

    memory: str
    index: Expr
    value: Expr
    proven: bool
    bytes: Expr | None = None


@dataclass(frozen=True)
class Open:
    """A window. Traps now with ``{memory}_misaligned`` or ``{memory}_out_of_range`` (address, limit); ``operand`` names the
    operand or variable. Windows of operands are opened first, in the operands' order. With ``slots`` > 1 it stands in loops: each
    pass opens another one, and all of them are written at the end."""

    name: str
    direction: Literal["in", "out", "inout"]
    memory: str
    dtype: Storage
    type: ValueType
    shape: tuple[int, ...]
    at: Expr
    align: int
    operand: str
    length: Expr | None = None
    """Elements that count, if fewer than the shape's; larger values count as the shape's."""
    scales: Expr | None = None
    """Address of the first scale byte, for MX types."""
    slots: int = 1

    @property
    def size(self) -> int:
        """Elements of the full shape."""
        product = 1
        for extent in self.shape:
            product *= extent
        return product


@dataclass(frozen=True)
class For:
    """``for variable in range(start, stop, step)``; step is a non-zero constant, the bounds are evaluated once."""

    variable: str
    start: Expr
    stop: Expr
    step: int
    trips: int
    """Greatest number of passes."""
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class If:
    """A branch."""

    condition: Expr
    then: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...]


@dataclass(frozen=True)
class Break:
    """Leaves the innermost loop."""


@dataclass(frozen=True)
class Continue:
    """Starts the next pass of the innermost loop."""


@dataclass(frozen=True)
class Return:
    """Ends the body; ``values`` are the new values of the out and inout register operands, in order."""

    values: tuple[Expr, ...]


@dataclass(frozen=True)
class Require:
    """Traps unless the condition holds."""

    condition: Expr
    trap: str
    operand: str
    address: Expr | None
    limit: Expr | None


@dataclass(frozen=True)
class Jump:
    """The next instruction is at this word address; outside the program it traps with ``pc_out_of_range`` when fetched."""

    target: Expr


@dataclass(frozen=True)
class Halt:
    """The program ends after this instruction."""


@dataclass(frozen=True)
class Work:
    """The amount of work that the cost class multiplies (1 if a body never says it)."""

    amount: Expr
    part: Expr | None = None
    """The uop whose cycles it is, instead."""


@dataclass(frozen=True)
class LoopsCall:
    """``loops.push(register, body)``, ``loops.restart(position)`` (a new iteration), ``loops.remove(position)``. Only push can
    trap (``loop_depth``); nothing that can trap follows one of them."""

    method: Literal["push", "restart", "remove"]
    arguments: tuple[Expr, ...]


Stmt = (
    Assign | NewArray | ArrayStore | WindowStore | StateStore | Open | For | If | Break | Continue | Return | Require | Jump
    | Halt | Work | LoopsCall
)  # fmt: skip


@dataclass(frozen=True)
class Body:
    """A checked instruction body."""

    statements: tuple[Stmt, ...]
    results: tuple[str, ...]
    """Operands that `Return` gives values, in order."""
    result_types: tuple[ValueType, ...]
    conversions: Mapping[Span, ValueType] = field(default_factory=dict)
    """Where the text has an ``int`` that takes another type by being assigned or chosen (`Cast` or constant here)."""


@dataclass(frozen=True)
class Function:
    """A checked helper."""

    name: str
    parameters: tuple[tuple[str, ValueType], ...]
    returns: ValueType
    statements: tuple[Stmt, ...]
    conversions: Mapping[Span, ValueType] = field(default_factory=dict)
    """As in `Body`."""
