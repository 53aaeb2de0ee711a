"""The text of functions that are checked, and questions about it that need no scope."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from backends.isa.dtypes import DType, ValueType
from backends.isa.language import ir
from backends.isa.language.typed import INTEGERS, Typed, join


def scalar(annotation: Any) -> ValueType | None:
    """The type that an annotation names, if a helper may have it."""
    if annotation is bool or annotation == "bool":
        return "bool"
    name = annotation.name if isinstance(annotation, DType) else annotation
    return name if name in ("f32", *INTEGERS) else None


def parameter(annotation: Any) -> ValueType | None:
    """The type of a procedure's parameter: also ``int``, of known range."""
    return "int" if annotation is int or annotation == "int" else scalar(annotation)


def always_returns(statements: Iterable[ir.Stmt]) -> bool:
    """Whether every path through statements ends with a return."""
    last = list(statements)[-1:]
    match last:
        case [ir.Return()]:
            return True
        case [ir.If(then=then, orelse=orelse)]:
            return always_returns(then) and always_returns(orelse)
    return False


@dataclass(frozen=True)
class Source:
    """The text of a function."""

    file: Path
    tree: ast.FunctionDef
    origin: tuple[int, int]
    """Lines and columns of the file before it."""


@lru_cache(maxsize=4096)
def source_of(code: types.CodeType) -> Source:
    """The text of a function; families of instructions and procedures are read often."""
    lines, first = inspect.getsourcelines(code)
    parsed = ast.parse(textwrap.dedent("".join(lines))).body[0]
    assert isinstance(parsed, ast.FunctionDef)
    indent = len(lines[0]) - len(lines[0].lstrip())
    return Source(Path(inspect.getsourcefile(code) or "isa.py"), parsed, (first - 1, indent))


@lru_cache(maxsize=1024)
def scalars(function: Callable[..., Any]) -> tuple[Mapping[str, ValueType | None], ValueType | None]:
    """Types of a procedure's parameters and of its result."""
    signature = inspect.signature(function)
    return {name: parameter(p.annotation) for name, p in signature.parameters.items()}, parameter(signature.return_annotation)


@lru_cache(maxsize=1024)
def early_return(code: types.CodeType) -> ast.Return | None:
    """A return that is not the last statement of a function."""
    tree = source_of(code).tree
    inside = (node for statement in tree.body for node in ast.walk(statement))
    return next((node for node in inside if isinstance(node, ast.Return) and node is not tree.body[-1]), None)


def targets(node: ast.AST) -> list[ast.expr]:
    """What a statement assigns to."""
    return node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []


@lru_cache(maxsize=1 << 14)
def assigned(node: ast.stmt) -> tuple[str, ...]:
    """Variables that a statement assigns, those inside of it too."""
    found = []
    for inner in ast.walk(node):
        found += [target.id for target in targets(inner) if isinstance(target, ast.Name)]
    return tuple(found)


def leaves(statements: tuple[ir.Stmt, ...]) -> bool:
    """Whether what follows these statements is not reached from them."""
    match statements[-1:]:
        case (ir.Return() | ir.Break() | ir.Continue(),):
            return True
        case (ir.If(then=then, orelse=orelse),):
            return leaves(then) and leaves(orelse)
    return False


def meet(one: Mapping[str, Typed], other: Mapping[str, Typed]) -> dict[str, Typed]:
    """What is known where two paths meet."""
    return {name: join(value, other[name], value.expr) for name, value in one.items() if name in other}


def product(shape: Iterable[int]) -> int:
    """Elements of a shape."""
    result = 1
    for extent in shape:
        result *= extent
    return result
