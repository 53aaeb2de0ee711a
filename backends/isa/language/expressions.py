"""Python expressions to `ir` expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from backends.isa.definition import Helper, Loops, Procedure
from backends.isa.dtypes import ValueType
from backends.isa.language import ir
from backends.isa.language.facts import recalled, steady
from backends.isa.language.instead import GUIDE, unsupported
from backends.isa.language.scope import Scope, Shaped
from backends.isa.language.typed import (
    INTEGERS,
    RuleError,
    Typed,
    binary,
    boolean,
    bounded,
    cast,
    compare,
    full,
    integer,
    invert,
    join,
    negate,
    single,
    unify,
)
from backends.isa.pipeline import PARTS
from harness.errors import did_you_mean

_BINARY: Mapping[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.LShift: "<<", ast.RShift: ">>",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
_COMPARE: Mapping[type, str] = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_UNARY_F32 = ("sqrt", "floor", "rint")
CASTS = ("i32", "u32", "i64", "u64", "f32")


def expression(node: ast.expr, scope: Scope) -> Typed:
    """The typed expression of a Python expression. RuleError if the language has no such thing."""
    return recalled(scope, _expression(node, scope))


def _expression(node: ast.expr, scope: Scope) -> Typed:
    match node:
        case ast.Constant(value=bool(value)):
            return boolean(value)
        case ast.Constant(value=int(value)):
            return integer(value)
        case ast.Constant(value=float(value)):
            return single(value)
        case ast.Name(id=name):
            return scope.name(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return binary(_BINARY[type(op)], expression(left, scope), expression(right, scope))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return negate(expression(operand, scope))
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return invert(expression(operand, scope))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            test = condition(operand, scope)
            return boolean(not test.constant) if test.constant is not None else Typed(ir.Not(test.expr))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            return compare(_COMPARE[type(op)], expression(left, scope), expression(right, scope))
        case ast.Compare(ops=[_, _, *_]):
            raise RuleError("a chain of comparisons", "write a <= b and b < c")
        case ast.BoolOp(op=op, values=values):
            return _logic("and" if isinstance(op, ast.And) else "or", [condition(v, scope) for v in values])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _select(condition(test, scope), body, orelse, scope)
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            return _element(name, index, scope)
        case ast.Attribute(value=ast.Name(id=name), attr="value"):
            return _register(name, scope)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, arguments, scope)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=arguments, keywords=[]):
            return _loops(name, method, arguments, scope)
    raise unsupported(node)


def condition(node: ast.expr, scope: Scope) -> Typed:
    """A condition: a bool, or a constant int such as a parameter (0 is false)."""
    value = expression(node, scope)
    if value.type == "int" and value.constant is not None:
        return boolean(bool(value.constant))
    if value.type != "bool":
        raise RuleError(f"{ast.unparse(node)!r} is {value.type}, not a condition", f"compare it: {ast.unparse(node)} != 0")
    return value


def _logic(op: Any, values: list[Typed]) -> Typed:
    decisive = op == "or"
    open_values = [value for value in values if value.constant is not (not decisive)]
    if any(value.constant is decisive for value in values[:1]):
        return boolean(decisive)
    if not open_values:
        return boolean(not decisive)
    result = open_values[0]
    for value in open_values[1:]:
        result = Typed(ir.Logic(op, result.expr, value.expr))
    return result


def _select(test: Typed, body: ast.expr, orelse: ast.expr, scope: Scope) -> Typed:
    if test.constant is not None:
        return expression(body if test.constant else orelse, scope)
    then, other = expression(body, scope), expression(orelse, scope)
    if then.type == "int":
        then = taking(then, other.type, body, scope, "the value before if")
    other = taking(other, then.type, orelse, scope, "the value after else")
    return join(then, other, ir.Select(then.type, test.expr, then.expr, other.expr))


def flat_index(shaped: Shaped, node: ast.expr, scope: Scope) -> ir.Expr:
    """The flat index of an element, proven to be in range in every dimension."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    if len(parts) != len(shaped.shape):
        raise RuleError(
            f"{shaped.name}[{ast.unparse(node)}] has {len(parts)} indices", f"{shaped.name} has shape {list(shaped.shape)}"
        )
    flat = integer(0)
    for part, extent in zip(parts, shaped.shape, strict=True):
        index = expression(part, scope)
        if not index.is_integer:
            raise RuleError(f"index {ast.unparse(part)!r} is {index.type}", "an index is an integer")
        if index.low < 0 or index.high >= extent:
            raise RuleError(
                f"index {ast.unparse(part)!r} of {shaped.name!r} may be {index.low} to {index.high}, its size is {extent}",
                f"prove it: {_proof(part, index, extent)}, % {extent}, or clamp(..., 0, {extent - 1})",
            )
        step = integer(extent)
        flat = binary(
            "+",
            binary("*", flat, step),
            Typed(ir.Cast("int", index.expr), index.low, index.high) if index.type != "int" else index,
        )
    return flat.expr


