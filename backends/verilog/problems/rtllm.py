"""RTLLM 2.0: 50 designs with a description, a bench that prints whether it passed, and a verified solution.

Layout of a checkout: somewhere below, a folder per design with ``design_description.txt`` (which names the module),
``testbench.v``, ``verified_*.v`` and the data files that the bench reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from backends.verilog.problems.importing import import_all, text_of
from backends.verilog.problems.problem import Problem
from harness.errors import UsageError
from harness.suites import ImportReport, ImportRequest, Skipped

DESCRIPTION = "design_description.txt"
_TOP = re.compile(r"module name\s*:\s*(\w+)", re.IGNORECASE)
_MODULE = re.compile(r"^\s*module\s+(\w+)", re.MULTILINE)
_VERIFIED = re.compile(r"(\bmodule\s+)verified_\w+")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_DATA = (".txt", ".dat", ".hex", ".mem")


def import_checkout(request: ImportRequest) -> ImportReport:
    """Imports all designs. UsageError for a prompt style, of which there is only one."""
    if request.style is not None:
        raise UsageError(f"rtllm has no prompt style {request.style!r}", "leave out --style: it has one")
    return import_all(request, "rtllm", "RTLLM 2.0", _problems(request.checkout))


def _problems(checkout: Path) -> Iterator[Problem | Skipped]:
    for description in sorted(checkout.rglob(DESCRIPTION)):
        folder = description.parent
        prompt, bench = text_of(description).strip(), folder / "testbench.v"
        named, solutions = _TOP.search(prompt), sorted(folder.glob("verified_*.v"))
        if named is None or not bench.is_file() or not solutions:
            yield Skipped(name=folder.name, reason="no module name in its description, no testbench.v or no verified_*.v")
            continue
        text = text_of(bench)
        root = _root(text)
        if root is None:
            yield Skipped(name=folder.name, reason="its testbench.v has no module that nothing else instantiates")
            continue
        yield Problem(
            id=folder.name,
            name=folder.name.lower(),
            top=named[1],
            prompt=prompt,
            bench=text,
            bench_top=root,
            reference=_VERIFIED.sub(rf"\1{named[1]}", text_of(solutions[0])),
            data={file.name: text_of(file) for file in sorted(folder.iterdir()) if _is_data(file)},
            verdicts="words",
            samples=1,
        )


def _root(bench: str) -> str | None:
    """The module of a bench that none of its others instantiates."""
    text = _COMMENT.sub(" ", bench)
    modules = _MODULE.findall(text)
    bodies = _MODULE.sub(" ", text)
    return next((name for name in modules if not re.search(rf"\b{name}\b\s*(?:#\s*\(|\w+\s*\()", bodies)), None)


def _is_data(file: Path) -> bool:
    return file.is_file() and file.suffix in _DATA and file.name != DESCRIPTION
