"""The plots, described with Altair and drawn by vl-convert as SVG when the report is made: the page needs no chart library.

Colours are CSS variables of the page, so that a plot follows its theme; every mark carries a description, which the page shows
beside the pointer and a screen reader reads. Marks that stand for a trial link to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.errors import UsageError
from harness.scoring.report.page.summary import Roof, ratio, words

WIDTH, HEIGHT = 320, 210
"""Pixels of the plotting area: on a phone it is shown at its own size, so its labels stay readable."""
SERIES = 8
"""Colours that the page has for agents; further agents repeat them with another shape and dash."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
_SHARE: dict[str, Any] = {"scale": {"domain": [0, 1]}, "axis": {"format": "%", "tickCount": 5}}
"""The axis of a share."""
_LINK = "https://trial.invalid/"


class Style(NamedTuple):
    """How an agent is drawn, the same in every plot."""

    colour: str
    shape: str
    dash: list[int]


def style(index: int) -> Style:
    """The style of the agent with this number."""
    return Style(f"var(--s{index % SERIES})", SHAPES[index % len(SHAPES)], DASHES[index // SERIES % len(DASHES)])


def fast_p(curves: Mapping[str, Sequence[tuple[float, float]]], agents: Sequence[str], low: float, high: float) -> str:
    """Share of workloads that reach a speedup, against the speedup (log axis): a step curve per agent."""
    rows = []
    for agent, curve in curves.items():
        level = curve[0][1] if curve else 0.0
        points = [(low, level), *((p, share) for p, share in curve if low < p < high)]
        reached = next((share for p, share in curve if p >= high), 0.0)
        points.append((high, reached))
        rows += [
            {"agent": agent, "p": p, "share": share, "d": f"{agent}: {share:.0%} reach {ratio(p)}x"}
            for p, share in _falls(points)
        ]
    alt = _altair()
    line = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(interpolate="step-before", opacity=0.85)
        .encode(
            x=alt.X("p:Q", title="speedup over the baseline, p", scale=alt.Scale(type="log", domain=[low, high], nice=False),
                    axis=_times(low, high)),
            y=alt.Y("share:Q", title="share of workloads", **_SHARE),
            color=_colour(agents), strokeDash=_dash(agents), strokeWidth=_width(agents), description="d:N",
        )
    )  # fmt: skip
    return _svg(_rule("x", 1.0) + line, rows, "fast_p: share of workloads that reach each speedup")


def roofline(points: Sequence[Roof], agents: Sequence[str]) -> str:
    """Speedup against the speedup at the speed of light, both log: the diagonal is light, the horizontal the baseline."""
    alt = _altair()
    top = max([2.0, *(1.15 * p.headroom for p in points), *(1.15 * p.speedup for p in points)])
    low = min([0.5, *(0.9 * p.speedup for p in points)])
    left = min([0.9, *(0.9 * p.headroom for p in points)])
    rows = [
        {"agent": p.agent, "x": p.headroom, "y": p.speedup, "link": f"{_LINK}{p.trial}",
         "d": f"{p.agent}, {p.workload}: {ratio(p.speedup)}x of at most {ratio(p.headroom)}x"}
        for p in points
    ]  # fmt: skip
    log: dict[str, Any] = {"type": "log", "nice": False}
    light = (
        alt.Chart(alt.NamedData("light"))
        .mark_line(color="var(--light)", strokeWidth=2)
        .encode(x=alt.X("x:Q", scale=alt.Scale(domain=[left, top], **log)), y=alt.Y("y:Q"))
    )
    marks = (
        alt.Chart(alt.NamedData("rows"))
        .mark_point(filled=True, opacity=0.8)
        .encode(
            x=alt.X("x:Q", title="speedup at the speed of light (bound)", scale=alt.Scale(domain=[left, top], **log),
                    axis=_times(left, top)),
            y=alt.Y("y:Q", title="speedup over the baseline", scale=alt.Scale(domain=[low, top], **log), axis=_times(low, top)),
            color=_colour(agents), shape=_shape(agents), size=_size(agents), href="link:N", description="d:N",
        )
    )  # fmt: skip
    ends = [{"x": max(left, low), "y": max(left, low)}, {"x": top, "y": top}]
    return _svg(light + _rule("y", 1.0) + marks, rows, "Speedup of every workload against its bound", light=ends)


def cost(points: Sequence[Mapping[str, Any]], agents: Sequence[str], unit: str) -> str:
    """Share passed against the price of a trial, with its interval. ``points`` hold agent, price, value, low, high."""
    alt = _altair()
    rows = [
        {**point, "d": f"{point['agent']}: {point['value']:.0%} passed at {amount(point['price'], unit)} a trial"}
        for point in points
    ]
    most = max([*(point["price"] for point in points), 0.0]) or 1.0
    x = alt.X(
        "price:Q", title=f"{unit} per trial", scale=alt.Scale(domain=[0, most * 1.1], nice=True), axis=alt.Axis(tickCount=5)
    )
    y = alt.Y("value:Q", title="pass@1", **_SHARE)
    base = alt.Chart(alt.NamedData("rows"))
    whiskers = base.mark_rule(strokeWidth=2).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=_colour(agents))
    marks = base.mark_point(size=80, filled=True).encode(x=x, y=y, color=_colour(agents), shape=_shape(agents), description="d:N")
    return _svg(whiskers + marks, rows, f"Share passed against {unit} per trial")


