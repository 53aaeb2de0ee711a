"""A comparison in the terminal: what it comes to, the three tests, the workloads that flipped, and every pair if asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.scoring.comparison import FEWEST_TASKS, Comparison, Pair, Side, Test
from harness.scoring.metrics import Estimate
from harness.scoring.report.table import UNKNOWN, money
from harness.scoring.statistics import TIE_BAND, Decision

LEGEND = (
    "B against A on the workloads that both have. p: sign flips of whole tasks, two-sided, Holm-corrected where several backends "
    f"are compared; brackets: 95% intervals. tie: any difference is below {100 * (TIE_BAND - 1):.0f}%; undecided: these data do "
    "not tell."
)
MIRROR = {Decision.better: Decision.worse, Decision.worse: Decision.better}
STYLES = {Decision.better: "green", Decision.worse: "red", Decision.tie: "", Decision.undecided: "yellow"}


def rendering(comparisons: Iterable[Comparison], *, all_pairs: bool = False) -> RenderableType:
    """Everything about each comparison; the table of pairs holds those that differ, or all of them."""
    parts: list[RenderableType] = []
    for one in comparisons:
        parts += [Text(f"{one.b.label} against {one.a.label} on {one.backend}", style="bold"), Text(sentence(one))]
        parts += [_sides(one), _tests(one)]
        if shown := one.pairs if all_pairs else differing(one):
            parts.append(_pairs(one, shown, "" if all_pairs else " differ"))
        parts += [Text(line, style="yellow") for line in remarks(one)] + [Text("")]
    return Group(*parts, Text(LEGEND, style="dim"))


def matrix(comparisons: Sequence[Comparison], title: str = "") -> RenderableType:
    """All pairs of a tournament as a square: what the agent of a row comes to against that of a column, all in all."""
    labels = list(dict.fromkeys(label for one in comparisons for label in (one.a.label, one.b.label)))
    decided = {(one.b.label, one.a.label): one.score for one in comparisons}
    table = Table(title=escape(title), title_justify="left")
    table.add_column("row against column")
    for column in labels:
        table.add_column(escape(column), justify="center", overflow="fold")
    for row in labels:
        table.add_row(escape(row), *(_square(decided, row, column) for column in labels))
    return table


def _square(decided: Mapping[tuple[str, str], Test], row: str, column: str) -> Text:
    mirrored = (column, row) in decided
    test = decided.get((column, row) if mirrored else (row, column))
    if test is None:
        return Text("")
    found = test.decision
    if mirrored and found in MIRROR:
        found = MIRROR[found]
    p = f" {_p(test.adjusted)}" if found in MIRROR else ""
    return Text(f"{found.value}{p}", style=STYLES[found])


def sentence(one: Comparison) -> str:
    """What the comparison comes to, in words."""
    ratio, b, a = f"{one.score.estimate.value:.3f}x", one.b.label, one.a.label
    sure = f"(1 + score) is {ratio}{_ends(one.score, 3)}, p = {_p(one.score.adjusted)}"
    match one.score.decision:
        case Decision.better:
            return f"{b} is better: {sure}."
        case Decision.worse:
            return f"{b} is worse: {sure}."
        case Decision.tie:
            return f"A tie: {sure}."
    few = f" With {one.tasks} task(s) nothing can be told; {FEWEST_TASKS} are the least." if one.tasks < FEWEST_TASKS else ""
    return f"Undecided between {a} and {b}: {sure}.{few}"


def differing(one: Comparison) -> list[Pair]:
    """Pairs worth looking at: flipped, or both passing and apart by more than the tie band."""
    return [p for p in one.pairs if p.flip or (p.ratio is not None and not 1 / TIE_BAND <= p.ratio <= TIE_BAND)]


def remarks(one: Comparison) -> list[str]:
    """What a reader must know before believing the table."""
    found = [f"note: {note}" for note in one.notes]
    for side, workloads in ((one.a, one.only_a), (one.b, one.only_b)):
        if workloads:
            names = ", ".join(workloads[:6]) + (", ..." if len(workloads) > 6 else "")
            found.append(f"note: {len(workloads)} workload(s) of {side.label} alone are left out: {names}")
    for side in (one.a, one.b):
        lost = side.metrics.trials - side.metrics.graded
        if lost:
            found.append(f"note: {lost} trial(s) of {side.label} were not graded and do not count")
    return found


def _sides(one: Comparison) -> Table:
    table = Table(title="the two sides", title_justify="left")
    table.add_column("")
    for heading in ("A", "B", "B - A"):
        table.add_column(heading, justify="right", overflow="fold")
    a, b = one.a.metrics, one.b.metrics
    table.add_row("model", escape(one.a.label), escape(one.b.label), "")
    table.add_row("workloads", str(a.workloads), str(b.workloads), "")
    table.add_row("graded trials", str(a.graded), str(b.graded), "")
    table.add_row(
        "passes", _value(a.pass_at_1, "{:.1%}"), _value(b.pass_at_1, "{:.1%}"), f"{100 * one.passing.estimate.value:+.1f}"
    )
    table.add_row("score", _value(a.score, "{:.3f}x"), _value(b.score, "{:.3f}x"), "")
    table.add_row("SOL score", _value(a.sol_score, "{:.3f}"), _value(b.sol_score, "{:.3f}"), "")
    table.add_row("tokens", _tokens(one.a), _tokens(one.b), _signed(one.token_difference, "{:+,.0f}"))
    table.add_row("cost", money(a.cost), money(b.cost), _signed(one.cost_difference, "{:+.2f} $"))
    return table


def _tests(one: Comparison) -> Table:
    table = Table(title="the differences", title_justify="left")
    for heading, justify in (("question", "left"), ("B against A", "right"), ("p", "right"), ("finding", "left"), ("", "left")):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    flips = f"{one.gained} gained, {one.lost} lost; McNemar p = {_p(one.mcnemar_p)}; h = {one.cohens_h:+.2f}"
    speeds = f"faster on {one.faster}, equal on {one.equal}, slower on {one.slower}; superiority {one.superiority:+.2f}"
    size = f"{len(one.pairs)} pairs, {one.tasks} tasks"
    _add(table, "all in all", f"{one.score.estimate.value:.3f}x{_ends(one.score, 3)}", one.score, size)
    points = f"{100 * one.passing.estimate.value:+.1f} points{_ends(one.passing, 1, scale=100)}"
    _add(table, "passes more often", points, one.passing, flips)
    if one.speed:
        _add(table, "faster where both pass", f"{one.speed.estimate.value:.3f}x{_ends(one.speed, 3)}", one.speed, speeds)
    return table


def _add(table: Table, question: str, value: str, test: Test, more: str) -> None:
    table.add_row(question, escape(value), _p(test.adjusted), Text(test.decision.value, style=STYLES[test.decision]), more)


def _pairs(one: Comparison, shown: Sequence[Pair], verb: str) -> Table:
    table = Table(title=f"{len(shown)} of {len(one.pairs)} workloads{verb}", title_justify="left")
    for heading in ("workload", "A", "B", "B / A", "flip"):
        table.add_column(heading, justify="left" if heading in ("workload", "flip") else "right", overflow="fold")
    for pair in shown:
        ratio = UNKNOWN if pair.ratio is None else f"{pair.ratio:.3f}x"
        style = {"gained": "green", "lost": "red", "": ""}[pair.flip]
        a = _cell(pair.a_passed, pair.a_graded, pair.a_speedup, pair.a_failure)
        b = _cell(pair.b_passed, pair.b_graded, pair.b_speedup, pair.b_failure)
        table.add_row(pair.workload, a, b, ratio, Text(pair.flip, style=style))
    return table


def _cell(passed: int, graded: int, speedup: float | None, failure: str) -> str:
    count = "" if graded == 1 else f"{passed}/{graded} "
    return count + (f"{speedup:.2f}x" if speedup is not None else failure)


def _ends(test: Test, digits: int, scale: float = 1) -> str:
    e = test.estimate
    low, high = ("?" if end is None else f"{scale * end:.{digits}f}" for end in (e.low, e.high))
    return f" [{low}, {high}]"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _value(e: Estimate | None, form: str) -> str:
    return UNKNOWN if e is None else form.format(e.value)


def _tokens(side: Side) -> str:
    known = [n for n in (side.metrics.usage.input_tokens, side.metrics.usage.output_tokens) if n is not None]
    return f"{sum(known):,}" if known else UNKNOWN


def _signed(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else form.format(value)
