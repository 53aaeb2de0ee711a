"""The text of bodies and helpers, as their author wrote them."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from backends.isa.architecture import Architecture
from backends.isa.definition import Helper

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


def helper_text(helper: Helper) -> str:
    """A helper with its signature and docstring, without the decorator."""
    lines, tree = _parsed(helper.function)
    return _readable(lines[tree.body[0].lineno - 1 :])


def helpers(architecture: Architecture) -> dict[str, Helper]:
    """The helpers that this architecture's bodies call, in the order of `Architecture.functions`."""
    found: dict[str, Helper] = {}
    waiting = [instruction.function for instruction in architecture.instructions]
    seen = set()
    while waiting:
        for helper in _called(waiting.pop()):
            if helper.name not in seen:
                seen.add(helper.name)
                found[helper.name] = helper
                waiting.append(helper.function)
    return {name: found[name] for name in architecture.functions if name in found}


def _called(function: Callable[..., Any]) -> Iterator[Helper]:
    space = function.__globals__
    return (space[name] for name in function.__code__.co_names if isinstance(space.get(name), Helper))


def _readable(lines: list[str]) -> str:
    """Lines without what only linters read."""
    return textwrap.dedent("\n".join(_LINT.sub("", line) for line in lines)).strip("\n")


def _parsed(function: Callable[..., Any]) -> tuple[list[str], ast.Module]:
    text = textwrap.dedent(inspect.getsource(function))
    return text.splitlines(), ast.parse(text)