def _proof(node: ast.expr, index: Typed, extent: int) -> str:
    """Statements that keep an index in range."""
    start, text = "", ast.unparse(node)
    if not steady(index.expr) or isinstance(node, ast.IfExp):
        start, text = f"put it into a variable, n = {text}, and ", "n"
    limits = [f"{text} >= 0"] * (index.low < 0) + [f"{text} < {extent}"] * (index.high >= extent)
    return f"{start}require({' and '.join(limits)}, ...)"


def state_index(name: str, node: ast.expr, scope: Scope) -> tuple[ir.Expr, bool]:
    """Index into a memory or register file, and whether it is proven to be in range."""
    memory = scope.memory(name)
    index = expression(node, scope)
    if memory is None or not index.is_integer:
        raise RuleError(f"index {ast.unparse(node)!r} of {name!r} is {index.type}", "an index is an integer")
    return index.expr, index.low >= 0 and index.high < memory.size and not memory.regions


def bytes_of(nodes: list[ast.expr], scope: Scope) -> tuple[str, ir.Expr, ir.Expr, bool]:
    """Memory, address and number of bytes of ``load(mem, address, bytes)``, and whether they are proven to exist."""
    name = nodes[0].id if isinstance(nodes[0], ast.Name) else ""
    memory = scope.memory(name)
    if memory is None or memory.dtype.name != "u8":
        raise RuleError(f"{ast.unparse(nodes[0])!r} is no memory of bytes", "load(mem, address, bytes), mem declared with u8")
    index, count = expression(nodes[1], scope), as_int(expression(nodes[2], scope))
    if not index.is_integer:
        raise RuleError(f"address {ast.unparse(nodes[1])!r} is {index.type}", "an address is an integer")
    if not 1 <= count.low <= count.high <= 4:
        raise RuleError(f"{ast.unparse(nodes[2])!r} is {count.low} to {count.high} bytes", "1 to 4; clamp(..., 1, 4)")
    proven = index.low >= 0 and index.high + count.high <= memory.size and not memory.regions
    return memory.name, index.expr, count.expr, proven


def part_of_work(node: ast.expr, scope: Scope) -> ir.Expr:
    """Which part of its work an instruction speaks of. RuleError unless it is provably one of `PARTS`."""
    part = as_int(expression(node, scope))
    if part.low < 0 or part.high >= PARTS:
        raise RuleError(f"part {ast.unparse(node)!r} may be {part.low} to {part.high}", f"0 to {PARTS - 1}")
    return part.expr


def _load(nodes: list[ast.expr], scope: Scope) -> Typed:
    memory, index, count, proven = bytes_of(nodes, scope)
    if not proven:
        scope.can_trap()
    most = 8 * int(count.value) if isinstance(count, ir.Const) else 32
    return Typed(ir.StateLoad("u32", memory, index, proven, count), 0, (1 << most) - 1)


def _element(name: str, node: ast.expr, scope: Scope) -> Typed:
    if (shaped := scope.shaped.get(name)) is not None:
        index = flat_index(shaped, node, scope)
        load = ir.ArrayLoad if shaped.direction == "local" else ir.WindowLoad
        return full(load(shaped.type, shaped.name, index))
    if (memory := scope.memory(name)) is not None and not memory.single:
        index, proven = state_index(name, node, scope)
        if not proven:
            scope.can_trap()
        return _stored(ir.StateLoad(memory.dtype.compute, memory.name, index, proven), memory.dtype.bits)
    scope.name(name)  # says what is unknown about it
    raise RuleError(f"{name!r} has no elements", "windows, local arrays, memories and register files have")


def _stored(load: ir.Expr, bits: int) -> Typed:
    if load.type == "u32":
        return Typed(load, 0, (1 << bits) - 1)
    return Typed(load, -(1 << (bits - 1)), (1 << (bits - 1)) - 1) if load.type == "i32" else full(load)


def _register(name: str, scope: Scope) -> Typed:
    memory = scope.memory(name)
    if memory is None or not memory.single:
        raise RuleError(f"{name}.value", "only single registers, made with isa.register(...), have a value")
    return _stored(ir.StateLoad(memory.dtype.compute, memory.name, ir.Const("int", 0), proven=True), memory.dtype.bits)


