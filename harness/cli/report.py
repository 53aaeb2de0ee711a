"""``report``: the result table of finished or unfinished runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a report is written."""

    text = "text"
    markdown = "markdown"
    json = "json"
    csv = "csv"


def report(
    run: Annotated[list[Path], typer.Argument(help="Folders of runs; several are shown in one table.")],
    format: Annotated[
        Format, typer.Option(help="text: tables; markdown: the table of agents; json: all metrics; csv: one line per trial.")
    ] = Format.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Shows results of runs, with intervals. Trials that were not graded are shown and not counted."""
    from harness.run.store import Store
    from harness.scoring.report import flat, table

    trials = [trial for folder in run for trial in Store.open(folder).trials()]
    match Format.json if as_json else format:
        case Format.text:
            table.terminal().print(table.result_table(trials))
        case Format.markdown:
            print(table.agent_markdown(table.lines_of(trials)))
        case Format.json:
            print(flat.agents_json(trials))
        case Format.csv:
            print(flat.trials_csv(trials), end="")


report.epilog = "Example: kernelwright report results/runs/20260101-120000-compiler-core --format markdown"  # type: ignore[attr-defined]
