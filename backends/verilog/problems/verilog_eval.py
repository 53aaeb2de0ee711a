"""VerilogEval v2: 156 modules with a reference and a bench each, and two ways to ask for them.

Layout of a checkout: a folder per prompt style with ``ProbNNN_name_prompt.txt``, ``_ref.sv`` (module ``RefModule``) and
``_test.sv`` (module ``tb``, which instantiates ``RefModule`` and the asked-for ``TopModule``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from backends.verilog.problems.importing import import_all, text_of
from backends.verilog.problems.problem import Problem
from harness.errors import UsageError
from harness.suites import ImportReport, ImportRequest, Skipped

STYLES = {"spec-to-rtl": "dataset_spec-to-rtl", "code-complete": "dataset_code-complete-iccad2023"}
"""Prompt styles and the folders that hold them; the first is the usual one."""
_PROMPT = re.compile(r"(Prob\d+)_(\w+)_prompt\.txt\Z")


def import_checkout(request: ImportRequest) -> ImportReport:
    """Imports one prompt style. UsageError for a style or a folder that does not exist."""
    style = request.style or next(iter(STYLES))
    if style not in STYLES:
        raise UsageError(f"verilog-eval has no prompt style {style!r}", f"it has {' and '.join(STYLES)}")
    folder = request.checkout / STYLES[style]
    if not folder.is_dir():
        raise UsageError(f"no folder {STYLES[style]!r} in {str(request.checkout)!r}", "name the folder of a checkout of v2")
    return import_all(request, f"verilog-eval-{style}", f"VerilogEval v2, {style} prompts", _problems(folder))


def _problems(folder: Path) -> Iterator[Problem | Skipped]:
    for path in sorted(folder.iterdir()):
        match = _PROMPT.match(path.name)
        if match is None:
            continue
        stem = path.name.removesuffix("_prompt.txt")
        reference, bench = (folder / f"{stem}_{part}.sv" for part in ("ref", "test"))
        missing = [file.name for file in (reference, bench) if not file.is_file()]
        if missing:
            yield Skipped(name=match[1], reason=f"no file {' and '.join(missing)}")
            continue
        golden = text_of(reference)
        yield Problem(
            id=match[1],
            name=match[2],
            top="TopModule",
            prompt=text_of(path).strip(),
            bench=text_of(bench),
            bench_top="tb",
            support=golden,
            reference=re.sub(r"\bRefModule\b", "TopModule", golden),
            verdicts="counts",
            samples=0,
        )
