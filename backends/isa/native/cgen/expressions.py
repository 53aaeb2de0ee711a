"""Expressions of bodies as C expressions.

`Writer.expression` returns a C expression without side effects; what can trap or must be noted by the clock (reads of memories at
computed addresses) is written before it, in the order in which Python evaluates.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Protocol

from backends.isa.dtypes import ValueType
from backends.isa.language import ir
from backends.isa.native.cgen.layout import ARITHMETIC, C_TYPES, Layout, storage_type

_PLAIN = {
    "sqrt": "sqrtf", "floor": "floorf", "rint": "rintf", "bits": "bits", "float_from_bits": "from_pattern", "is_nan": "is_nan",
    "exponent": "exponent", "scale_by": "scale_by", "count_leading_zeros": "count_leading_zeros",
}  # fmt: skip
WIDTHS: dict[ValueType, int] = {"int": 64, "i32": 32, "u32": 32, "i64": 64, "u64": 64}
UNSIGNED: dict[ValueType, str] = {"int": "uint64_t", "i32": "uint32_t", "u32": "uint32_t", "i64": "uint64_t", "u64": "uint64_t"}


class Variables(Protocol):
    """What an expression may name; `statements.BodyWriter` knows it."""

    layout: Layout

    eager: bool
    """Whether ``and`` and ``or`` compute both sides, in which nothing can fail."""

    @property
    def in_loop(self) -> bool:
        """Whether the statement stands in a ``for``, where lanes are better computed without branches."""

    def line(self, text: str) -> None:
        """Writes a line of C."""

    def variable(self, name: str) -> str:
        """C name of a local variable."""

    def fresh(self, type_: str, value: str) -> str:
        """A new C variable with a value, declared where the function starts."""

    def pc(self) -> str:
        """C expression of the address of this instruction."""

    def operand(self, name: str) -> str:
        """C expression of an operand's value."""

    def operand_index(self, name: str) -> str:
        """C expression of the number of the register that an operand names."""

    def window_element(self, window: str, index: str) -> str:
        """C expression of the value of an element."""

    def array_element(self, array: str, index: str) -> str:
        """C lvalue of an element of a local array."""

    def state_element(self, load: ir.StateLoad, index: str, count: str | None) -> str:
        """C expression of the value of an element of a memory, or of ``count`` bytes; may write lines before."""


def children(expression: ir.Expr) -> Iterator[ir.Expr]:
    """Direct operands."""
    match expression:
        case ir.WindowLoad() | ir.ArrayLoad():
            yield expression.index
        case ir.StateLoad():
            yield from (expression.index, *([expression.bytes] if expression.bytes is not None else []))
        case ir.Readable():
            yield from (expression.index, expression.bytes)
        case ir.Binary() | ir.Compare() | ir.Logic():
            yield expression.left
            yield expression.right
        case ir.Unary() | ir.Not() | ir.Cast():
            yield expression.value
        case ir.Select():
            yield from (expression.condition, expression.then, expression.orelse)
        case ir.Call() | ir.Builtin() | ir.LoopsQuery():
            yield from expression.arguments
        case _:
            pass


def parts(expression: ir.Expr) -> Iterator[ir.Expr]:
    """An expression and all inside of it."""
    yield expression
    for child in children(expression):
        yield from parts(child)


def operands(statement: ir.Stmt) -> Iterator[ir.Expr]:
    """Expressions of a statement itself, whole."""
    for value in vars(statement).values():
        yield from (part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, ir.Expr))


def walk(statements: Iterable[ir.Stmt]) -> Iterator[ir.Stmt]:
    """Every statement, those inside of others too."""
    for statement in statements:
        yield statement
        if isinstance(statement, ir.For):
            yield from walk(statement.body)
        elif isinstance(statement, ir.If):
            yield from walk(statement.then)
            yield from walk(statement.orelse)


def writes_lines(expression: ir.Expr, in_order: bool) -> bool:
    """Whether writing the expression puts lines before it."""
    if isinstance(expression, ir.StateLoad) and (in_order or not expression.proven):
        return True
    return any(writes_lines(child, in_order) for child in children(expression))


def constant(type_: ValueType, value: int | float | bool) -> str:
    """A C literal."""
    if type_ == "f32":
        (pattern,) = struct.unpack("<I", struct.pack("<f", value))
        finite = (pattern >> 23) & 255 != 255
        return f"({float(value).hex()}f)" if finite else f"from_pattern(0x{pattern:08X}u)"
    number = int(value)
    if type_ in ("i32", "bool"):
        return f"({number})" if number > -(2**31) else "INT32_MIN"
    if type_ == "u32":
        return f"{number & 0xFFFFFFFF}u"
    if type_ == "u64":
        return f"UINT64_C({number & (2**64 - 1)})"
    return f"INT64_C({number})" if number > -(2**63) else "INT64_MIN"


