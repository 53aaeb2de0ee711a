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
