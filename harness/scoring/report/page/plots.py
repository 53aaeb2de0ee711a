"""The plots of one backend, with their captions and the same numbers as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.scoring.curves import Axis, Trajectory, speedup_curve, success_curve
from harness.scoring.metrics import Metrics
from harness.scoring.report.page import charts
from harness.scoring.report.page.summary import Brief, outcomes, ratio, roofline, speeds, thinned, words
from harness.scoring.statistics import FAST_RANGE, fast_curve

POINTS = 600
"""Most points of a roofline."""
CLASSES = 8
"""Classes of failures that have a colour of their own (``--f0`` to ``--f7``); the rarer ones are taken together (``--f8``)."""
REST = "other classes"
STEPS = 200
"""Most steps of a curve."""
_TITLES = {"iterations": "iterations", "tokens": "tokens", "cost": "cost", "seconds": "time"}
_THRESHOLDS = (0.5, 0.8, 1.0, 1.5, 2.0, 5.0)


Curve = Sequence[tuple[float, float]]
Courses = Mapping[str, Sequence[Trajectory]]
"""The courses of each agent's trials."""


class Rows(NamedTuple):
    """A plot's numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


class Key(NamedTuple):
    """An entry of a plot's own legend."""

    name: str
    colour: str


class Plot(NamedTuple):
    """One figure."""

    title: str
    caption: str
    svg: str
    table: Rows | None = None
    keys: Sequence[Key] = ()


def plots(
    briefs: Sequence[Brief],
    metrics: Mapping[str, Metrics],
    courses: Courses,
    attempted: Mapping[str, Mapping[str, int]],
    agents: Sequence[str],
) -> list[Plot]:
    """Every plot that the trials of one backend have data for. ``attempted`` counts failed attempts by agent and class;
    ``agents`` are all of the page, in the order of colours."""
    priced = is_priced(metrics)
    final = outcomes(briefs)
    classes = classes_of(attempted, final)
    made = [
        _fast(briefs, agents),
        _roof(briefs, agents),
        _price(metrics, agents, priced),
        _progress(courses, agents, "iterations", "kernels"),
        _best(courses, agents),
        _progress(courses, agents, "cost", "US dollars") if priced else _progress(courses, agents, "tokens", "tokens"),
        _failures(
            attempted,
            classes,
            "kernels",
            "Why kernels fail",
            "Every kernel shown to the judge that failed, and every call that could not be carried out, by class.",
        ),
        _failures(
            final,
            classes,
            "trials",
            "Why trials fail",
            "Graded trials whose final kernel failed, or that left none, by class of failure.",
        ),
    ]
    return [plot for plot in made if plot is not None]


def _fast(briefs: Sequence[Brief], agents: Sequence[str]) -> Plot | None:
    found = speeds(briefs)
    if not found:
        return None
    curves = {agent: fast_curve(workloads, _levels(workloads)) for agent, workloads in found.items()}
    svg = charts.fast_p(curves, agents, *FAST_RANGE)
    rows = [[agent, *(f"{share:.0%}" for _, share in fast_curve(workloads, _THRESHOLDS))] for agent, workloads in found.items()]
    heads = ["model", *(f"{ratio(p)}x" for p in _THRESHOLDS)]
    caption = "Share of workloads that pass and are at least p times as fast as the baseline. Further right and up is better."
    return Plot("How fast: fast_p", caption, svg, Rows(heads, rows))


def _levels(workloads: Mapping[str, Sequence[float]]) -> list[float]:
    """The speedups at which fast_p falls; of very many, evenly spread ones."""
    speeds = sorted({x for xs in workloads.values() for x in xs if x > 0})
    step = max(1.0, len(speeds) / STEPS)
    return [speeds[int(i * step)] for i in range(int(len(speeds) / step))]


def _roof(briefs: Sequence[Brief], agents: Sequence[str]) -> Plot | None:
    points = roofline(briefs)
    if not points:
        return None
    shown = thinned(points, POINTS)
    part = "" if len(shown) == len(points) else f" {len(shown):,} of {len(points):,} points."
    caption = (
        f"Each workload's best pass. The line is the speed of light, the dashes the baseline; the room between is unused.{part}"
    )
    return Plot("How close to the bound", caption, charts.roofline(shown, agents))


def is_priced(metrics: Mapping[str, Metrics]) -> bool:
    """Whether the price of every agent is known, and not all of them are free: else tokens are what compares."""
    return all(m.cost is not None for m in metrics.values()) and any(m.cost for m in metrics.values())


