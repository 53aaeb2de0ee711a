"""``doctor``: what works here, what is off, and how to turn it on."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli.common import print_json


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False) -> None:
    """Says what works here and what is off. Programs, sandboxes, backends and models are tried, not looked for.

    Exit code 0 if a run is possible on at least one backend.
    """
    from harness.cli import checkup

    found = checkup.examine(lambda part: None if as_json else print(f"trying {part}", file=sys.stderr))
    if as_json:
        print_json(checkup.as_json(found))
    else:
        print(checkup.text(found))
    raise typer.Exit(0 if found.can_run else 1)


doctor.epilog = "Example: kernelwright doctor --json"  # type: ignore[attr-defined]