def expression(writer: Variables, node: ir.Expr) -> str:
    """The C expression of a node."""
    match node:
        case ir.Const(type=type_, value=value):
            return constant(type_, value)
        case ir.Local(name=name):
            return writer.variable(name)
        case ir.OperandValue(name=name):
            return writer.operand(name)
        case ir.OperandIndex(name=name):
            return writer.operand_index(name)
        case ir.WindowLoad(window=window, index=index):
            return writer.window_element(window, expression(writer, index))
        case ir.ArrayLoad(array=array, index=index):
            return writer.array_element(array, expression(writer, index))
        case ir.StateLoad(index=index, bytes=count):
            at = expression(writer, index)
            return writer.state_element(node, at, expression(writer, count) if count is not None else None)
        case ir.Readable(memory=memory, index=index, bytes=count):
            place = writer.layout.places[memory]
            at = f"((uint64_t){expression(writer, index)})"
            return place.inside(at, f"((uint64_t){expression(writer, count)})", write=False)
        case ir.Binary(type=type_, op=op, left=left, right=right):
            return binary(type_, op, expression(writer, left), expression(writer, right), right)
        case ir.Unary(type=type_, op=op, value=value):
            return f"(({C_TYPES[type_]}){op}{expression(writer, value)})"
        case ir.Compare(op=op, left=left, right=right):
            return f"({expression(writer, left)} {op} {expression(writer, right)})"
        case ir.Not(value=value):
            return f"(!{expression(writer, value)})"
        case ir.Logic() | ir.Select():
            return _branching(writer, node)
        case ir.Cast(type=type_, value=value):
            return cast(type_, value.type, expression(writer, value))
        case ir.Call(function=function, arguments=arguments):
            return f"{writer.layout.functions[function]}({', '.join(expression(writer, a) for a in arguments)})"
        case ir.Builtin():
            return _builtin(node, [expression(writer, argument) for argument in node.arguments])
        case ir.Pc():
            return writer.pc()
        case ir.LoopsQuery(method=method, arguments=arguments):
            return f"loops_{method}({', '.join(['m', *(f'(int64_t){expression(writer, a)}' for a in arguments)])})"


def cast(to: ValueType, of: ValueType, value: str) -> str:
    """A conversion."""
    if to == of:
        return value
    if to == "bool":
        return f"({value} != 0)"
    if of == "f32":
        return f"from_f32_{ARITHMETIC[to]}({value})"
    return f"(({C_TYPES[to]}){value})"


def binary(type_: ValueType, op: str, left: str, right: str, right_node: ir.Expr) -> str:
    """Arithmetic."""
    if op in ("//", "%", "<<", ">>"):
        amount = int(right_node.value) if isinstance(right_node, ir.Const) else -1
        if op in ("//", "%") and amount > 0 and amount & (amount - 1) == 0:
            # Floor division and its remainder by a power of two, also of negative numbers.
            shift = int(amount).bit_length() - 1
            return f"({left} >> {shift})" if op == "//" else f"({left} & {constant(type_, int(amount) - 1)})"
        if op in ("<<", ">>") and 0 <= amount < WIDTHS[type_]:
            return f"(({C_TYPES[type_]})(({UNSIGNED[type_]}){left} << {amount}))" if op == "<<" else f"({left} >> {amount})"
        name = {"//": "floordiv", "%": "mod", "<<": "shl", ">>": "shr"}[op]
        narrow = "_by32" if op in ("<<", ">>") and right_node.type in ("i32", "u32") else ""
        return f"{name}_{ARITHMETIC[type_]}{narrow}({left}, {right})"
    return f"({left} {op} {right})"


def _branching(writer: Variables, node: ir.Logic | ir.Select) -> str:
    """``and``, ``or`` and conditionals evaluate only what Python would."""
    lazy = (node.right,) if isinstance(node, ir.Logic) else (node.then, node.orelse)
    if not any(writes_lines(part, writer.layout.in_order) for part in lazy):
        if isinstance(node, ir.Logic):
            symbol = ("&" if node.op == "and" else "|") * (1 if writer.eager else 2)
            return f"({expression(writer, node.left)} {symbol} {expression(writer, node.right)})"
        parts = [expression(writer, part) for part in (node.condition, node.then, node.orelse)]
        if writer.in_loop and node.type in ("f32", "i32", "u32"):
            # Both are computed: nothing in them can fail, as the checker proves indices whatever the condition says.
            return f"choose_{node.type}({', '.join(parts)})"
        return f"({parts[0]} ? {parts[1]} : {parts[2]})"
    if isinstance(node, ir.Logic):
        result = writer.fresh("int", expression(writer, node.left))
        writer.line(f"if ({'' if node.op == 'and' else '!'}{result}) {{")
        writer.line(f"{result} = {expression(writer, node.right)};")
        writer.line("}")
        return result
    result = writer.fresh(C_TYPES[node.type], "0")
    writer.line(f"if ({expression(writer, node.condition)}) {{")
    writer.line(f"{result} = {expression(writer, node.then)};")
    writer.line("} else {")
    writer.line(f"{result} = {expression(writer, node.orelse)};")
    writer.line("}")
    return result


def _builtin(node: ir.Builtin, arguments: list[str]) -> str:
    name = node.name
    if name in _PLAIN:
        return f"{_PLAIN[name]}({', '.join(arguments)})"
    if name in ("min", "max", "abs"):
        return f"{name}_{ARITHMETIC[node.type]}({', '.join(arguments)})"
    if name == "clamp":
        suffix = ARITHMETIC[node.type]
        return f"min_{suffix}(max_{suffix}({arguments[0]}, {arguments[1]}), {arguments[2]})"
    dtype = node.dtype
    if dtype is None:
        raise AssertionError(f"builtin {name!r} without a storage type")
    if name == "decode":
        pattern = f"({arguments[0]} & 15u)" if dtype.bits == 4 else arguments[0]
        return f"load_{dtype.name}(({storage_type(dtype)}){pattern})"
    if name == "encode":
        return f"((uint32_t)store_{dtype.name}({arguments[0]}))"
    if name == "round_to":
        return f"load_{dtype.name}(store_{dtype.name}({arguments[0]}))"
    raise AssertionError(f"the native engine has no builtin {name!r}")
