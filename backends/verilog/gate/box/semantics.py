"""The look at an elaborated design: rules that need types, constants or the place that a name leads to."""

from __future__ import annotations

from typing import Any

from pyslang import ast

from .place import Places
from .problem import Problem, RefusedError
from .rules import MISTAKE

NODES = 2_000_000
"""Expressions and declarations looked at in all instances together."""
STEPS = 65_536
"""Steps of a loop in a procedure whose bound is a constant."""
INSTANCES = 20_000
"""Instances of modules in a design."""
_HINT_SIZE = "use fewer or smaller instances"


_Key = tuple[str, tuple[str, ...]]


class Examiner:
    """Looks at every instance of a design; of instances with equal parameters, which are equal, at one."""

    def __init__(self, places: Places, hardware: bool = True) -> None:
        self.problems: list[Problem] = []
        self._hardware = hardware
        self._places = places
        self._nodes = 0
        self._prefix = ""
        self._found: list[Any] = []
        self._context: ast.EvalContext

    def examine(self, top: ast.InstanceSymbol, root: ast.RootSymbol) -> None:
        """Fills `problems`; raises `RefusedError` for a design that is too large to look at."""
        self._context = ast.EvalContext(top)
        for unit in root.compilationUnits:
            unit.visit(self._visit)
        children: dict[_Key, list[_Key]] = {}
        waiting: list[Any] = [top]
        while waiting:
            body = waiting.pop().body
            if (key := _key(body)) not in children:
                self._prefix, self._found = f"{body.hierarchicalPath}.", []
                self._ports(body)
                body.visit(self._visit)
                children[key] = [_key(instance.body) for instance in self._found]
                waiting += self._found
        if _instances(_key(top.body), children, {}) > INSTANCES:
            raise RefusedError([Problem(0, 0, "too_large", f"more than {INSTANCES} instances of modules", _HINT_SIZE)])

    def _visit(self, item: Any) -> ast.VisitAction:
        self._nodes += 1
        if self._nodes > NODES:
            raise RefusedError([Problem(0, 0, "too_large", f"the elaborated design has more than {NODES} parts", _HINT_SIZE)])
        if isinstance(item, ast.InstanceSymbol):
            self._found.append(item)
            for connection in item.portConnections:
                if connection.expression is not None:
                    connection.expression.visit(self._visit)
            return ast.VisitAction.Skip
        for name, rule in _RULES:
            if isinstance(item, name):
                rule(self, item)
        return ast.VisitAction.Advance

    def _hierarchical(self, item: Any) -> None:
        scope = item.symbol.parentScope
        owner = scope.containingInstance if scope is not None else None
        path = f"{owner.hierarchicalPath}." if owner is not None else ""
        if path != self._prefix:
            self._say(item, "source_reject", "names inside another module are out of reach", "connect it by a port")

    def _assignment(self, item: Any) -> None:
        if item.left.type.isUnpackedArray:
            self._say(item, MISTAKE, "a whole array cannot be assigned at once", "assign its elements in a for loop")

    def _member(self, item: Any) -> None:
        if item.value.kind in (ast.ExpressionKind.ElementSelect, ast.ExpressionKind.RangeSelect):
            hint = "copy the element to a variable of the struct's type first, or slice a plain vector"
            self._say(item, MISTAKE, "members of an element of an array cannot be selected", hint)

    def _nested_select(self, item: Any) -> None:
        inner = item.value
        if (
            inner.kind == ast.ExpressionKind.ElementSelect
            and not inner.value.type.isUnpackedArray
            and self._value(inner.selector) is None
        ):
            hint = "use one flat vector with a[8*i +: 8], or a memory: logic [7:0] a [0:N-1]"
            self._say(item, MISTAKE, "a selection from a variable element of a packed array", hint)

    def _repeat(self, item: Any) -> None:
        self._steps(item, self._value(item.count))

    def _for(self, item: Any) -> None:
        if isinstance(item.stopExpr, ast.BinaryExpression):
            bounds = (self._value(side) for side in (item.stopExpr.left, item.stopExpr.right))
            self._steps(item, max((bound for bound in bounds if bound is not None), default=None))

    def _steps(self, item: Any, steps: int | None) -> None:
        if steps is not None and steps > STEPS:
            hint = "a loop is hardware for every step: use a counter that steps once a cycle"
            self._say(item, "too_large", f"a loop of {steps} steps; the limit is {STEPS}", hint)

    def _value(self, expression: Any) -> int | None:
        """A constant's value; None for what is no constant integer."""
        found = expression.eval(self._context)
        return int(found.convertToInt().value) if found and not found.hasUnknown() else None

    def _conversion(self, item: Any) -> None:
        if not item.isImplicit and item.type.isEnum:
            self._say(item, MISTAKE, "casts to an enum", "select the name in a case statement, or keep the state in a vector")

    def _call(self, item: Any) -> None:
        if item.subroutineName == "$bits" and any(a.kind == ast.ExpressionKind.DataType for a in item.arguments):
            self._say(item, MISTAKE, "$bits of a type", "use a localparam for the width")

    def _subroutine(self, item: Any) -> None:
        if item.subroutineKind == ast.SubroutineKind.Function and item.returnType.isEnum:
            self._at(item.location, MISTAKE, "functions that return an enum", "return a vector, or use a case statement")

    def _ports(self, body: Any) -> None:
        for port in body.portList:
            kind = getattr(port, "type", None)
            if kind is not None and (kind.isStruct or kind.isEnum or kind.isPackedUnion):
                hint = "use a vector of the same width, and assign it to a variable of that type inside"
                self._at(port.location, MISTAKE, f"port {port.name!r} has a struct, union or enum type", hint)

    def _say(self, item: Any, failure: str, message: str, hint: str) -> None:
        self._at(item.sourceRange.start, failure, message, hint)

    def _at(self, location: Any, failure: str, message: str, hint: str) -> None:
        if self._hardware or failure != MISTAKE:
            self.problems.append(Problem(*self._places.of(location), failure, message, hint))


def _key(body: Any) -> _Key:
    """What makes two instances equal."""
    return body.definition.name, tuple(f"{p.name}={p.value}" for p in body.parameters if hasattr(p, "value"))


def _instances(key: _Key, children: dict[_Key, list[_Key]], known: dict[_Key, int]) -> int:
    """Instances below one, itself included; elaboration bounds how deep that goes."""
    if key not in known:
        known[key] = 1 + sum(_instances(child, children, known) for child in children[key])
    return known[key]


_RULES: tuple[tuple[type, Any], ...] = (
    (ast.HierarchicalValueExpression, Examiner._hierarchical),
    (ast.AssignmentExpression, Examiner._assignment),
    (ast.MemberAccessExpression, Examiner._member),
    (ast.ElementSelectExpression, Examiner._nested_select),
    (ast.RangeSelectExpression, Examiner._nested_select),
    (ast.RepeatLoopStatement, Examiner._repeat),
    (ast.ForLoopStatement, Examiner._for),
    (ast.ConversionExpression, Examiner._conversion),
    (ast.CallExpression, Examiner._call),
    (ast.SubroutineSymbol, Examiner._subroutine),
)
