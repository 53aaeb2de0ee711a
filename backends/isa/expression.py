"""Sizes that depend on the machine: integer expressions over parameters, such as ``VRAM_ROWS * VLEN``.

A definition is written once with parameters; a profile of ``machine.toml`` gives them values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backends.isa.dtypes import DTYPES, DType
from backends.isa.errors import DefinitionError
from harness.errors import did_you_mean

Values = Mapping[str, "int | DType"]
"""What a profile says: integers, and storage types for parameters that name one."""


class Expr:
    """An integer known once a profile is chosen; + - * // % build larger ones."""

    def evaluate(self, values: Values) -> int:
        """The value under a profile. DefinitionError if a parameter has none."""
        raise NotImplementedError

    def __add__(self, other: Size) -> Expr:
        return BinaryExpr("+", self, other)

    def __radd__(self, other: Size) -> Expr:
        return BinaryExpr("+", other, self)

    def __sub__(self, other: Size) -> Expr:
        return BinaryExpr("-", self, other)

    def __rsub__(self, other: Size) -> Expr:
        return BinaryExpr("-", other, self)

    def __mul__(self, other: Size) -> Expr:
        return BinaryExpr("*", self, other)

    def __rmul__(self, other: Size) -> Expr:
        return BinaryExpr("*", other, self)

    def __floordiv__(self, other: Size) -> Expr:
        return BinaryExpr("//", self, other)

    def __mod__(self, other: Size) -> Expr:
        return BinaryExpr("%", self, other)


Size = int | Expr


@dataclass(frozen=True)
class Param(Expr):
    """A named integer of the machine."""

    name: str
    doc: str = ""

    def evaluate(self, values: Values) -> int:
        """Its value under a profile."""
        value = values.get(self.name)
        if not isinstance(value, int):
            raise DefinitionError(
                f"parameter {self.name!r} has no integer value in this profile",
                f"give it one in machine.toml under [params] or [profiles.NAME]{did_you_mean(self.name, values)}",
            )
        return value

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class DTypeParam:
    """A named storage type of the machine."""

    name: str
    doc: str = ""

    def evaluate(self, values: Values) -> DType:
        """Its type under a profile."""
        value = values.get(self.name)
        if not isinstance(value, DType):
            raise DefinitionError(
                f"parameter {self.name!r} names no storage type in this profile",
                f'write {self.name} = "bf16" in machine.toml, or another of {", ".join(DTYPES)}',
            )
        return value

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class BinaryExpr(Expr):
    """Two sizes and an operator."""

    op: str
    left: Size
    right: Size

    def evaluate(self, values: Values) -> int:
        """The value under a profile."""
        left, right = evaluate(self.left, values), evaluate(self.right, values)
        if self.op in ("//", "%") and right == 0:
            raise DefinitionError(f"{self!r} divides by zero in this profile", "change the parameter in machine.toml")
        return {"+": left + right, "-": left - right, "*": left * right}.get(
            self.op, 0 if right == 0 else left // right if self.op == "//" else left % right
        )

    def __repr__(self) -> str:
        return f"({self.left} {self.op} {self.right})"


def evaluate(size: Size, values: Values) -> int:
    """The integer behind a size."""
    return size.evaluate(values) if isinstance(size, Expr) else size


def evaluate_dtype(dtype: DType | DTypeParam, values: Values) -> DType:
    """The storage type behind a type or a parameter that names one."""
    return dtype.evaluate(values) if isinstance(dtype, DTypeParam) else dtype
