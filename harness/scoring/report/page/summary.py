"""What all trials add up to, as the page shows it: pure functions from brief records of trials to rows, cells and curves."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.scoring.metrics import NO_KERNEL, credited_speedup, log_mean
from harness.scoring.report.page.pack import Place
from harness.trial import Trial

STEPS = (0.5, 0.8, 0.98, 1.02, 1.25, 2.0, 4.0)
"""Speedups at which the colour of the heat map changes; between 0.98 and 1.02 is the baseline's own colour."""


class Brief(NamedTuple):
    """What the page's tables and plots need of one trial."""

    number: int
    """Position in the page: the trial's address is ``#trial-N``."""
    place: Place
    """Where everything else about it is packed."""
    run: str
    agent: str
    """The model, and its run where several runs have the same model."""
    backend: str
    workload: str
    repeat: int
    status: str
    graded: bool
    outcome: str
    """The verdict of the final kernel, ``no_kernel`` where there was none, or the status of a trial that does not count."""
    passed: bool
    speedup: float | None
    """Credited speedup of a pass."""
    cycles: float | None
    baseline: float | None
    """Cycles of the baseline."""
    bound: float | None
    """Cycles of the speed of light."""
    share: float | None
    """Share of the speed of light."""
    first_pass: int | None
    iterations: int
    tokens: int | None
    cost: float | None
    alarms: int
    cause: str = ""
    """Class of the failure; empty for a pass."""


def brief(trial: Trial, number: int, place: Place, run: str, cause: str = "") -> Brief:
    """The brief record of a trial, whose model and backend are named as the page names them."""
    final, graded = trial.final, trial.status.is_graded
    passed = graded and trial.passed
    verdict = final.verdict.value if final and final.verdict else NO_KERNEL
    tokens = [n for n in (trial.usage.input_tokens, trial.usage.output_tokens) if n is not None]
    return Brief(
        number=number, place=place, run=run, agent=trial.spec.model, backend=trial.spec.backend, workload=trial.spec.workload,
        repeat=trial.spec.repeat, status=trial.status.value, graded=graded, outcome=verdict if graded else trial.status.value,
        passed=passed, speedup=credited_speedup(final) if passed else None, cycles=final.cycles if final else None,
        baseline=final.baseline_cycles if final else None, bound=final.bound.cycles if final and final.bound else None,
        share=final.bound_share if final else None, first_pass=trial.first_pass, iterations=trial.iterations,
        tokens=sum(tokens) if tokens else None, cost=trial.cost, alarms=len(final.alarms) if final else 0, cause=cause,
    )  # fmt: skip


class Cell(NamedTuple):
    """One agent at one workload in the heat map."""

    text: str
    """What it shows: a speedup, or what went wrong."""
    style: str
    """CSS class of its colour."""
    label: str
    """All of it in words."""
    trials: tuple[int, ...]
    """Numbers of its trials, the best first."""
    alarms: bool


class Heat(NamedTuple):
    """The heat map of one backend: one line per task, one group of columns per agent."""

    agents: tuple[str, ...]
    configurations: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Cell | None, ...], ...]], ...]
    """Task, and for each agent a cell per configuration; None where nothing was tried."""


SHORT = {
    "build_error": "build", "no_kernel": "none", "rejected": "reject", "timeout": "time", "harness_bug": "bug",
    "provider": "server", "cancelled": "stop",
}  # fmt: skip
"""Outcomes as the cells spell them; the others are short enough."""


def heat_map(briefs: Iterable[Brief]) -> Heat:
    """The heat map of the trials of one backend."""
    cells: dict[tuple[str, str, str], list[Brief]] = defaultdict(list)
    for one in briefs:
        task, _, configuration = one.workload.partition("/")
        cells[task, one.agent, configuration].append(one)
    tasks, agents, configurations = (sorted({key[i] for key in cells}) for i in range(3))
    rows = [(task, tuple(tuple(_cell(cells.get((task, a, c))) for c in configurations) for a in agents)) for task in tasks]
    return Heat(tuple(agents), tuple(configurations), tuple(rows))