def progress(curves: Mapping[str, Sequence[tuple[float, float]]], agents: Sequence[str], x: str, y: str) -> str:
    """Something that only rises, against what was spent: a step curve per agent. ``x`` names the axis: ``kernels``, ``tokens`` or
    ``US dollars``; ``y`` is ``solved``, a share, or ``score``."""
    alt = _altair()
    last = max((curve[-1][0] for curve in curves.values() if curve), default=0.0) * 1.04 or 1.0
    rows = [
        {"agent": agent, "x": at, "y": value, "d": f"{agent}: {_height(value, y)} within {amount(at, x)}"}
        for agent, curve in curves.items()
        for at, value in [*curve, (last, curve[-1][1])]
    ]
    whole = {"tickMinStep": 1, "format": "d"} if x == "kernels" else {"format": "~s" if x == "tokens" else "~g"}
    across = alt.X("x:Q", title=f"{x} so far", scale=alt.Scale(domain=[0, last], nice=False), axis=alt.Axis(tickCount=6, **whole))
    up = alt.Y("y:Q", title=y, **(_SHARE if y == "solved" else {"axis": {"tickCount": 5}}))
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(interpolate="step-after", opacity=0.85)
        .encode(x=across, y=up, color=_colour(agents), strokeDash=_dash(agents), strokeWidth=_width(agents), description="d:N")
    )
    return _svg(chart, rows, f"{y} against {x} so far")


def failures(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], what: str) -> str:
    """Failures by class: a stacked bar per agent. ``classes`` is their order, and that of their colours."""
    alt = _altair()
    rows = [
        {"agent": agent, "class": words(name), "order": classes.index(name), "count": count,
         "d": f"{agent}: {count}, {words(name)}"}
        for agent, found in counts.items() for name, count in found.items()
    ]  # fmt: skip
    colours = alt.Scale(domain=[words(name) for name in classes], range=[f"var(--f{i})" for i in range(len(classes))])
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(height=alt.RelativeBandSize(0.6))
        .encode(
            x=alt.X("count:Q", title=f"failed {what}", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("agent:N", title=None, sort=list(counts), axis=alt.Axis(labelLimit=110)),
            color=alt.Color("class:N", scale=colours, legend=None), order="order:Q", description="d:N",
        )
    )  # fmt: skip
    return _svg(chart, rows, f"Failed {what} by class", height=max(60, 34 * len(counts)), width=WIDTH - 60)


def _altair() -> Any:
    try:
        import altair
        import vl_convert  # noqa: F401  # found out now, before a minute of work
    except ImportError as error:
        raise UsageError(
            f"the HTML report draws with altair and vl-convert, and {error.name!r} is not installed",
            "pip install 'kernelwright[report]', or choose another --format",
        ) from None
    return altair


def check_installed() -> None:
    """UsageError if the plots cannot be drawn here."""
    _altair()


def _colour(agents: Sequence[str]) -> Any:
    alt = _altair()
    return alt.Color(
        "agent:N", legend=None, scale=alt.Scale(domain=list(agents), range=[style(i).colour for i in range(len(agents))])
    )


