"""``compare``: two models, or two runs, on the same workloads."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.common import print_json


def compare(
    side: Annotated[
        list[str], typer.Argument(help="A and B: each a folder of a run, or RUN:MODEL; or one run that holds exactly two models.")
    ],
    backend: Annotated[str, typer.Option(help="Only on this backend; all that both ran on if not given.")] = "",
    pairs: Annotated[bool, typer.Option("--pairs", help="List every workload, not only those that differ.")] = False,
    mixed: Annotated[bool, typer.Option("--mixed", help="Compare even what was judged by different tasks or tools.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Says which of two models or runs is better. Paired tests by task, effect sizes, ties, flips, the difference in cost."""
    from harness.run.reading import compare_sides, sides
    from harness.scoring.report.table import terminal
    from harness.scoring.report.versus import rendering

    found = compare_sides(*sides(side), backend, mixed=mixed)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        terminal().print(rendering(found, all_pairs=pairs))


compare.epilog = "Example: kernelwright compare RUN, or: kernelwright compare RUN_A:MODEL RUN_B:MODEL"  # type: ignore[attr-defined]