def _cell(briefs: Sequence[Brief] | None) -> Cell | None:
    if not briefs:
        return None
    first = briefs[0]
    ordered = sorted(briefs, key=lambda b: (-(b.speedup or 0.0), b.repeat))
    graded = [b for b in briefs if b.graded]
    passes = [b for b in graded if b.passed]
    numbers, where = tuple(b.number for b in ordered), f"{first.agent} on {first.workload}"
    if not passes:
        worst = (graded or briefs)[0].outcome
        count = "" if len(briefs) == 1 else f", 0 of {len(graded)} passed"
        return Cell(SHORT.get(worst, worst), "bad" if graded else "ungraded", f"{where}: {words(worst)}{count}", numbers, False)
    speed = log_mean(b.speedup for b in passes if b.speedup)
    alarms = any(b.alarms for b in passes)
    count = "" if len(graded) == 1 else f", {len(passes)} of {len(graded)} passed"
    text = "passed" if speed is None else ratio(speed)
    label = f"{where}: {text} the baseline's speed{count}{', with an alarm' if alarms else ''}"
    return Cell(text if len(passes) == len(graded) else f"{text}*", heat_class(speed), label, numbers, alarms)


def heat_class(speed: float | None) -> str:
    """CSS class for a speedup: ``h0`` (slowest) to ``h7``; the baseline's is ``h3``."""
    return "h3" if speed is None else f"h{sum(speed >= step for step in STEPS)}"


class Roof(NamedTuple):
    """One point of the roofline: the best pass of an agent at a workload."""

    agent: str
    workload: str
    headroom: float
    """Speedup at the speed of light: baseline cycles over bound cycles."""
    speedup: float
    trial: int


def roofline(briefs: Iterable[Brief]) -> list[Roof]:
    """The best pass of each agent at each workload that has a bound."""
    best: dict[tuple[str, str], Brief] = {}
    for one in briefs:
        if one.passed and one.speedup and one.baseline and one.bound:
            key = one.agent, one.workload
            if key not in best or one.speedup > (best[key].speedup or 0.0):
                best[key] = one
    return [
        Roof(agent, workload, one.baseline / one.bound, one.speedup, one.number)
        for (agent, workload), one in sorted(best.items())
        if one.baseline and one.bound and one.speedup
    ]


def speeds(briefs: Iterable[Brief]) -> dict[str, dict[str, list[float]]]:
    """Credited speedups of the graded attempts, by agent and workload; a failure is 0."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in briefs:
        if one.graded:
            found[one.agent][one.workload].append(one.speedup or 0.0)
    return {agent: dict(workloads) for agent, workloads in sorted(found.items())}


def outcomes(briefs: Iterable[Brief]) -> dict[str, dict[str, int]]:
    """How many trials of each agent failed, by class; ungraded ones are not failures of the agent and are left out."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in briefs:
        if one.graded and not one.passed:
            found[one.agent][one.cause or one.outcome] += 1
    return {agent: dict(counts) for agent, counts in sorted(found.items())}


def thinned(points: Sequence[Roof], most: int) -> Sequence[Roof]:
    """At most so many points, evenly taken in order: a plot that nobody can read need not hold all of them."""
    if len(points) <= most:
        return points
    step = len(points) / most
    return [points[math.floor(i * step)] for i in range(most)]


def columns(briefs: Sequence[Brief], titles: Mapping[str, str]) -> dict[str, object]:
    """The trials as columns for the page's table; texts that repeat are numbers into ``names``, ``titles`` name the tasks."""
    named = ("run", "agent", "backend", "workload", "status", "outcome", "cause")
    names = {field: sorted({getattr(one, field) for one in briefs}) for field in named}
    numbers = {field: {name: i for i, name in enumerate(values)} for field, values in names.items()}
    table: dict[str, object] = {field: [numbers[field][getattr(one, field)] for one in briefs] for field in named}
    for field in ("repeat", "speedup", "cycles", "share", "iterations", "tokens", "cost", "alarms"):
        table[field] = [_short(getattr(one, field)) for one in briefs]
    table["chunk"] = [one.place.chunk for one in briefs]
    table["index"] = [one.place.item for one in briefs]
    table["names"] = names
    table["titles"] = dict(titles)
    return table


def _short(value: float | None) -> float | None:
    """Six digits are all that a table shows."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def words(name: str) -> str:
    """An identifier for people."""
    return name.replace("_", " ")


def ratio(value: float) -> str:
    """A speedup in four characters or so: ``0.97``, ``12.3``, ``180``."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
