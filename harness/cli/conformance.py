"""``backends check``: the conformance kit, one line per check."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.cli.common import print_json
from harness.conformance import kit
from harness.conformance.result import lines, markdown, summary
from harness.errors import unknown
from harness.files import write_atomically


def check(
    name: str, tasks: Sequence[str], options: Mapping[str, str], only: Sequence[str], *, quick: bool, as_json: bool,
    report_file: Path | None, sandbox: str, unsafe: bool,
) -> int:  # fmt: skip
    """Prints results as they come, writes the report, and returns the exit code: 1 if something is wrong."""
    for one in only:
        if one not in kit.CHECKS:
            raise unknown("check", one, kit.CHECKS)
    bench = kit.open_bench(name, tasks, options, quick=quick, sandbox=sandbox, unsafe=unsafe)
    done = []
    for result in kit.results(bench, only or tuple(kit.CHECKS)):
        done.append(result)
        if not as_json:
            print("\n".join(lines(result)), flush=True)
    report = kit.report(bench, done)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        print(f"{name}: {summary(report)}", file=sys.stderr)
    if report_file is not None:
        text = markdown(report) if report_file.suffix == ".md" else report.model_dump_json(indent=2) + "\n"
        write_atomically(report_file, text)
    return 0 if report.conforms else 1
