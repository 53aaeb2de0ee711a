"""The tables that the template draws: cells with what they show and what they are sorted by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from harness.scoring.comparison import Comparison, Pair, Test
from harness.scoring.failures import Failure, describe
from harness.scoring.metrics import Estimate
from harness.scoring.report import table
from harness.scoring.report.page.summary import ratio
from harness.scoring.statistics import Decision


class Column(NamedTuple):
    """A heading."""

    name: str
    style: str = ""
    """CSS classes: ``l`` for text, ``p2`` for what a phone may go without."""
    title: str = ""
    """What it means."""


class Whisker(NamedTuple):
    """An interval as a small picture, in percent of the largest value of its column."""

    left: float
    width: float
    at: float


class Cell(NamedTuple):
    """One cell."""

    text: str
    sort: float | str = ""
    """What it is sorted by; empty for unknown, which comes last."""
    interval: str = ""
    whisker: Whisker | None = None
    marks: tuple[str, ...] = ()
    href: str = ""
    badge: str = ""
    """CSS class of a badge; empty for plain text."""


class Table(NamedTuple):
    """Columns and rows."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


BOARD = (
    Column("#", "", "rank within the backend; = is a tie"),
    Column("model", "l"),
    Column("backend", "l"),
    Column("score", "", "geometric mean of (1 + speedup) less 1, a failure counting 0"),
    Column("pass@1", "", "share of graded trials that passed, mean over workloads"),
    Column("speedup", "p2", "geometric mean over workloads that passed"),
    Column("fast_1", "p2", "share at least as fast as the baseline"),
    Column("of bound", "p2", "share of the speed of light, geometric mean over passes"),
    Column("SOL", "p2", "SOL score: 0 a failure, 0.5 the baseline, 1 the speed of light"),
    Column("graded", "p2", "trials that count"),
    Column("alarms", "p2", "passes with a reason to distrust them"),
    Column("tokens", "p2"),
    Column("cost", ""),
)


def board(lines: Iterable[table.Line], link: Callable[[table.Line], str] = lambda line: "") -> Table:
    """The leaderboard; ``link`` is where a line's model leads to."""
    entries = table.ranked(lines)
    top = max([e.high if e.high is not None else e.value for r in entries if (e := r.line.metrics.score)], default=1.0)
    return Table(BOARD, [_line(entry, number, top, link(entry.line)) for number, entry in enumerate(entries)])


def _line(entry: table.Ranked, number: int, top: float, href: str) -> list[Cell]:
    line, m = entry.line, entry.line.metrics
    fast = next((point.share for point in m.fast if point.at == 1.0), None)
    known = [n for n in (m.usage.input_tokens, m.usage.output_tokens) if n is not None]
    return [
        Cell(entry.place, number),
        Cell(line.model, line.model, marks=line.marks, href=href),
        Cell(line.where, line.where),
        _estimate(m.score, _times, top),
        _estimate(m.pass_at_1, _percent, 1.0),
        _estimate(m.speedup, _times),
        Cell(table.UNKNOWN if fast is None else _percent(fast), "" if fast is None else fast),
        Cell(table.UNKNOWN if m.bound_share is None else _percent(m.bound_share), "" if m.bound_share is None else m.bound_share),
        _estimate(m.sol_score, lambda value: f"{value:.2f}"),
        Cell(f"{m.graded:,}" if m.graded == m.trials else f"{m.graded:,} of {m.trials:,}", m.graded),
        Cell(str(m.alarms), m.alarms),
        Cell(f"{sum(known):,}" if known else table.UNKNOWN, sum(known) if known else ""),
        Cell(table.money(m.cost), "" if m.cost is None else m.cost),
    ]


def _estimate(estimate: Estimate | None, form: Callable[[float], str], top: float | None = None) -> Cell:
    if estimate is None:
        return Cell(table.UNKNOWN)
    value, low, high = estimate.value, estimate.low, estimate.high
    ends = "[{}, {}]".format(*("?" if end is None else form(end).rstrip("x%") for end in (low, high)))
    whisker = None
    if top and low is not None and high is not None:
        scale = 100 / top
        whisker = Whisker(round(low * scale, 2), round(max(0.0, high - low) * scale, 2), round(value * scale, 2))
    return Cell(form(value), value, interval=ends, whisker=whisker)