def _shape(agents: Sequence[str]) -> Any:
    alt = _altair()
    return alt.Shape(
        "agent:N", legend=None, scale=alt.Scale(domain=list(agents), range=[style(i).shape for i in range(len(agents))])
    )


def _dash(agents: Sequence[str]) -> Any:
    alt = _altair()
    scale = alt.Scale(domain=list(agents), range=[style(i).dash for i in range(len(agents))])
    return alt.StrokeDash("agent:N", legend=None, scale=scale)


def _nested(agents: Sequence[str], thin: float, most: float) -> list[float]:
    """From thick to thin: marks of agents that do alike lie inside each other, and all are seen."""
    step = (most - thin) / max(4, len(agents) - 1)
    return [thin + step * (len(agents) - 1 - i) for i in range(len(agents))]


def _width(agents: Sequence[str]) -> Any:
    alt = _altair()
    return alt.StrokeWidth(
        "agent:N", legend=None, scale=alt.Scale(type="ordinal", domain=list(agents), range=_nested(agents, 1.6, 7.0))
    )


def _size(agents: Sequence[str]) -> Any:
    alt = _altair()
    return alt.Size(
        "agent:N", legend=None, scale=alt.Scale(type="ordinal", domain=list(agents), range=_nested(agents, 22.0, 160.0))
    )


def _rule(axis: str, value: float) -> Any:
    """A thin line at the baseline's own speed."""
    alt = _altair()
    rule = alt.Chart(alt.NamedData("one")).mark_rule(color="var(--muted)", strokeDash=[3, 3])
    return rule.encode(**{axis: alt.X("at:Q") if axis == "x" else alt.Y("at:Q")})


def _times(low: float, high: float) -> Any:
    return _altair().Axis(values=_octaves(low, high), labelExpr="datum.value + 'x'")


def _octaves(low: float, high: float) -> list[float]:
    """Ticks at powers of two, every second or third one where there would be more than eight."""
    ticks = [2.0**n for n in range(-10, 21) if low <= 2.0**n <= high]
    step = -(-len(ticks) // 8)
    start = next((i for i, tick in enumerate(ticks) if tick == 1.0), 0) % step
    return ticks[start::step]


def _falls(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without the points in the middle of a level stretch; what is left draws the same curve."""
    return [
        point
        for before, point, after in zip([None, *points], points, [*points[1:], None], strict=False)
        if before is None or after is None or not before[1] == point[1] == after[1]
    ]


def amount(price: float, unit: str) -> str:
    """A quantity with its unit."""
    return f"${price:.4g}" if unit.startswith("US") else f"{price:,.0f} {unit}"


def _height(value: float, y: str) -> str:
    return f"{value:.0%} {y}" if y == "solved" else f"{y} {ratio(value)}"


def _svg(
    chart: Any, rows: Sequence[Mapping[str, Any]], title: str, *, width: int = WIDTH, height: int = HEIGHT, **more: Any
) -> str:
    """Draws. The data joins the specification as it is: Altair would check every row, which takes longer than drawing."""
    import vl_convert

    spec = chart.properties(width=width, height=height).to_dict()
    spec["datasets"] = {"rows": list(rows), "one": [{"at": 1.0}], **more}
    spec["config"] = _CONFIG
    svg = str(vl_convert.vegalite_to_svg(spec))
    svg = re.sub(rf'xlink:href="{re.escape(_LINK)}(\d+)"', r'href="#trial-\1" tabindex="-1"', svg)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert size is not None, svg[:200]
    role = "group" if "<a href" in svg else "img"  # what is followed must not be part of an image
    return svg.replace(
        size.group(0), f'role="{role}" aria-label="{title}" style="max-width:{1.35 * float(size.group(1)):.0f}px"', 1
    )


_CONFIG = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)", "titleColor": "var(--muted)", "titleFontWeight": "normal", "labelFontSize": 11,
        "titleFontSize": 11, "gridColor": "var(--line)", "domainColor": "var(--line)", "tickColor": "var(--line)",
        "titlePadding": 8, "labelOverlap": True,
    },
}  # fmt: skip
