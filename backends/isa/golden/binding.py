"""Makes the functions of a definition runnable: the code as it is, with globals that mean this machine.

Parameters become integers, memories and loops handles, ``In(...)`` opens windows, builtins act on the `Step` in execution, and
float literals are f32. Names that a body gives to operands and variables go into traps: they are read from the source around
the call.
"""

from __future__ import annotations

import ast
import builtins as python
import inspect
import linecache
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from backends.isa.definition import Direction, Helper, Loops, Memory, Procedure, Trap, globals_of
from backends.isa.dtypes import MX, DType, ValueType
from backends.isa.expression import DTypeParam, Expr, evaluate
from backends.isa.golden.step import LoopsHandle, MemoryHandle, Step
from backends.isa.golden.windows import Opening, Window
from backends.isa.language import builtins, ir
from backends.isa.language.values import Value, as_integer, as_type, convert

VALUE_TYPES: tuple[ValueType, ...] = ("i32", "u32", "i64", "u64", "f32")
"""Types that a name of the same text converts to."""
DIRECTIONS: Mapping[str, Direction] = {"In": "in", "Out": "out", "InOut": "inout"}
_PURE: Mapping[str, Any] = {
    "array": builtins.array, "clamp": builtins.clamp, "min": builtins.smaller, "max": builtins.larger, "abs": builtins.magnitude,
    "sqrt": builtins.sqrt, "floor": builtins.floor, "rint": builtins.rint, "is_nan": builtins.is_nan, "bits": builtins.bits,
    "float_from_bits": builtins.float_from_bits, "exponent": builtins.exponent, "scale_by": builtins.scale_by,
    "round_to": builtins.round_to, "encode": builtins.encode, "decode": builtins.decode,
    "count_leading_zeros": builtins.count_leading_zeros,
}  # fmt: skip


def _converter(kind: ValueType) -> str:
    """The global that converts: no name that a definition could use."""
    return f"as {kind}"


_CONVERTERS: Mapping[str, Any] = {_converter(kind): partial(convert, kind) for kind in VALUE_TYPES}


@dataclass(frozen=True)
class ValueTypeName:
    """``f32`` in a body: converts when it is called, names a storage type elsewhere."""

    dtype: DType
    name: ValueType

    def __call__(self, value: Any) -> Value:
        """The conversion."""
        return convert(self.name, value)


@dataclass(frozen=True)
class CallSite:
    """A call in the source of a body."""

    variable: str
    """The variable that gets its value, or ""."""
    arguments: tuple[str, ...]
    """Positional arguments that are mere names; "" for the others."""


@lru_cache(maxsize=64)
def _call_sites(source: str) -> Mapping[ir.Span, CallSite]:
    """Every call in a file, by its place."""
    variables: dict[ast.expr, str] = {}
    found: dict[ir.Span, CallSite] = {}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                variables[value] = name
            case ast.Call(args=arguments):
                names = tuple(argument.id if isinstance(argument, ast.Name) else "" for argument in arguments)
                found[_span(node)] = CallSite(variables.get(node, ""), names)
    return found


def _span(node: ast.expr) -> ir.Span:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


class _Conversions(ast.NodeTransformer):
    """Puts a conversion around the expressions of these places."""

    def __init__(self, places: Mapping[ir.Span, ValueType]) -> None:
        self.places = places

    def visit(self, node: ast.AST) -> Any:
        """The expression, converted where it should be."""
        made = self.generic_visit(node)
        if not isinstance(made, ast.expr) or _span(made) not in self.places or isinstance(made, ast.expr_context):
            return made
        convert_it = ast.copy_location(ast.Name(_converter(self.places[_span(made)]), ast.Load()), made)
        return ast.copy_location(ast.Call(convert_it, [made], []), made)


