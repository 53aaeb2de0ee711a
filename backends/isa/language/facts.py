"""What conditions that hold tell of integers: ranges of variables and operands, and of other expressions such as ``vl.value`` or
``i - 1``, for which `Scope.facts` has them as long as no variable in them is assigned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from backends.isa.language import ir
from backends.isa.language.scope import Facts, Scope
from backends.isa.language.typed import INT_LIMIT, INTEGERS, Typed, narrowed

_CHANGING = (ir.ArrayLoad, ir.WindowLoad, ir.LoopsQuery)
"""What a body may change while it runs; memories and registers keep their values until its end."""
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def learn(scope: Scope, decision: ir.Expr, holds: bool) -> None:
    """Narrows ranges by a condition that is known to hold or not."""
    if isinstance(decision, ir.Not):
        learn(scope, decision.value, not holds)
    elif isinstance(decision, ir.Logic) and (decision.op == "and") == holds:
        learn(scope, decision.left, holds)
        learn(scope, decision.right, holds)
    elif isinstance(decision, ir.Compare):
        op = decision.op if holds else _OPPOSITE[decision.op]
        _narrow(scope, decision.left, op, decision.right)
        _narrow(scope, decision.right, _MIRRORED[op], decision.left)


def _narrow(scope: Scope, subject: ir.Expr, op: str, other: ir.Expr) -> None:
    if not isinstance(other, ir.Const) or other.type not in ("int", *INTEGERS):
        return
    limit = Typed(other, int(other.value), int(other.value))
    while isinstance(subject, ir.Cast) and subject.type == "int" and subject.value.type in INTEGERS:
        subject = subject.value
    name = subject.name.removeprefix(scope.prefix) if isinstance(subject, ir.Local) else ""
    if isinstance(subject, ir.Local) and subject.name.startswith(scope.prefix) and name in scope.locals:
        scope.locals[name] = narrowed(scope.locals[name], op, limit)
    elif isinstance(subject, ir.OperandValue):
        values = dict(scope.operands.values)
        values[subject.name] = narrowed(values[subject.name], op, limit)
        scope.operands = replace(scope.operands, values=values)
    elif steady(subject):
        value = narrowed(recalled(scope, Typed(subject, *INTEGERS.get(subject.type, (-INT_LIMIT, INT_LIMIT)))), op, limit)
        scope.facts = {**scope.facts, subject: (value.low, value.high)}


def recalled(scope: Scope, value: Typed) -> Typed:
    """The value in the range that is known of it."""
    if not scope.facts or (fact := scope.facts.get(value.expr)) is None:
        return value
    low, high = max(value.low, fact[0]), min(value.high, fact[1])
    return replace(value, low=low, high=high) if low <= high else value


def steady(expr: ir.Expr) -> bool:
    """Whether an expression keeps its value until a variable in it is assigned."""
    return not any(isinstance(part, _CHANGING) for part in _parts(expr))


def without(facts: Facts, variables: Iterable[str]) -> Facts:
    """Facts that do not speak of variables."""
    gone = {*variables}
    return {
        expr: fact
        for expr, fact in facts.items()
        if not any(isinstance(part, ir.Local) and part.name in gone for part in _parts(expr))
    }


def both(one: Facts, other: Facts) -> Facts:
    """What is known where two paths meet."""
    return {expr: (min(fact[0], other[expr][0]), max(fact[1], other[expr][1])) for expr, fact in one.items() if expr in other}


def _parts(expr: ir.Expr) -> Iterator[ir.Expr]:
    yield expr
    for value in vars(expr).values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, ir.Expr):
                yield from _parts(part)
