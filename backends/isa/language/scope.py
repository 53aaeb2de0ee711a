"""What names mean inside a body: locals, windows, operands, and the definition's globals."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.isa.definition import Helper, Immediate, Loops, Memory, Procedure, Trap
from backends.isa.dtypes import MX, DType, ValueType
from backends.isa.expression import DTypeParam, Expr, Values, evaluate
from backends.isa.language import ir
from backends.isa.language.typed import RuleError, Typed, boolean, integer
from harness.errors import did_you_mean


@dataclass(frozen=True)
class Shaped:
    """A window or local array in scope."""

    name: str
    type: ValueType
    shape: tuple[int, ...]
    direction: str
    """``in``, ``out``, ``inout``; ``local`` for arrays."""


@dataclass(frozen=True)
class MemoryShape:
    """What a body needs to know of a memory of the chosen machine."""

    name: str
    dtype: DType
    size: int
    align: int
    single: bool
    is_registers: bool
    regions: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Operands:
    """The operands of the instruction whose body is checked."""

    values: Mapping[str, Typed] = field(default_factory=dict)
    """Registers that are read, and immediates."""
    registers: Mapping[str, int] = field(default_factory=dict)
    """Operands written as registers, with the greatest register number."""
    results: tuple[tuple[str, ValueType], ...] = ()
    """Register operands that ``return`` gives values."""


Facts = Mapping[ir.Expr, tuple[int, int]]
"""Ranges of expressions that a condition has told, besides those of variables and operands; see `facts`."""


@dataclass(frozen=True)
class Place:
    """Where in the body a statement stands."""

    trips: int = 1
    """Product of the trip counts of the loops around it."""
    in_loop: bool = False
    in_branch: bool = False


@dataclass
class Context:
    """The definition around a body, on the chosen machine."""

    values: Values
    memories: Mapping[str, MemoryShape]
    loops: Loops | None
    helper: Callable[[Helper], ir.Function]
    """Checks a helper on first use and returns it."""
    procedures: dict[str, dict[ir.Span, ValueType]] = field(default_factory=dict)
    """Procedures that were met, by name, with the conversions in their text."""


@dataclass
class Scope:
    """Names of one body while it is checked."""

    context: Context
    globals: Mapping[str, Any]
    operands: Operands
    locals: dict[str, Typed] = field(default_factory=dict)
    shaped: dict[str, Shaped] = field(default_factory=dict)
    declared: dict[str, ValueType] = field(default_factory=dict)
    """Types of locals, fixed by the first assignment anywhere in the body."""
    facts: Facts = field(default_factory=dict)
    pure: bool = False
    """Whether this is a helper, which sees nothing of the machine."""
    origin: tuple[int, int] = (0, 0)
    """Lines and columns of the file before the text that is checked."""
    conversions: dict[ir.Span, ValueType] = field(default_factory=dict)
    """Expressions of type ``int`` that take another type, by their place in the file."""
    moved: bool = False
    """Whether a loop operation comes before, after which nothing may trap."""
    prefix: str = ""
    """What the names of a procedure's variables start with in the body that it becomes part of."""

    def name(self, name: str) -> Typed:
        """The value of a name. RuleError if it has none."""
        if name in self.locals:
            return self.locals[name]
        if name in self.operands.values:
            return self.operands.values[name]
        if name in self.shaped:
            raise RuleError(
                f"{name!r} is {'an array' if self.shaped[name].direction == 'local' else 'a window'}",
                f"take an element: {name}[i]",
            )
        if name in self.operands.registers:
            raise RuleError(f"operand {name!r} is only written", "declare it InOut(...) to read it; return gives it its value")
        if name in self.declared:
            raise RuleError(f"{name!r} may be read before it is assigned", "give it a value on every path, before the if or for")
        value = self.globals.get(name)
        if isinstance(value, bool):
            return boolean(value)
        if isinstance(value, int | Expr):
            return integer(int(evaluate(value, self.context.values)))
        if isinstance(value, Memory):
            raise RuleError(
                f"{name!r} is a {'register file' if value.is_registers else 'memory'}",
                f"write {name}.value" if value.single else f"take an element: {name}[i]",
            )
        if value is not None:
            raise unusable(name, value)
        declared = (n for n, v in self.globals.items() if isinstance(v, Expr | Memory | int))
        known = [*self.locals, *self.operands.values, *self.shaped, *declared]
        raise RuleError(f"unknown name {name!r}", f"a local, an operand or a global of the definition{did_you_mean(name, known)}")

    def memory(self, name: str) -> MemoryShape | None:
        """The memory that a global name stands for, unless the body has given the name another meaning."""
        value = None if name in self.locals or name in self.shaped or name in self.operands.values else self.globals.get(name)
        if not isinstance(value, Memory):
            return None
        self.impure(name)
        return self.context.memories[value.name]

    def span(self, node: ast.expr) -> ir.Span:
        """Where an expression stands in the file."""
        lines, columns = self.origin
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return node.lineno + lines, end_line + lines, node.col_offset + columns, end_column + columns

    def can_trap(self) -> None:
        """RuleError where nothing may trap any more."""
        if self.moved:
            raise RuleError("something that can trap follows a loop operation", "move loops.push, restart and remove to the end")

    def impure(self, what: str) -> None:
        """RuleError in a helper."""
        if self.pure:
            raise RuleError(
                f"{what} in a helper", "helpers compute one value from others; instructions read and change the machine"
            )

    def dtype(self, name: str) -> DType | None:
        """The storage type that a global name stands for."""
        value = self.globals.get(name)
        if isinstance(value, DTypeParam):
            return value.evaluate(self.context.values)
        return value if isinstance(value, DType) else None

    def trap(self, name: str) -> Trap | None:
        """The trap that a global name stands for."""
        value = self.globals.get(name)
        return value if isinstance(value, Trap) else None

    def mx(self, name: str) -> MX | None:
        """The block-scaled type that a global name stands for."""
        value = self.globals.get(name)
        return value if isinstance(value, MX) else None


def unusable(name: str, value: Any) -> RuleError:
    """Says what a global is that has no value in bodies, and how to use it."""
    match value:
        case Helper() | Procedure():
            return RuleError(f"{name!r} is a function", f"call it: {name}(...)")
        case DType():
            return RuleError(f"{name!r} is a storage type", "it stands in array(...), dtype=, round_to(...) and annotations")
        case Trap():
            return RuleError(f"{name!r} is a trap", f"require(condition, {name}, value) raises it")
    kind = type(value).__name__
    if isinstance(value, float):
        hint = f"write the number in the body: {name} = {float(value)!r}"
    elif hasattr(value, "__index__") and not hasattr(value, "__len__"):
        hint = f"make it one: {name} = int(...)"
    elif hasattr(value, "__len__") and not isinstance(value, str):
        hint = "a table is a helper made with @function that chooses with if and elif, or a memory"
    else:
        hint = "a body has numbers, parameters, memories, helpers and the builtins of backends.isa"
    return RuleError(f"global {name!r} is a {kind}, and globals of bodies are integers and what isa declares", hint)


def immediate_type(kind: Immediate) -> ValueType:
    """Type of an immediate in a body: labels are addresses (int), others u32 or i32."""
    return "int" if kind.label else "i32" if kind.signed else "u32"