def _converting(code: types.CodeType, places: Mapping[ir.Span, ValueType]) -> types.CodeType:
    """The code of a function with conversions; compiled anew from its file, every line where it was."""
    linecache.checkcache(code.co_filename)
    tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    found = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.name == code.co_name
        and code.co_firstlineno in (node.lineno, *(decorator.lineno for decorator in node.decorator_list))
    )
    found.body = [_Conversions(places).visit(statement) for statement in found.body]
    found.decorator_list, found.returns = [], None
    for argument in found.args.args:
        argument.annotation = None
    module = compile(ast.Module([found], []), code.co_filename, "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, types.CodeType))


def _in_single(constant: Any) -> Any:
    """A constant of code with f32 for every float."""
    if isinstance(constant, tuple):
        return tuple(_in_single(item) for item in constant)
    return np.float32(constant) if type(constant) is float else constant


class Binder:
    """Binds functions to one `Step`."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._helpers: dict[str, Callable[..., Any]] = {}
        self._procedures: dict[str, Callable[..., Any]] = {}
        self._sites: dict[tuple[types.CodeType, int], CallSite] = {}
        machine: dict[str, Any] = {
            "require": self._require, "jump": step.jump, "halt": step.halt, "work": step.work, "pc": lambda: step.pc,
            "index": self._index, "load": self._load, "store": self._store, "readable": self._readable,
            **{name: self._opener(direction) for name, direction in DIRECTIONS.items()},
        }  # fmt: skip
        self._builtins: Mapping[str, Any] = {**_PURE, **machine}

    def bind(self, function: Callable[..., Any], conversions: Mapping[ir.Span, ValueType]) -> Callable[..., Any]:
        """The function with its names meaning this machine; ``conversions`` as the checker found them (`ir.Body`)."""
        code: types.CodeType = function.__code__
        if conversions:
            code = _converting(code, conversions)
        constants = tuple(map(_in_single, code.co_consts))
        bound: dict[str, Any] = {"__builtins__": python.__dict__, **_CONVERTERS}
        namespace = globals_of(function)
        for name in (*code.co_names, *code.co_freevars):
            self._bind_name(name, namespace, bound)
        closure = tuple(types.CellType(bound[name]) for name in code.co_freevars)
        return types.FunctionType(code.replace(co_consts=constants), bound, code.co_name, None, closure)

    def _bind_name(self, name: str, namespace: Mapping[str, Any], bound: dict[str, Any]) -> None:
        value = namespace.get(name)
        if isinstance(value, Helper):
            bound[name] = self._helper(value)
        elif isinstance(value, Procedure):
            bound[name] = self._procedure(value)
        elif name in self._builtins and (name not in namespace or callable(value)):
            bound[name] = self._builtins[name]
        elif name in namespace:
            bound[name] = self._meaning(value)

    def _meaning(self, value: Any) -> Any:
        step = self._step
        if isinstance(value, Expr):
            return evaluate(value, step.architecture.values)
        if isinstance(value, DTypeParam):
            value = value.evaluate(step.architecture.values)
        if isinstance(value, DType):
            return next((ValueTypeName(value, kind) for kind in VALUE_TYPES if kind == value.name), value)
        if isinstance(value, Memory):
            return MemoryHandle(step, value.name)
        if isinstance(value, Loops) and step.architecture.loops is not None:
            return LoopsHandle(step, step.architecture.loops.depth)
        return np.float32(value) if type(value) is float else value

    def _helper(self, helper: Helper) -> Callable[..., Any]:
        """A helper that gives its arguments and its result their annotated types."""
        if helper.name not in self._helpers:
            signature = inspect.signature(helper.function)
            kinds = [_kind(parameter.annotation) for parameter in signature.parameters.values()]
            returns = _kind(signature.return_annotation)

            def call(*arguments: Any) -> Any:
                typed = [as_type(kind, argument) for kind, argument in zip(kinds, arguments, strict=True)]
                return as_type(returns, run(*typed))

            self._helpers[helper.name] = call
            run = self.bind(helper.function, self._step.architecture.functions[helper.name].conversions)
        return self._helpers[helper.name]

    def _procedure(self, procedure: Procedure) -> Callable[..., Any]:
        """A procedure that gives its arguments and its result their annotated types."""
        if procedure.name not in self._procedures:
            signature = inspect.signature(procedure.function)
            kinds = [_kind(parameter.annotation) for parameter in signature.parameters.values()]
            returns = _kind(signature.return_annotation)
            conversions = self._step.architecture.procedures.get(procedure.name, {})
            run = self.bind(procedure.function, conversions)

            def call(*arguments: Any) -> Any:
                result = run(*map(_typed, kinds, arguments))
                return result if result is None else _typed(returns, result)

            self._procedures[procedure.name] = call
        return self._procedures[procedure.name]

    def _load(self, memory: MemoryHandle, address: Any, count: Any) -> Any:
        return self._step.load_bytes(memory.name, address, count)

    def _readable(self, memory: MemoryHandle, address: Any, count: Any) -> bool:
        return self._step.architecture.memories[memory.name].has(as_integer(address), as_integer(count), write=False)

    def _store(self, memory: MemoryHandle, address: Any, count: Any, value: Any) -> None:
        self._step.store_bytes(memory.name, address, count, value)

    def _opener(self, direction: Direction) -> Callable[..., Window]:
        def open_window(
            target: MemoryHandle, *shape: int, at: Any, dtype: Any = None, align: int | None = None, length: Any = None,
            scales: Any = None,
        ) -> Window:  # fmt: skip
            memory = self._step.architecture.memories[target.name]
            stored = memory.dtype if dtype is None else dtype if isinstance(dtype, MX) else getattr(dtype, "dtype", dtype)
            opening = Opening(
                direction, stored, shape, as_integer(at), memory.align if align is None else align,
                self._site(sys._getframe(1)).variable,
                None if length is None else as_integer(length), None if scales is None else as_integer(scales),
            )  # fmt: skip
            return self._step.open(target.name, opening)

        return open_window

    def _require(self, condition: Any, trap: Trap, value: Any = None, *, limit: Any = None) -> None:
        names = self._site(sys._getframe(1)).arguments
        self._step.require(condition, trap, value, limit, names[2] if len(names) > 2 else "")

    def _index(self, register: Any) -> int:
        return self._step.numbers[self._site(sys._getframe(1)).arguments[0]]

    def _site(self, frame: types.FrameType) -> CallSite:
        key = (frame.f_code, frame.f_lasti)
        if key not in self._sites:
            first, last, column, end = list(frame.f_code.co_positions())[frame.f_lasti // 2]
            linecache.checkcache(frame.f_code.co_filename)
            source = "".join(linecache.getlines(frame.f_code.co_filename))
            self._sites[key] = _call_sites(source).get((first, last, column, end), CallSite("", ("", "", "")))
        return self._sites[key]


def _typed(kind: Any, value: Any) -> Any:
    return as_integer(value) if kind is int or kind == "int" else as_type(kind, value)


def _kind(annotation: Any) -> ValueType:
    if annotation is bool or annotation == "bool":
        return "bool"
    kind: ValueType = getattr(annotation, "name", annotation)
    return kind