def _price(metrics: Mapping[str, Metrics], agents: Sequence[str], priced: bool) -> Plot | None:
    rows: list[dict[str, Any]] = []
    for agent, m in metrics.items():
        amount = m.cost if priced else _tokens(m)
        if m.pass_at_1 and amount is not None and m.trials:
            rate = m.pass_at_1
            low, high = (rate.value if end is None else end for end in (rate.low, rate.high))
            rows.append({"agent": agent, "price": amount / m.trials, "value": rate.value, "low": low, "high": high})
    if not rows or not any(row["price"] for row in rows):
        return None
    unit = "US dollars" if priced else "tokens"
    caption = (
        "Share of graded trials that passed, with its 95% interval, against what a trial cost. Further left and up is better."
    )
    amounts = [[r["agent"], f"${r['price']:.4f}" if priced else f"{r['price']:,.0f}", f"{r['value']:.1%}"] for r in rows]
    return Plot(
        "Success for its price", caption, charts.cost(rows, agents, unit), Rows(["model", f"{unit} per trial", "pass@1"], amounts)
    )


def _tokens(metrics: Metrics) -> int | None:
    known = [n for n in (metrics.usage.input_tokens, metrics.usage.output_tokens) if n is not None]
    return sum(known) if known else None


def _progress(courses: Courses, agents: Sequence[str], axis: Axis, x: str) -> Plot | None:
    """Share solved over what was spent."""
    curves = {agent: [(p.at, p.share) for p in success_curve(found, axis)] for agent, found in courses.items()}
    caption = f"Share of workloads whose first passing kernel came within so many {x}, of those that passed in the end."
    return _rising(curves, agents, x, "solved", f"Solved over {_TITLES[axis]}", caption)


def _best(courses: Courses, agents: Sequence[str]) -> Plot | None:
    """Score of the best kernels so far over iterations."""
    curves = {agent: [(p.at, p.share) for p in speedup_curve(found, "iterations")] for agent, found in courses.items()}
    caption = "Score that the best kernels so far add up to: does an agent go on to improve what already passes?"
    return _rising(curves, agents, "kernels", "score", "Speed over iterations", caption)


def _rising(curves: Mapping[str, Curve], agents: Sequence[str], x: str, y: str, title: str, caption: str) -> Plot | None:
    known = {agent: _sparse(curve) for agent, curve in curves.items() if curve}
    last = max((curve[-1][0] for curve in known.values()), default=0.0)
    if not last:
        return None
    at = [n for n in (1, 2, 3, 5, 8, 13, 20, 40) if n <= last] if x == "kernels" else [last * part / 4 for part in range(1, 5)]
    form = (lambda value: f"{value:.0%}") if y == "solved" else ratio
    rows = [[agent, *(form(_value(curve, n)) for n in at)] for agent, curve in known.items()]
    return Plot(
        title, caption, charts.progress(known, agents, x, y), Rows([f"{y} within", *(charts.amount(n, x) for n in at)], rows)
    )


def _sparse(curve: Curve) -> Curve:
    """At most `STEPS` steps: of the rises within one step's width the last."""
    if len(curve) <= STEPS:
        return curve
    width = curve[-1][0] / STEPS
    return list({int(at / width): (at, value) for at, value in curve}.values())


def _value(curve: Curve, n: float) -> float:
    return max((value for at, value in curve if at <= n), default=0.0)


def classes_of(*many: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The classes that have a colour of their own, the most frequent first; the same for all plots of a backend."""
    totals = Counter[str]()
    for counts in many:
        for found in counts.values():
            totals.update(found)
    return [name for name, _ in totals.most_common(CLASSES)]


def _failures(
    counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], what: str, title: str, caption: str
) -> Plot | None:
    if not any(counts.values()):
        return None
    counts = {agent: _gathered(found, classes) for agent, found in counts.items()}
    order = [*classes, REST]
    present = [name for name in order if any(name in found for found in counts.values())]
    keys = [Key(words(name), f"var(--f{i})") for i, name in enumerate(order) if name in present]
    rows = [[agent, *(str(found.get(name, 0)) for name in present)] for agent, found in counts.items()]
    table = Rows(["model", *(words(name) for name in present)], rows)
    return Plot(title, caption, charts.failures(counts, order, what), table, keys)


def _gathered(found: Mapping[str, int], kept: Sequence[str]) -> dict[str, int]:
    rest = sum(count for name, count in found.items() if name not in kept)
    return {**{name: count for name, count in found.items() if name in kept}, **({REST: rest} if rest else {})}
