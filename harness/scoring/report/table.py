"""Result tables: the same columns at the end of a run, in ``report`` and in ``leaderboard show``.

A `Line` is one agent on one backend. Lines are ranked within their (suite, backend) only, because cycles of two targets do not
compare; lines whose score intervals overlap share a rank and are marked ``=``.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from harness.scoring.metrics import Estimate, Metrics, by_agent, compute, credited_speedup, log_mean, rank, task_of
from harness.scoring.report.failing import failure_table
from harness.trial import Trial

UNKNOWN = "-"
UNSAFE = "unconfined"
"""`Evaluation.sandbox` of kernels that ran without confinement: they could have touched anything."""


SCORE_LEGEND = (
    "score: geometric mean of (1 + speedup) less 1, a failure counting 0; the baseline itself scores 1. Brackets: 95% intervals; "
    "= ties."
)
CELL_LEGEND = "cells: speedup over the baseline where passed, else the verdict or the status; with repeats, passes of graded."


class Line(NamedTuple):
    """One agent on one backend."""

    model: str
    backend: str
    metrics: Metrics
    suite: str = ""
    marks: tuple[str, ...] = ()
    """What a reader must know about this line: ``unsafe sandbox``, ``partial``."""

    @property
    def where(self) -> str:
        """Suite and backend, for people."""
        return f"{self.suite} on {self.backend}" if self.suite else self.backend


class Ranked(NamedTuple):
    """A line with its place among those of the same suite and backend."""

    line: Line
    place: str
    """``1``, or ``=1`` where several lines tie."""


def ranked(lines: Iterable[Line]) -> list[Ranked]:
    """Lines by suite and backend, best score first, with their ranks."""
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.suite, line.backend].append(line)
    result = []
    for _, group in sorted(groups.items()):
        group.sort(key=lambda line: (-line.metrics.score.value if line.metrics.score else 1.0, line.model))
        places = rank([line.metrics.score for line in group])
        result += [Ranked(line, f"={p}" if places.count(p) > 1 else str(p)) for line, p in zip(group, places, strict=True)]
    return result


COLUMNS: tuple[tuple[str, Callable[[Ranked], str]], ...] = (
    ("#", lambda r: r.place),
    ("model", lambda r: r.line.model + "".join(f" [{mark}]" for mark in r.line.marks)),
    ("backend", lambda r: r.line.where),
    ("score", lambda r: _ratio(r.line.metrics.score)),
    ("pass@1", lambda r: _share(r.line.metrics.pass_at_1)),
    ("speedup", lambda r: _ratio(r.line.metrics.speedup)),
    ("fast_1", lambda r: _percent(next((p.share for p in r.line.metrics.fast if p.at == 1.0), None))),
    ("of bound", lambda r: _percent(r.line.metrics.bound_share)),
    ("graded", lambda r: _graded(r.line.metrics)),
    ("alarms", lambda r: str(r.line.metrics.alarms)),
    ("tokens", lambda r: _tokens(r.line.metrics)),
    ("cost", lambda r: money(r.line.metrics.cost)),
)
"""Heading and cell of every column."""
LEFT = ("model", "backend")
"""Columns of text."""
OPTIONAL = ("graded", "alarms", "speedup", "cost", "fast_1", "of bound", "tokens")
"""Columns that a narrow console may go without, the most important first."""


def terminal() -> Console:
    """A console on stdout: as wide as the terminal, and wide enough for every column where there is none."""
    return Console() if sys.stdout.isatty() or os.environ.get("COLUMNS") else Console(width=180)


class AgentTable:
    """Lines of one suite and backend as a table that fits the console: columns that have no room are left out, and named."""

    def __init__(self, title: str, entries: Sequence[Ranked]) -> None:
        self._title = title
        self._ranked = entries

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        unbounded = options.update(max_width=1000)
        shown = {"#", "model", "score", "pass@1"}
        for heading in OPTIONAL:
            wider = self._table(shown | {heading})
            if Measurement.get(console, unbounded, wider).maximum <= options.max_width:
                shown.add(heading)
        yield self._table(shown)
        if left_out := [heading for heading in OPTIONAL if heading not in shown]:
            yield Text(f"no room for: {', '.join(left_out)}", style="dim")

    def _table(self, headings: Container[str]) -> Table:
        table = Table(title=escape(self._title), title_justify="left")
        shown = [(heading, cell) for heading, cell in COLUMNS if heading in headings]
        for heading, _ in shown:
            table.add_column(heading, justify="left" if heading in LEFT else "right", overflow="fold")
        for entry in self._ranked:
            cells = [escape(cell(entry)) for _, cell in shown]
            table.add_row(*cells, style="yellow" if entry.line.marks or entry.line.metrics.alarms else None)
        return table


def agent_tables(lines: Iterable[Line]) -> RenderableType:
    """One table for each suite and backend, because only their lines compare."""
    grouped = groupby(ranked(lines), key=lambda entry: entry.line.where)
    return Group(*(AgentTable(where, list(entries)) for where, entries in grouped))


def agent_markdown(lines: Iterable[Line]) -> str:
    """The lines as a Markdown table."""
    rows = [[heading for heading, _ in COLUMNS], ["---" if heading in LEFT else "---:" for heading, _ in COLUMNS]]
    rows += [[cell(entry).replace("|", "\\|") for _, cell in COLUMNS] for entry in ranked(lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def lines_of(trials: Iterable[Trial]) -> list[Line]:
    """One line per (model, backend) of the trials."""
    return [_line(model, backend, group) for (model, backend), group in by_agent(trials).items()]


def _line(model: str, backend: str, trials: Sequence[Trial]) -> Line:
    unsafe = any(trial.final and trial.final.sandbox == UNSAFE for trial in trials)
    return Line(model, backend, compute(trials), marks=("unsafe sandbox",) if unsafe else ())


def result_table(trials: Iterable[Trial]) -> RenderableType:
    """What a run ends with: the agents, for each one a grid of tasks by configurations, and why trials failed."""
    groups = by_agent(trials)
    lines = [_line(model, backend, group) for (model, backend), group in groups.items()]
    grids = [_grid(f"{model} on {backend}", group) for (model, backend), group in groups.items()]
    failed = failure_table(trial for group in groups.values() for trial in group)
    return Group(agent_tables(lines), *grids, *([failed] if failed else []), Text(f"{SCORE_LEGEND}\n{CELL_LEGEND}", style="dim"))


def summary(trials: Iterable[Trial]) -> str:
    """One line per agent, for logs and the last line of a run."""
    return "\n".join(_sentence(line) for line in lines_of(trials)) or "no trials"


def _sentence(line: Line) -> str:
    m = line.metrics
    passed = m.verdicts.get("passed", 0)
    ungraded = f", {m.trials - m.graded} not graded" if m.trials > m.graded else ""
    return f"{line.model} on {line.backend}: {passed} of {m.graded} passed{ungraded}, score {_ratio(m.score)}"


def _grid(title: str, trials: Sequence[Trial]) -> Table:
    cells: dict[str, dict[str, list[Trial]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        task, _, configuration = trial.spec.workload.partition("/")
        cells[task][configuration].append(trial)
    configurations = sorted({c for row in cells.values() for c in row})
    table = Table(title=escape(title), title_justify="left")
    table.add_column("task")
    for configuration in configurations:
        table.add_column(configuration, justify="right")
    for task, row in sorted(cells.items(), key=lambda item: task_of(item[0])):
        table.add_row(task, *(_cell(row.get(c, ())) for c in configurations))
    return table


def _cell(trials: Sequence[Trial]) -> Text:
    """One workload: the speedup, or what went wrong; ``2/3 1.4x`` with repeats."""
    if not trials:
        return Text("")
    graded = [t for t in trials if t.status.is_graded]
    passes = [t for t in graded if t.passed]
    if not passes:
        worst = (graded or trials)[0]
        text = worst.final.verdict.value if worst.final and worst.final.verdict and graded else worst.status.value
        return Text(text if len(trials) == 1 else f"0/{len(graded)} {text}", style="red" if graded else "magenta")
    mean = log_mean(s for t in passes if (s := credited_speedup(t.final)) > 0)
    speed = UNKNOWN if mean is None else f"{mean:.2f}x"
    alarm = "!" if any(t.final and t.final.alarms for t in passes) else ""
    count = "" if len(trials) == 1 else f"{len(passes)}/{len(graded)} "
    return Text(count + speed + alarm, style="yellow" if alarm else "green" if len(passes) == len(graded) else "")


def _ratio(e: Estimate | None) -> str:
    return UNKNOWN if e is None else f"{e.value:.2f}x" + _interval(e, lambda x: f"{x:.2f}")


def _share(e: Estimate | None) -> str:
    return UNKNOWN if e is None else _percent(e.value) + _interval(e, lambda x: f"{100 * x:.0f}")


def _interval(e: Estimate, form: Callable[[float], str]) -> str:
    return f" [{'?' if e.low is None else form(e.low)}, {'?' if e.high is None else form(e.high)}]"


def _percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{100 * share:.1f}%"


def _graded(m: Metrics) -> str:
    return str(m.graded) if m.graded == m.trials else f"{m.graded} of {m.trials}"


def _tokens(m: Metrics) -> str:
    known = [n for n in (m.usage.input_tokens, m.usage.output_tokens) if n is not None]
    return f"{sum(known):,}" if known else UNKNOWN


def money(cost: float | None) -> str:
    """US dollars; unknown is not $0."""
    return UNKNOWN if cost is None else f"${cost:.2f}"