def _times(value: float) -> str:
    return f"{ratio(value)}x"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"


# Comparisons

PAIRS = (
    Column("A", "l"),
    Column("B", "l"),
    Column("B is", "l", "what the score comes to for B"),
    Column("score B / A", "", "(1 + score of B) / (1 + score of A), all pairs"),
    Column("p", "", "two-sided, sign flips of whole tasks, corrected for the number of pairs"),
    Column("passing B - A", "p2", "difference of the shares that pass"),
    Column("speed B / A", "p2", "geometric mean of the ratio of speedups where both pass"),
    Column("gained", "p2", "workloads that only B passes"),
    Column("lost", "p2", "workloads that only A passes"),
    Column("workloads", "p2"),
    Column("cost B - A", "p2"),
)
_BADGES = {Decision.better: "good", Decision.worse: "bad", Decision.tie: "plain", Decision.undecided: "plain"}


def pairs(comparisons: Sequence[Comparison]) -> Table:
    """One line per pair of agents."""
    return Table(PAIRS, [_pair(one) for one in comparisons])


def _pair(one: Comparison) -> list[Cell]:
    cost = one.cost_difference
    return [
        Cell(one.a.label, one.a.label),
        Cell(one.b.label, one.b.label),
        Cell(one.score.decision.value, one.score.decision.value, badge=_BADGES[one.score.decision]),
        _estimate(one.score.estimate, _times),
        Cell(p_value(one.score), one.score.adjusted),
        _estimate(one.passing.estimate, lambda value: f"{100 * value:+.1f}%"),
        _estimate(one.speed.estimate if one.speed else None, _times),
        Cell(str(one.gained), one.gained),
        Cell(str(one.lost), one.lost),
        Cell(str(len(one.pairs)), len(one.pairs)),
        Cell(table.UNKNOWN if cost is None else f"{'-' if cost < 0 else ''}${abs(cost):.2f}", "" if cost is None else cost),
    ]


def p_value(test: Test) -> str:
    """The corrected p-value as text."""
    return f"{test.adjusted:.3f}" if test.adjusted >= 0.001 else "< 0.001"


def workloads(one: Comparison) -> Table:
    """The paired table: one line per workload, flips first."""
    columns = (
        Column("workload", "l"), Column("flip", "l"), Column(one.a.label), Column(one.b.label), Column("B / A"),
        Column("why A failed", "l p2"), Column("why B failed", "l p2"),
    )  # fmt: skip
    order = sorted(one.pairs, key=lambda pair: ({"gained": 0, "lost": 1, "": 2}[pair.flip], pair.workload))
    return Table(columns, [_workload(pair) for pair in order])


def _workload(pair: Pair) -> list[Cell]:
    return [
        Cell(pair.workload, pair.workload),
        Cell(pair.flip, pair.flip, badge={"gained": "good", "lost": "bad", "": ""}[pair.flip]),
        _side(pair.a_speedup, pair.a_passed, pair.a_graded),
        _side(pair.b_speedup, pair.b_passed, pair.b_graded),
        Cell(table.UNKNOWN if pair.ratio is None else _times(pair.ratio), "" if pair.ratio is None else pair.ratio),
        Cell(_why(pair.a_failure), pair.a_failure),
        Cell(_why(pair.b_failure), pair.b_failure),
    ]


def packed(table: Table) -> dict[str, object]:
    """A table of plain cells and badges for the page's script, which draws it when it is asked for."""
    return {"columns": table.columns, "rows": [[(cell.text, cell.sort, cell.badge) for cell in row] for row in table.rows]}


def _why(failure: str) -> str:
    """The class of a failure in words."""
    return describe(Failure(*failure.split("/", 1))) if failure else ""  # type: ignore[arg-type]


def _side(speedup: float | None, passed: int, graded: int) -> Cell:
    if speedup is None:
        return Cell("failed" if not passed else "passed", -1.0 if not passed else 0.0)
    return Cell(_times(speedup) + (f" ({passed}/{graded})" if graded > 1 else ""), speedup)