def _loops(name: str, method: str, arguments: list[ast.expr], scope: Scope) -> Typed:
    if not isinstance(scope.globals.get(name), Loops) or method not in ("find", "body", "depth"):
        raise RuleError(f"{name}.{method}(...) has no value", "loops.find(register), loops.body(position) and loops.depth() have")
    scope.impure(f"{name}.{method}(...)")
    if len(arguments) != (method != "depth"):
        raise RuleError(f"{name}.{method} takes {int(method != 'depth')} argument(s)", "loops.find(register), loops.depth()")
    values = tuple(as_int(expression(a, scope)).expr for a in arguments)
    return Typed(ir.LoopsQuery(method, values), -1 if method == "find" else 0, 1 << 31)  # type: ignore[arg-type]


def as_int(value: Typed) -> Typed:
    """An integer as ``int``, its range kept."""
    if not value.is_integer:
        raise RuleError(f"a {value.type} where an integer is needed", "convert it: i32(...)")
    return value if value.type == "int" else Typed(ir.Cast("int", value.expr), value.low, value.high)


def _call(name: str, nodes: list[ast.expr], scope: Scope) -> Typed:
    helper = scope.globals.get(name)
    if isinstance(helper, Helper):
        return _helper(scope.context.helper(helper), nodes, scope)
    if isinstance(helper, Procedure):
        raise RuleError(f"{name}(...) in an expression", f"a procedure is a statement: x = {name}(...), then use x")
    if name == "index":
        if len(nodes) == 1 and isinstance(nodes[0], ast.Name) and nodes[0].id in scope.operands.registers:
            return Typed(ir.OperandIndex(nodes[0].id), 0, scope.operands.registers[nodes[0].id])
        raise RuleError(f"index({', '.join(map(ast.unparse, nodes))})", "index takes a register operand of the instruction")
    if name == "pc" and not nodes:
        scope.impure("pc()")
        return Typed(ir.Pc(), 0, 1 << 31)
    if name in ("round_to", "encode", "decode"):
        return _storage(name, nodes, scope)
    if name == "load" and len(nodes) == 3:
        return _load(nodes, scope)
    if name == "readable" and len(nodes) == 3:
        memory, at, size, _ = bytes_of(nodes, scope)
        return Typed(ir.Readable(memory, at, size))
    if name in CASTS and len(nodes) == 1:
        return cast(expression(nodes[0], scope), name)  # type: ignore[arg-type]
    if name not in _BUILTINS:
        if isinstance(helper, FunctionType) and helper.__module__ == scope.globals.get("__name__"):
            raise RuleError(f"{name!r} is a plain function", "put @function above a helper, @procedure above a part of bodies")
        raise RuleError(
            f"unknown function {name!r}", f"a helper made with @function, or a builtin{did_you_mean(name, [*_BUILTINS, *CASTS])}"
        )
    count, make = _BUILTINS[name]
    if len(nodes) != count:
        raise RuleError(f"{name} takes {count} argument(s), not {len(nodes)}", GUIDE)
    return make(name, [expression(node, scope) for node in nodes])


def _helper(helper: ir.Function, nodes: list[ast.expr], scope: Scope) -> Typed:
    if len(nodes) != len(helper.parameters):
        raise RuleError(
            f"{helper.name} takes {len(helper.parameters)} argument(s), not {len(nodes)}", "give every parameter a value"
        )
    arguments = [
        of_type(expression(node, scope), wanted, f"argument {name!r} of {helper.name}")
        for node, (name, wanted) in zip(nodes, helper.parameters, strict=True)
    ]
    return full(ir.Call(helper.returns, helper.name, tuple(a.expr for a in arguments)))


def of_type(value: Typed, wanted: ValueType, what: str) -> Typed:
    """The value, where an ``int`` takes the wanted type and anything else must have it."""
    if value.type == wanted:
        return value
    if value.type == "int" and wanted != "bool":
        return cast(value, wanted)
    hint = "compare it" if wanted == "bool" else f"convert it: {wanted}(...)"
    if wanted == "int":
        hint = f"an int is known when the definition is loaded; make the other one {value.type}(...)"
    raise RuleError(f"{what} is {value.type}, not {wanted}", hint)


def taking(value: Typed, wanted: ValueType, node: ast.expr, scope: Scope, what: str) -> Typed:
    """As `of_type`, where Python alone would leave an ``int`` what it is: the conversion is noted."""
    if value.type == "int" and wanted not in ("int", "bool"):
        scope.conversions[scope.span(node)] = wanted
    return of_type(value, wanted, what)


