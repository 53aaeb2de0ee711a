"""What feedback fixed: how agents went on after each class of failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.scoring.failures import BUILT, PASSED, Failure, Step, describe, repairs, transitions
from harness.scoring.report.page.tables import Cell, Column, Table

REPAIRS = (
    Column("model", "l"),
    Column("failure", "l"),
    Column("feedback of", "l", "the tool whose answer the agent read"),
    Column("got further", "", "share of the next attempts that came closer to a pass"),
    Column("failed alike", "p2", "share of the next attempts that failed in the same class"),
    Column("attempts", "", "attempts of this class that were followed by another"),
)


def repair_table(steps: Mapping[str, Iterable[Step]]) -> Table:
    """For each agent, failure and tool, what the next attempt came to; the most frequent first."""
    rows = []
    for agent, taken in steps.items():
        for (failure, tool), repair in repairs(taken).items():
            further, alike = repair.fixed / repair.total, repair.same / repair.total
            rows.append([
                Cell(agent, agent), Cell(named(failure), named(failure)), Cell(tool, tool), Cell(f"{further:.0%}", further),
                Cell(f"{alike:.0%}", alike), Cell(str(repair.total), repair.total),
            ])  # fmt: skip
    return Table(REPAIRS, sorted(rows, key=lambda row: (row[0].text, -int(row[5].text))))


class Matrix(NamedTuple):
    """From which outcome to which: counts, with the shade of each cell in percent of its row."""

    after: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[int, int]]]]
    """Outcome, and for each one after it the count and the shade."""


def matrix(steps: Mapping[str, Iterable[Step]]) -> Matrix:
    """The transitions of all agents together, nearest to a pass last."""
    found = transitions(step for taken in steps.values() for step in taken)
    order = {name: i for i, name in enumerate(found)}
    after = sorted({name for counts in found.values() for name in counts}, key=lambda name: (order.get(name, len(order)), name))
    rows = [
        (named(before), [(counts[name], round(100 * counts[name] / counts.total())) for name in after])
        for before, counts in found.items()
    ]
    return Matrix([named(name) for name in after], rows)


def named(outcome: str) -> str:
    """An outcome in words."""
    return outcome if outcome in (PASSED, BUILT) else describe(Failure(*outcome.split("/", 1)))  # type: ignore[arg-type]
