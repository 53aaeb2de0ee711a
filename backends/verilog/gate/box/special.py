"""Constructs whose kind is allowed but not in every form: rules that need more than the name of a syntax kind.

Most stand for a sentence of Icarus 11 or Yosys 0.70 ("sorry: not supported", a syntax error, an abort) that would otherwise
meet the author of a kernel much later, and without saying what to write instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyslang.syntax import SyntaxNode

from . import rules
from .rules import MISTAKE, Refusal

Rule = Callable[[Any], Iterator[Refusal]]
"""Looks at a node (its class is slang's for the kind; stubs do not tie the two) and yields what is wrong with it."""
_SELECTABLE = ("IdentifierName", "IdentifierSelectName", "ScopedName", "ElementSelectExpression", "MemberAccessExpression")
_METHODS = frozenset({"next", "prev", "first", "last", "num", "name", "size", "len", "sum", "product", "reverse", "min", "max"})
"""Built-in methods of enums, strings and arrays: a mistake, where any other name with a dot would be a way out."""
_PROCEDURES = ("SequentialBlockStatement", "FunctionDeclaration", "TaskDeclaration")


def _net_type(node: Any) -> Iterator[Refusal]:
    kind = node.netType.kind.name
    if node.netType and kind not in rules.NET_TYPES:
        yield Refusal(f"nets of type {node.netType.rawText}", "use wire, with one driver", MISTAKE)


def _gate(node: Any) -> Iterator[Refusal]:
    if node.type.kind.name not in rules.GATES:
        yield Refusal(f"primitives of type {node.type.rawText}", "use assign: outputs drive 0 or 1, never Z", MISTAKE)


def _packed(node: Any) -> Iterator[Refusal]:
    if not node.packed:
        yield Refusal(f"unpacked {node.keyword.rawText}s", f"write {node.keyword.rawText} packed", MISTAKE)


def _enum(node: Any) -> Iterator[Refusal]:
    if any(_children(member.dimensions) for member in _children(node.members)):
        yield Refusal("ranges of enum names", "name every value", MISTAKE)


def _parameter(node: Any) -> Iterator[Refusal]:
    for declarator in _children(node.declarators):
        if declarator.initializer is None:
            yield Refusal(
                "parameters without a default", "give it any: the harness sets the workload's parameters", "port_contract"
            )
    if len(_children(getattr(node.type, "dimensions", []))) > 1:
        yield Refusal("parameters with several packed dimensions", "use one vector and slice it: K[8*i +: 8]", MISTAKE)
    if node.type.kind.name != "ImplicitType" and getattr(node.type, "signing", None) and "Int" in node.type.kind.name:
        yield Refusal("signed or unsigned behind int in a parameter", "write parameter int, or parameter [31:0]", MISTAKE)


def _port(node: Any) -> Iterator[Refusal]:
    if _children(node.declarator.dimensions):
        yield _ARRAY_PORT


def _old_port(node: Any) -> Iterator[Refusal]:
    if any(_children(declarator.dimensions) for declarator in _children(node.declarators)):
        yield _ARRAY_PORT


_ARRAY_PORT = Refusal("array ports", "flatten it to one vector, and slice it: a[8*i +: 8]", MISTAKE)


def _data(node: Any) -> Iterator[Refusal]:
    if node.parent.kind.name not in _PROCEDURES:
        return
    if any(declarator.initializer is not None for declarator in _children(node.declarators)):
        yield Refusal("initial values of variables of a block", "declare the variable, then assign it", MISTAKE)
    if any(token.kind.name == "AutomaticKeyword" for token in node.modifiers):
        yield Refusal("automatic variables of a block", "leave out automatic, and assign before use", MISTAKE)


def _function_port(node: Any) -> Iterator[Refusal]:
    function = node.parent.parent.parent.kind.name == "FunctionDeclaration"
    if function and node.direction.kind.name in ("OutputKeyword", "InOutKeyword"):
        yield Refusal("output arguments of functions", "return the value, or write a task", MISTAKE)
    if node.declarator.initializer is not None:
        yield Refusal("defaults of arguments", "pass every argument", MISTAKE)


def _function_result(node: Any) -> Iterator[Refusal]:
    """Members of a function's result: ``f.x = a``."""
    outer = node.parent
    while outer is not None and outer.kind.name != "FunctionDeclaration":
        outer = outer.parent
    if outer is not None and node.separator.rawText == "." and str(node.left).strip() == str(outer.prototype.name).strip():
        yield Refusal("assignments to members of a function's result", "assign the whole result: f = {a, b}", MISTAKE)


def _condition(node: Any) -> Iterator[Refusal]:
    if node.uniqueOrPriority:
        word = node.uniqueOrPriority.rawText
        yield Refusal(f"{word} if statements", f"leave out {word}, or write {word} case", MISTAKE)


def _case(node: Any) -> Iterator[Refusal]:
    if node.matchesOrInside:
        yield Refusal(f"case ... {node.matchesOrInside.rawText} statements", "list the values, or use casez", MISTAKE)


def _for(node: Any) -> Iterator[Refusal]:
    if len(_children(node.initializers)) != 1 or len(_children(node.steps)) != 1:
        yield Refusal("for loops with other than one variable and one step", "for (i = 0; i < N; i = i + 1)", MISTAKE)


def _loop(node: Any) -> Iterator[Refusal]:
    if node.repeatOrWhile.kind.name == "WhileKeyword" and not inside(node, "FunctionDeclaration"):
        yield Refusal("while loops outside functions", "use a for loop with constant bounds", MISTAKE)


def _always(node: Any) -> Iterator[Refusal]:
    if node.statement.kind.name != "TimingControlStatement":
        yield Refusal("always blocks without an event", "write always @(posedge clk) or always @*")


def _timing(node: Any) -> Iterator[Refusal]:
    if node.parent.kind.name not in ("AlwaysBlock", "AlwaysFFBlock"):
        yield Refusal("events inside a block", "write one @(posedge clk), right behind always; keep the state in a register")


def _call(node: Any) -> Iterator[Refusal]:
    if getattr(getattr(node.left, "separator", None), "rawText", "") != ".":
        return
    if str(node.left.right).strip() in _METHODS:
        yield Refusal("methods", "write the expression out", MISTAKE)
    else:
        yield Refusal("calls of functions and tasks of another module", "write the function in this module")


def _select(node: Any) -> Iterator[Refusal]:
    if node.left.kind.name not in _SELECTABLE:
        yield Refusal("selections from an expression", "name the expression with a wire, and select from that", MISTAKE)


def _import(node: Any) -> Iterator[Refusal]:
    if node.parent is not None and node.parent.kind.name != "CompilationUnit":
        yield Refusal("package imports in a module", "write pkg::NAME, or import in front of the module", MISTAKE)


def _package_type(node: Any) -> Iterator[Refusal]:
    if node.parent is None or node.parent.kind.name != "PackageDeclaration":
        return
    plain = node.type.kind.name in ("LogicType", "BitType", "RegType", "IntType", "IntegerType", "ByteType")
    sizes = [str(dimension).strip(" []") for dimension in _children(getattr(node.type, "dimensions", []))]
    if not plain or not all(size.replace(":", "").replace(" ", "").isdigit() for size in sizes):
        what = "types in a package, other than vectors with a width in numbers,"
        yield Refusal(what, "declare the type in front of the modules, outside the package", MISTAKE)


RULES: dict[str, Rule] = {
    "TypedefDeclaration": _package_type,
    "PackageImportDeclaration": _import,
    "NetDeclaration": _net_type,
    "NetPortHeader": _net_type,
    "PrimitiveInstantiation": _gate,
    "StructType": _packed,
    "UnionType": _packed,
    "EnumType": _enum,
    "ParameterDeclaration": _parameter,
    "ImplicitAnsiPort": _port,
    "PortDeclaration": _old_port,
    "DataDeclaration": _data,
    "FunctionPort": _function_port,
    "ScopedName": _function_result,
    "ConditionalStatement": _condition,
    "CaseStatement": _case,
    "ForLoopStatement": _for,
    "LoopStatement": _loop,
    "AlwaysBlock": _always,
    "TimingControlStatement": _timing,
    "InvocationExpression": _call,
    "ElementSelectExpression": _select,
}
"""By syntax kind."""


def inside(node: SyntaxNode, kind: str) -> bool:
    """Whether a node stands somewhere in a node of another kind."""
    outer: SyntaxNode | None = node.parent
    while outer is not None and outer.kind.name != kind:
        outer = outer.parent
    return outer is not None


def _children(listed: Any) -> list[Any]:
    """The nodes of a list, without its separators."""
    return [item for item in listed if isinstance(item, SyntaxNode)]
