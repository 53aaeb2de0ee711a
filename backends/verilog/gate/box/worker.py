"""The gate's program inside the box: reads a request, writes what it found.

In a folder with ``request.json`` (the fields of `elaborate.Top`) and ``kernel.v``, `main` leaves ``result.json``. It prints one
line once slang is loaded, so that a broken installation is never mistaken for a text that broke the parser.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from . import canonical, elaborate, macros, structure
from .place import Places
from .problem import Problem, RefusedError, portable, stop_at

READY = "slang is loaded"


def main() -> None:
    """Runs one request in the current folder."""
    sys.setrecursionlimit(10_000)
    sys.stdout.write(READY + "\n")
    sys.stdout.flush()
    request = json.loads(Path("request.json").read_text(encoding="utf-8"))
    ports = request["ports"]
    named = None if ports is None else {name: (direction, width) for name, direction, width in ports}
    top = elaborate.Top(request["top"], named, request["parameters"], request["hardware"])
    result = check(Path("kernel.v").read_text(encoding="ascii"), top)
    Path("result.json").write_text(json.dumps(result), encoding="utf-8")


def check(text: str, top: elaborate.Top) -> dict[str, Any]:
    """Everything that the gate does to a text."""
    try:
        canonical_text, design = _pass(text, top)
    except RefusedError as stop:
        return {"text": None, "parameters": [], "problems": portable(stop.problems)}
    except MemoryError:
        problem = Problem(0, 0, "memory", "the design is too large to elaborate", "use fewer or smaller instances")
        return {"text": None, "parameters": [], "problems": portable([problem])}
    return {"text": canonical_text, "parameters": list(design.parameters), "problems": portable(design.problems)}


def _pass(text: str, top: elaborate.Top) -> tuple[str, elaborate.Design]:
    macros.check(text)
    tree, manager = elaborate.parse(text)
    inspector = structure.Inspector(tree.root, Places(manager), top.hardware)
    inspected = inspector.problems
    errors = elaborate.syntax_errors(tree, manager)
    stop_at([p for p in inspected if p.message.startswith("the directive")])  # what follows an include is not the kernel's
    stop_at(_without_echoes(inspected, errors))
    for name in structure.recursive(inspector.calls) if top.hardware else ():
        message = f"{name!r} calls itself"
        raise RefusedError(
            [Problem(0, 0, "not_synthesizable", message, "hardware has no stack: write a for loop with constant bounds")]
        )
    clean = canonical.render(inspector.tokens, Places(manager))
    again, again_manager = elaborate.parse(clean)
    if not canonical.same(inspector.tokens, structure.Inspector(again.root, Places(again_manager), top.hardware).tokens):
        raise RefusedError([Problem(0, 0, "source_reject", "the text reads differently without its macros", "write macros out")])
    design = elaborate.elaborate(again, again_manager, top)
    warnings = [problem for problem in inspected if not problem.failure]
    return clean, elaborate.Design(design.parameters, (*warnings, *design.problems))


def _without_echoes(inspected: list[Problem], errors: list[Problem]) -> list[Problem]:
    """Refusals and syntax errors together; the refusals alone where the syntax errors come behind the first of them."""
    refused = sorted(problem for problem in inspected if problem.failure)
    if refused and errors and refused[0].line <= min(error.line for error in errors):
        return refused
    return [*errors, *(refused if not errors else ())]
