"""``export``: runs in the formats of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Runs in the formats of other programs.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Runs in the formats of other programs."""


@app.command(epilog="Example: kernelwright export csv results/runs/20260101-120000-compiler-core --out trials.csv")
def csv(
    run: Annotated[list[Path], typer.Argument(help="Folders of runs.")],
    out: Annotated[Path | None, typer.Option(help="File to write; stdout if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same records as a JSON list.")] = False,
) -> None:
    """One line per trial: verdict, speed, iterations, tokens, cost. Unknown is empty, never 0."""
    from harness.run.store import Store
    from harness.scoring.report import flat

    trials = (trial for folder in run for trial in Store.open(folder).trials())
    text = flat.trials_json(trials) if as_json else flat.trials_csv(trials)
    if out is None:
        print(text, end="")
        return
    flat.write(out, text)
    print(f"written: {out}")


@app.command(epilog="Example: kernelwright export parquet RUN --out trials.parquet")
def parquet(
    run: Annotated[list[Path], typer.Argument(help="Folders of runs.")],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("trials.parquet"),
) -> None:
    """The same records as typed columns for data frames. Needs the extra 'export'."""
    from harness.run.exports import write_parquet

    print(f"written: {write_parquet(run, out)} trial(s) to {out}")


@app.command(epilog="Example: kernelwright export perfetto RUN/scripted--cpu--P01-C1 --out trace.json")
def perfetto(
    path: Annotated[Path, typer.Argument(help="A trial, or a run with all of its trials.")],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("trace.json"),
) -> None:
    """A timeline of model calls, tools and evaluations. Open it at ui.perfetto.dev or in chrome://tracing."""
    from harness.run.exports import perfetto_trace
    from harness.scoring.report.flat import write

    write(out, perfetto_trace(path))
    print(f"written: {out}")


@app.command(epilog="Example: kernelwright export kernels RUN --out kernels")
def kernels(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    out: Annotated[Path, typer.Option(help="New folder to write.")] = Path("kernels"),
) -> None:
    """Every kernel as a file, for audits by people. Files are named by their outcome; an index lists them."""
    from harness.run.exports import write_kernels

    print(f"written: {write_kernels(run, out)} kernel(s) to {out}")


@app.command("inspect", epilog="Example: kernelwright export inspect RUN --out logs, then: inspect view --log-dir logs")
def inspect_(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    out: Annotated[Path, typer.Option(help="Folder for the logs.")] = Path("logs"),
) -> None:
    """Logs for Inspect's viewer, one for each model on each backend. Needs the extra 'inspect'."""
    from harness.run.exports import write_inspect

    for path in write_inspect(run, out):
        print(f"written: {path}")
