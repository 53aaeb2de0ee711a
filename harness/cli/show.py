"""``show``: one trial, for reading."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.common import print_json


def show(
    trial: Annotated[Path, typer.Argument(help="Folder of a trial, or RUN/NAME, where the beginning of a name is enough.")],
    kernel: Annotated[bool, typer.Option("--kernel", help="Only the graded kernel, as it is, for a file or a pipe.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="The last profiled kernel with what each line cost.")] = False,
    diff: Annotated[
        tuple[int, int] | None, typer.Option("--diff", metavar="N M", help="What changed between the kernels of two attempts.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Long texts whole.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The trial and its attempts as one JSON document.")] = False,
) -> None:
    """Shows the transcript of a trial. What the model said and called, what it was answered, and what came of each kernel."""
    from harness.agent.text import clean
    from harness.errors import UsageError
    from harness.run.reading import find_trial
    from harness.scoring import failures
    from harness.scoring.report import transcript
    from harness.scoring.report.table import terminal

    if kernel + profile + (diff is not None) + as_json > 1:
        raise UsageError("--kernel, --profile, --diff and --json show different things", "choose one")
    found = find_trial(trial)
    if kernel:
        if found.kernel is None:
            raise UsageError(
                f"{found.path.name} left no kernel: {found.trial.status.value}", "see its transcript without --kernel"
            )
        text = clean(found.kernel) if sys.stdout.isatty() else found.kernel
        print(text, end="" if text.endswith("\n") else "\n")
        return
    if as_json:
        print_json(
            {
                "folder": str(found.path),
                "trial": found.trial.model_dump(mode="json"),
                "failure": str(failures.of_trial(found.trial) or ""),
                "attempts": [
                    {"number": a.number, "tool": a.tool, "turn": a.turn, "outcome": failures.outcome(a), "source": a.source,
                     "tokens": a.tokens, "cost": a.cost, "seconds": a.at}
                    for a in found.attempts
                ],
            }
        )  # fmt: skip
        return
    if profile:
        shown = transcript.profile(found.attempts)
    elif diff:
        shown = transcript.difference(found.attempts, *diff)
    else:
        shown = transcript.conversation(found.trial, found.events, found.attempts, full=full)
    console = terminal()
    if console.is_terminal:
        os.environ.setdefault("LESS", "-R")  # or less would show colours as codes
        with console.pager(styles=True):
            console.print(shown)
    else:
        console.print(shown)


show.epilog = "Example: kernelwright show RUN/scripted--cpu--P01-C1 --diff 1 2"  # type: ignore[attr-defined]
