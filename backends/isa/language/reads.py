"""Reads of ``out`` windows that see nothing, told from the text of a body."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from backends.isa.language.source import targets

Node = ast.stmt | ast.expr


def unwritten_read(tree: ast.FunctionDef, windows: Iterable[str]) -> ast.Subscript | None:
    """The first element of an ``out`` window, one of those named or opened in the body, that is read where nothing can have
    written to the window. Inside of a loop, any of its assignments may have; an ``rd[i] += x`` not before it has read."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr)]
    opened = (target for node in nodes if _opens(node) for target in targets(node))
    names = {*windows, *(target.id for target in opened if isinstance(target, ast.Name))}
    loops = [node for node in nodes if isinstance(node, ast.For)]  # outer ones first
    added = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
    reads = [n for n in nodes if isinstance(n, ast.Subscript) and (isinstance(n.ctx, ast.Load) or n in added)]
    for read in sorted(reads, key=_start):
        if (name := _window(read)) not in names:
            continue
        loop = next((loop for loop in loops if _within(read, loop)), None)
        writes = (node for node in nodes if any(_window(target) == name for target in targets(node)))
        if not any(_may_precede(write, read, loop) for write in writes):
            return read
    return None


def _may_precede(write: Node, read: ast.Subscript, loop: ast.For | None) -> bool:
    if _end(write) <= _start(read):
        return True
    own = isinstance(write, ast.AugAssign) and _within(read, write)
    return loop is not None and _within(write, loop) and not own


def _opens(node: Node) -> bool:
    call = node.value if isinstance(node, ast.Assign) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Out"


def _window(node: ast.expr) -> str | None:
    return node.value.id if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) else None


def _within(inner: Node, outer: Node) -> bool:
    return _start(outer) <= _start(inner) and _end(inner) <= _end(outer)


def _start(node: Node) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: Node) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or 0
