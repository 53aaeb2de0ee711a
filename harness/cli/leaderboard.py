"""``leaderboard``: add a run, show the table, build its page, verify rows, print the schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.common import print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.scoring.leaderboard import Row
    from harness.scoring.verify import RowReport

app = typer.Typer(help="Ranked results that anybody can verify.", no_args_is_help=True)

Board = Annotated[Path, typer.Option("--leaderboard", help="The leaderboard file; evidence lies beside it.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
DEFAULT = Path("results/leaderboard.json")
SHOWN = 10
"""Reasons of one row that are printed."""


@app.command(epilog="Example: kernelwright leaderboard add results/runs/20260101-120000-compiler-core")
def add(
    run: Annotated[list[Path], typer.Argument(help="Folders of finished runs.")],
    leaderboard: Board = DEFAULT,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove older rows of the same model, settings, suite and backend.")
    ] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Also take incomplete runs; their rows say so.")] = False,
    as_json: AsJson = False,
) -> None:
    """Adds the rows of finished runs, with the evidence that they can be verified by. The runs' secrets become public."""
    from harness.run.evidence import gather
    from harness.run.store import Store
    from harness.scoring.leaderboard import add as add_rows

    evidences = [evidence for folder in run for evidence in gather(Store.open(folder))]
    rows = add_rows(leaderboard, evidences, allow_partial=partial, replace=replace)
    if as_json:
        print_json([{"id": row.id, "model": row.identity.model, "backend": row.identity.backend} for row in rows])
    else:
        _print_table(rows)
        print(f"{len(rows)} row(s) added to {leaderboard}; check them with: kernelwright leaderboard verify")


@app.command(epilog="Example: kernelwright leaderboard show --backend cpu --suite core")
def show(
    leaderboard: Board = DEFAULT,
    backend: Annotated[str | None, typer.Option(help="Only rows on this backend.")] = None,
    suite: Annotated[str | None, typer.Option(help="Only rows on this suite.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="A Markdown table.")] = False,
    tests: Annotated[
        bool, typer.Option("--tests", help="Also test every pair on common workloads, corrected for their number.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Shows the rows, best score first within each suite and backend. Rows with overlapping intervals share a rank (=)."""
    from harness.scoring.leaderboard import lines, load
    from harness.scoring.report.table import agent_markdown

    every = load(leaderboard).rows
    rows = [row for row in every if backend in (None, row.identity.backend) and suite in (None, row.identity.suite)]
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
    elif markdown:
        print(agent_markdown(lines(rows)))
    elif rows:
        _print_table(rows)
        if tests:
            _print_tests(rows, leaderboard)
    else:
        print(f"{leaderboard} has no row{'' if not every else ' that matches'}; add a run: kernelwright leaderboard add RUN")


@app.command(epilog="Example: kernelwright leaderboard verify --sample 20 --workers 2")
def verify(
    row: Annotated[list[str] | None, typer.Argument(help="Row ids or their beginnings; all rows if not given.")] = None,
    leaderboard: Board = DEFAULT,
    sample: Annotated[int | None, typer.Option(min=0, help="Judge so many random kernels of each row, not all.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    sandbox: Annotated[str, typer.Option(help="Sandbox tier to use; the strongest that works if not given.")] = "",
    unsafe: Annotated[bool, typer.Option("--unsafe-no-sandbox", help="Run foreign kernels without a sandbox.")] = False,
    as_json: AsJson = False,
) -> None:
    """Recomputes rows from their evidence and judges their kernels again, without any model. Exit code 5 if one fails."""
    from harness.run.evidence import Installed
    from harness.scoring.leaderboard import load
    from harness.scoring.verify import pick, verify_row

    installed = Installed(sandbox, unsafe)
    reports = []
    for chosen in pick(load(leaderboard).rows, row or ()):
        report = verify_row(chosen, leaderboard, installed.target, installed.grader, sample=sample, workers=workers)
        reports.append(report)
        if not as_json:
            _print_report(report)
    if as_json:
        print_json([{**report.model_dump(mode="json"), "ok": report.ok} for report in reports])
    elif not reports:
        print(f"{leaderboard} has no rows")
    if not all(report.ok for report in reports):
        raise typer.Exit(5)


@app.command(epilog="Example: kernelwright leaderboard build -o site.html")
def build(
    leaderboard: Board = DEFAULT,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("leaderboard.html"),
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "kernelwright leaderboard",
) -> None:
    """Makes the public page: one HTML file with every row, and one click away what each cell rests on."""
    from harness.cli.report import task_names
    from harness.scoring.report.board import board_page
    from harness.scoring.report.flat import write

    write(output, board_page(leaderboard, title, task_names()))
    print(f"wrote {output} ({output.stat().st_size / 1e6:.1f} MB); open it in a browser")


@app.command(epilog="Example: kernelwright leaderboard schema > results/leaderboard.schema.json")
def schema() -> None:
    """Prints the JSON schema of the leaderboard file."""
    from harness.scoring.leaderboard import json_schema

    print(json_schema(), end="")


def _print_table(rows: Sequence[Row]) -> None:
    from harness.scoring.leaderboard import lines
    from harness.scoring.report.table import SCORE_LEGEND, agent_tables, terminal

    terminal().print(agent_tables(lines(rows)))
    print(SCORE_LEGEND)


def _print_tests(rows: Sequence[Row], leaderboard: Path) -> None:
    from harness.scoring.leaderboard import tournaments
    from harness.scoring.report.table import terminal
    from harness.scoring.report.versus import matrix

    for where, comparisons in tournaments(rows, leaderboard).items():
        if comparisons:
            terminal().print(matrix(comparisons, where))
            print(f"{len(comparisons)} paired comparison(s) on common workloads; p-values corrected for their number (Holm)")


def _print_report(report: RowReport) -> None:
    verdict = "OK" if report.ok else "FAILED"
    print(
        f"{verdict:6} {report.id} {report.model} on {report.backend}: {report.judged} of {report.judgeable} kernels judged again"
    )
    for reason in report.reasons[:SHOWN]:
        say(f"       {reason}")
    if len(report.reasons) > SHOWN:
        print(f"       and {len(report.reasons) - SHOWN} more; all of them with --json")
    for note in report.notes:
        say(f"       note: {note}")
