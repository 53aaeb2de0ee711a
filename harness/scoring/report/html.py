"""The report as one HTML file that needs nothing but a browser: no network, no server, no library.

How it is made: the records of the trials are read one at a time; each goes into a compressed chunk (`page.pack`), and what tables
and plots need of it is kept. Tables and plots are drawn here, so that the page shows them without a script; the script sorts,
filters, and unpacks a trial when it is opened. A content security policy forbids the page every request.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple, TypeVar

from markupsafe import Markup

from harness.scoring import failures
from harness.scoring.attempts import Attempt, attempts
from harness.scoring.comparison import Comparison, adjusted, compare, differences
from harness.scoring.curves import Trajectory, trajectory
from harness.scoring.metrics import by_agent, task_id, task_of
from harness.scoring.report import versus
from harness.scoring.report.page import charts, feedback, pack, tables
from harness.scoring.report.page.data import Source, trial_data
from harness.scoring.report.page.plots import plots
from harness.scoring.report.page.summary import Brief, brief, columns, heat_map
from harness.scoring.report.page.templates import render
from harness.scoring.report.table import SCORE_LEGEND, Line, lines_of
from harness.trial import Trial

T = TypeVar("T")
SECTIONS = (
    ("leaderboard", "Leaderboard"), ("backends", "Workloads"), ("plots", "Plots"), ("feedback", "Feedback"),
    ("comparison", "Comparison"), ("trials", "Trials"), ("provenance", "Provenance"),
)  # fmt: skip
"""Addresses and names of the page's parts; feedback and comparison only where there are any."""
PAIRS = 12
"""Pairs of agents on a backend whose workloads are listed one by one; of more, the table of pairs has to do."""


class Run(NamedTuple):
    """A run as the page names it."""

    id: str
    """Its address in the page."""
    name: str
    """For people; distinct."""
    models: Sequence[str]
    """Models it has trials of."""
    facts: Sequence[tuple[str, str]] = ()
    """What the reader may want to know of its making: command, date, versions."""
    digests: Mapping[str, str] = {}
    """SHA-256 of what decided its scores; runs that differ in it may not compare."""
    planned: int = 0
    """Trials that it is to make; 0 where that is not known."""


def report_page(runs: Sequence[Run], sources: Iterable[Source], title: str = "Results", names: Mapping[str, str] = {}) -> str:
    """The page of these runs. ``names`` are the names of tasks by id, as far as they are known. UsageError where the plots cannot
    be drawn."""
    charts.check_installed()
    shared = {model for model, count in Counter(m for run in runs for m in set(run.models)).items() if count > 1}
    collection = Collection()
    for source in sources:
        model = source.trial.spec.model
        collection.add(source, f"{model} ({source.run})" if model in shared else model)
    return page_of(collection, runs, tables.board(lines_of(collection.trials)), title, names)


class Collection:
    """What is kept of the trials while they are read."""

    def __init__(self) -> None:
        self.trials_packed, self.texts_packed = pack.Packer(), pack.Packer()
        self.texts = pack.Texts(self.texts_packed)
        self.briefs: list[Brief] = []
        self.trials: list[Trial] = []
        self.courses: dict[tuple[str, str], list[Trajectory]] = defaultdict(list)
        """Courses of the trials by backend and agent."""
        self.steps: dict[tuple[str, str], list[failures.Step]] = defaultdict(list)
        """From attempt to attempt."""
        self.failed: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        """Failed attempts by class."""
        self.runs: dict[str, str] = {}
        """Name of each agent's run."""

    def add(self, source: Source, agent: str) -> None:
        """Takes a trial of an agent, which is the model or what tells it from the same model in another run."""
        self.runs[agent] = source.run
        trial = _slimmed(source, agent)
        failure = failures.of_trial(trial) if trial.status.is_graded else None
        cause = failures.describe(failure) if failure else ""
        place = self.trials_packed.add(trial_data(source, self.texts))
        self.briefs.append(brief(trial, len(self.briefs), place, source.run, cause))
        self.trials.append(trial)
        if source.events and trial.status.is_graded:
            self._follow(trial, attempts(source.events))

    def _follow(self, trial: Trial, taken: Sequence[Attempt]) -> None:
        key = trial.spec.backend, trial.spec.model
        self.courses[key].append(trajectory(trial, taken))
        self.steps[key] += failures.steps(taken)
        self.failed[key].update(failures.describe(failure) for one in taken if (failure := failures.of_attempt(one)))

    def of_backend(self, kept: Mapping[tuple[str, str], T], backend: str) -> dict[str, T]:
        """What is kept of the agents of a backend, by agent."""
        return {agent: value for (name, agent), value in sorted(kept.items(), key=lambda item: item[0]) if name == backend}


def _slimmed(source: Source, agent: str) -> Trial:
    """A trial without what only its pane shows, under the names that the page has: thousands of these are kept at once."""
    trial = source.trial
    final = trial.final.model_copy(update={"profile": None, "counters": {}}) if trial.final else None
    names = {"model": agent, "backend": source.where or trial.spec.backend}
    return trial.model_copy(update={"final": final, "spec": trial.spec.model_copy(update=names)})


