"""The text of bodies and helpers, as their author wrote them."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from backends.isa.architecture import Architecture
from backends.isa.definition import Helper, Procedure, globals_of

_LINT = re.compile(r"[ \t]*# (?:noqa|type: ignore|fmt:).*$")


def body_text(function: Callable[..., Any]) -> str:
    """A function's body without decorator, signature and docstring; comments stay."""
    lines, tree = _parsed(function)
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    first, *rest = node.body
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    if not documented:
        start = first.lineno - 1
    elif rest:
        start = first.end_lineno or first.lineno
    else:
        return ""
    return _readable(lines[start:])


def helper_text(helper: Helper | Procedure) -> str:
    """A helper or procedure with its signature and docstring, without the decorator."""
    lines, tree = _parsed(helper.function)
    return _readable(lines[tree.body[0].lineno - 1 :])


def helpers(architecture: Architecture) -> dict[str, Helper | Procedure]:
    """What this architecture's bodies call: procedures, then helpers in the order of `Architecture.functions`."""
    found: dict[str, Helper | Procedure] = {}
    waiting = [instruction.function for instruction in architecture.instructions]
    seen = set()
    while waiting:
        for helper in _called(waiting.pop()):
            if helper.name not in seen:
                seen.add(helper.name)
                found[helper.name] = helper
                waiting.append(helper.function)
    procedures = {name: part for name, part in found.items() if isinstance(part, Procedure)}
    return procedures | {name: found[name] for name in architecture.functions if name in found}


def _called(function: Callable[..., Any]) -> Iterator[Helper | Procedure]:
    space, code = globals_of(function), function.__code__
    return (part for name in code.co_names + code.co_freevars if isinstance(part := space.get(name), Helper | Procedure))


def _readable(lines: list[str]) -> str:
    """Lines without what only linters read."""
    return textwrap.dedent("\n".join(_LINT.sub("", line) for line in lines)).strip("\n")


def _parsed(function: Callable[..., Any]) -> tuple[list[str], ast.Module]:
    text = textwrap.dedent(inspect.getsource(function))
    return text.splitlines(), ast.parse(text)
