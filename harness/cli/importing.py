"""``import``: makes a task suite of a checkout of somebody else's problem set."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.common import print_json


def import_(
    problem_set: Annotated[str, typer.Argument(metavar="SET", help="Which set: verilog-eval, rtllm, or an installed one.")],
    checkout: Annotated[Path, typer.Argument(metavar="PATH", help="Folder with the set, as its authors publish it.")],
    out: Annotated[Path, typer.Option("--out", help="New folder for the suite.")],
    style: Annotated[str | None, typer.Option("--style", help="Prompt style of the set, such as spec-to-rtl.")] = None,
    sandbox: Annotated[
        str, typer.Option("--sandbox", help="Where the set's programs run; the strongest that works if empty.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Makes a task suite of a problem set.

    The set is not part of kernelwright: name a checkout of yours.

    Every problem's own reference is tried first; those that fail here are listed with the reason and left out.
    """
    from harness import plugins
    from harness.errors import UsageError
    from harness.paths import cache_dir
    from harness.sandbox.choose import choose
    from harness.suites import ImportReport, ImportRequest

    importer = plugins.load("importer", problem_set)
    if not checkout.is_dir():
        raise UsageError(f"there is no folder {str(checkout)!r}", "name the folder of a checkout")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out {str(out)!r} exists and is not empty", "name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    box = cache(lambda: choose(sandbox or None, cache_dir()).chosen)
    request = ImportRequest(checkout, out, style, box, lambda text: print(text, file=sys.stderr))
    report: ImportReport = importer(request)
    if as_json:
        print_json(report.model_dump())
        return
    for skipped in report.skipped:
        print(f"left out {skipped.name}: {skipped.reason}")
    print(f"{report.suite}: {len(report.imported)} problems imported to {out}, {len(report.skipped)} left out")
    backend = f" --backend {report.backend}" if report.backend else ""
    print(f"run them with: kernelwright run --suite {out}{backend}")


import_.epilog = "Example: kernelwright import verilog-eval ./verilog-eval --style spec-to-rtl --out suites/verilog-eval"  # type: ignore[attr-defined]