def page_of(
    found: Collection, runs: Sequence[Run], board: tables.Table, title: str, names: Mapping[str, str], verify: str = ""
) -> str:
    """The page of what was collected. ``verify`` says how a reader may check it."""
    titles = {task: names.get(task_id(one.workload), "") for one in found.briefs if (task := task_of(one.workload))}
    lines = lines_of(found.trials)
    comparisons = _comparisons(found, runs)
    backends = _backends(found, lines)
    absent = {"feedback"} if not any(one["repairs"].rows for one in backends) else set()
    absent |= {"comparison"} if not comparisons else set()
    return render(
        "report.html.j2",
        title=title,
        lead="Kernels written by agents, judged on hidden inputs, measured against a frozen baseline and an analytic bound.",
        sections=[(id, text) for id, text in SECTIONS if id not in absent],
        facts=_facts(found.briefs, lines, sum(run.planned for run in runs)),
        board={"columns": board.columns, "rows": board.rows, "legend": SCORE_LEGEND},
        backends=backends,
        comparisons=comparisons,
        runs=runs,
        verify=verify,
        names=titles,
        columns=Markup(pack.script_json(columns(found.briefs, titles))),
        chunks=found.trials_packed.close(),
        texts=found.texts_packed.close(),
    )


def _facts(briefs: Sequence[Brief], lines: Sequence[Line], planned: int) -> list[tuple[str, str]]:
    graded = sum(one.graded for one in briefs)
    finished = f"{len(briefs):,} of {planned:,} planned" if planned > len(briefs) else f"{len(briefs):,}"
    known = [line.metrics.cost for line in lines if line.metrics.cost is not None]
    return [
        ("trials", finished + ("" if graded == len(briefs) else f" ({graded:,} graded)")),
        ("passed", f"{sum(one.passed for one in briefs):,}"),
        ("models", str(len({one.agent for one in briefs}))),
        ("backends", ", ".join(sorted({one.backend for one in briefs}))),
        ("workloads", f"{len({(one.backend, one.workload) for one in briefs}):,}"),
        ("cost", f"${sum(known):.2f}" if len(known) == len(lines) else "unknown"),
    ]


def _backends(found: Collection, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """What the page shows of each backend. An agent has the same colour on all of them."""
    agents = sorted({one.agent for one in found.briefs})
    result = []
    for name in sorted({one.backend for one in found.briefs}):
        here = [one for one in found.briefs if one.backend == name]
        metrics = {line.model: line.metrics for line in lines if line.backend == name}
        courses, failed = found.of_backend(found.courses, name), found.of_backend(found.failed, name)
        steps = found.of_backend(found.steps, name)
        drawn = plots(here, metrics, courses, failed, agents)
        result.append({
            "name": name, "heat": heat_map(here), "repeats": any(one.repeat for one in here),
            "agents": [{"name": agent, "style": charts.style(agents.index(agent))} for agent in metrics],
            "repairs": feedback.repair_table(steps), "matrix": feedback.matrix(steps),
            "plots": [plot._replace(svg=Markup(plot.svg)) for plot in drawn],
        })  # fmt: skip
    return result


def _comparisons(found: Collection, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Every pair of agents of each backend that has several; the tables of single workloads are packed."""
    groups: dict[str, dict[str, list[Trial]]] = {}
    for (agent, backend), trials in by_agent(found.trials).items():
        groups.setdefault(backend, {})[agent] = trials
    digests = {run.name: run.digests for run in runs}
    result = []
    for backend, agents in sorted(groups.items()):
        compared, refused = _compare(agents, {agent: digests.get(found.runs[agent], {}) for agent in agents})
        listed = [
            {"title": f"{one.a.label} against {one.b.label}", "sentence": versus.sentence(one), "notes": versus.remarks(one),
             "place": found.texts_packed.add(tables.packed(tables.workloads(one)))}
            for one in compared[:PAIRS]
        ]  # fmt: skip
        if compared or refused:
            result.append({"backend": backend, **tables.pairs(compared)._asdict(), "pairs": listed, "refused": refused})
    return result


def _compare(
    agents: Mapping[str, Sequence[Trial]], digests: Mapping[str, Mapping[str, str]]
) -> tuple[list[Comparison], list[str]]:
    """The comparisons of all pairs with a common workload, corrected for their number; and why others must not be compared."""
    compared, refused = [], []
    for a, b in combinations(agents, 2):
        common = set.intersection(*({t.spec.workload for t in agents[name] if t.status.is_graded} for name in (a, b)))
        fatal, other = differences(digests[a], digests[b], common)
        if fatal:
            refused.append(f"{a} and {b} are not compared: their runs differ in {', '.join(fatal)}")
        elif common:
            notes = [f"the runs also differ in {', '.join(other)}"] if other else []
            compared.append(compare(agents[a], agents[b], labels=(a, b), notes=notes))
    return adjusted(compared), refused
