"""Failure classes in the terminal: why each agent's trials failed, the commonest reason first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from harness.scoring import failures
from harness.trial import Trial

MOST = 20
"""Classes that the table shows."""


def failure_table(trials: Iterable[Trial]) -> Table | None:
    """Failed trials by class and agent; None where nothing failed."""
    counted = failures.counts(trials)
    total: Counter[failures.Failure] = sum(counted.values(), Counter())
    if not total:
        return None
    table = Table(title="why trials failed", title_justify="left")
    table.add_column("class")
    table.add_column("in words")
    for model, backend in counted:
        table.add_column(escape(f"{model} on {backend}"), justify="right", overflow="fold")
    order = sorted(total, key=lambda failure: (-total[failure], failure))
    for failure in order[:MOST]:
        cells = [str(counter[failure] or "") for counter in counted.values()]
        table.add_row(str(failure), failures.describe(failure), *cells)
    if len(order) > MOST:
        rest = [sum(counter[failure] for failure in order[MOST:]) for counter in counted.values()]
        table.add_row(f"and {len(order) - MOST} more", "", *(str(n or "") for n in rest))
    return table