def _storage(name: str, nodes: list[ast.expr], scope: Scope) -> Typed:
    dtype = scope.dtype(nodes[0].id) if len(nodes) == 2 and isinstance(nodes[0], ast.Name) else None
    if dtype is None or not dtype.is_float:
        raise RuleError(
            f"{name}({', '.join(map(ast.unparse, nodes))})", f"{name}(bf16, x): a floating storage type, then a value"
        )
    value = of_type(expression(nodes[1], scope), "u32" if name == "decode" else "f32", f"the value of {name}")
    made = ir.Builtin("u32" if name == "encode" else "f32", name, (value.expr,), dtype)
    return Typed(made, 0, (1 << dtype.bits) - 1) if name == "encode" else full(made)


def _f32(value: Typed, name: str) -> ir.Expr:
    return of_type(value, "f32", f"the argument of {name}").expr


def _float_function(name: str, values: list[Typed]) -> Typed:
    return full(ir.Builtin("f32", name, (_f32(values[0], name),)))


def _extreme(name: str, values: list[Typed]) -> Typed:
    left, right = unify(values[0], values[1], name)
    if left.type == "bool":
        raise RuleError(f"{name} of conditions", "use and, or")
    pick = min if name == "min" else max
    if left.type == "int" and isinstance(left.constant, int) and isinstance(right.constant, int):
        return integer(pick(left.constant, right.constant))
    return Typed(ir.Builtin(left.type, name, (left.expr, right.expr)), pick(left.low, right.low), pick(left.high, right.high))


def _absolute(name: str, values: list[Typed]) -> Typed:
    value = values[0]
    if value.type == "f32":
        return full(ir.Builtin("f32", name, (value.expr,)))
    if not value.is_integer:
        raise RuleError(f"{name} of {value.type}", "numbers have an absolute value")
    low = 0 if value.low <= 0 <= value.high else min(abs(value.low), abs(value.high))
    return bounded(ir.Builtin(value.type, name, (value.expr,)), low, max(abs(value.low), abs(value.high)))


def _clamp(name: str, values: list[Typed]) -> Typed:
    value, low, high = values
    ends = (low.constant, high.constant)
    if not value.is_integer or not all(type(end) is int for end in ends) or low.low > high.low:
        raise RuleError(f"{name}(x, {ends[0]}, {ends[1]})", "an integer and two constants, low <= high")
    least, most = INTEGERS.get(value.type, (low.low, high.high))
    if not least <= low.low <= high.low <= most:
        raise RuleError(f"{name}(x, {ends[0]}, {ends[1]}) of a {value.type}", f"ends in the type's own range, {least} to {most}")
    arguments = (value.expr, cast(low, value.type).expr, cast(high, value.type).expr)
    return bounded(ir.Builtin(value.type, name, arguments), low.low, high.low)


def _bits(name: str, values: list[Typed]) -> Typed:
    return full(ir.Builtin("u32", name, (_f32(values[0], name),)))


def _from_u32(name: str, values: list[Typed]) -> Typed:
    value = of_type(values[0], "u32", f"the argument of {name}").expr
    return (
        full(ir.Builtin("f32", name, (value,))) if name == "float_from_bits" else Typed(ir.Builtin("u32", name, (value,)), 0, 32)
    )


def _is_nan(name: str, values: list[Typed]) -> Typed:
    return Typed(ir.Builtin("bool", name, (_f32(values[0], name),)))


def _exponent(name: str, values: list[Typed]) -> Typed:
    return Typed(ir.Builtin("i32", name, (_f32(values[0], name),)), -1000, 1000)


def _scale_by(name: str, values: list[Typed]) -> Typed:
    power = of_type(values[1], "i32", f"the power of {name}")
    return full(ir.Builtin("f32", name, (_f32(values[0], name), power.expr)))


_BUILTINS: Mapping[str, tuple[int, Callable[[str, list[Typed]], Typed]]] = {
    **dict.fromkeys(_UNARY_F32, (1, _float_function)),
    "min": (2, _extreme), "max": (2, _extreme), "abs": (1, _absolute), "clamp": (3, _clamp), "bits": (1, _bits),
    "float_from_bits": (1, _from_u32), "count_leading_zeros": (1, _from_u32), "is_nan": (1, _is_nan), "exponent": (1, _exponent),
    "scale_by": (2, _scale_by),
}  # fmt: skip
assert set(CASTS) - {"f32"} == set(INTEGERS)
