"""What a person sees while a run goes on: a live table on a terminal, one plain line per trial anywhere else. Always on stderr.

`Tally` only adds up: its size depends on the number of models, not of trials.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.agent.text import clean
from harness.run.plan import Lock
from harness.trial import Status, Trial, TrialSpec

GRADED = tuple(status.value for status in Status if status.is_graded)
SHOWN = 6
"""Running trials that the live table names."""


@dataclass
class AgentCount:
    """What one model on one backend has done so far."""

    planned: int = 0
    passed: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    cost: float | None = 0.0
    """US dollars; None once a price was unknown."""

    def add(self, trial: Trial) -> None:
        """Counts a finished trial."""
        self.statuses[trial.status.value] += 1
        self.passed += trial.status.is_graded and trial.passed
        self.tokens += (trial.usage.input_tokens or 0) + (trial.usage.output_tokens or 0)
        self.cost = None if self.cost is None or trial.cost is None else self.cost + trial.cost

    @property
    def graded(self) -> int:
        """Trials that count for or against the model."""
        return sum(count for status, count in self.statuses.items() if status in GRADED)


class Tally:
    """Counts of a run by (model, backend)."""

    def __init__(self, lock: Lock) -> None:
        self.agents: dict[tuple[str, str], AgentCount] = {
            (model, backend): AgentCount(planned=lock.options.repeats * len(record.workloads))
            for model in lock.models
            for backend, record in lock.backends.items()
        }
        self.new = 0
        """Trials finished by this process."""

    def add(self, trial: Trial, *, is_new: bool = True) -> None:
        """Counts a finished trial; ``is_new`` unless an earlier process finished it."""
        self.agents[trial.spec.model, trial.spec.backend].add(trial)
        self.new += is_new

    @property
    def planned(self) -> int:
        """Trials of the whole run."""
        return sum(agent.planned for agent in self.agents.values())

    @property
    def done(self) -> int:
        """Trials that have ended, graded or not."""
        return sum(agent.statuses.total() for agent in self.agents.values())

    @property
    def graded(self) -> int:
        """Trials that count."""
        return sum(agent.graded for agent in self.agents.values())


class Progress:
    """Shows a run as it goes on; a context manager."""

    def __init__(self, tally: Tally, console: Console, *, quiet: bool = False) -> None:
        self.tally = tally
        self.console = console
        self.quiet = quiet
        self.running: dict[str, TrialSpec] = {}
        self.notice = ""
        """What is said below the table: that the run is draining."""
        self.started = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal and not self.quiet:
            self._live = Live(get_renderable=self.render, console=self.console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.notice = text
        self._line(text)

    def begin(self, spec: TrialSpec) -> None:
        """A trial was given to a worker."""
        self.running[spec.id] = spec

    def end(self, spec: TrialSpec, trial: Trial | None, note: str = "") -> None:
        """A trial ended; without a record of it, ``note`` says what happened and that it is tried again."""
        self.running.pop(spec.id, None)
        if trial:
            self.tally.add(trial)
        if not self._live or not trial:
            who = f"{spec.model} {spec.backend} {spec.workload}" + (f" #{spec.repeat + 1}" if spec.repeat else "")
            self._line(f"[{self.tally.done}/{self.tally.planned}] {who}: {note or outcome(trial)}")

    def _line(self, text: str) -> None:
        if not self.quiet:
            self.console.print(clean(text), markup=False, highlight=False, soft_wrap=True)

    def render(self) -> RenderableType:
        """The live table."""
        running = [f"{spec.workload} ({spec.model})" for spec in self.running.values()]
        more = f" and {len(running) - SHOWN} more" if len(running) > SHOWN else ""
        lines = [Text(f"running: {', '.join(running[:SHOWN]) or 'nothing'}{more}", style="dim"), Text(self._clock())]
        return Group(count_table(self.tally), *lines, *([Text(clean(self.notice), style="yellow")] if self.notice else []))

    def _clock(self) -> str:
        tally, seconds = self.tally, time.monotonic() - self.started
        left = seconds / tally.new * (tally.planned - tally.done) if tally.new else None
        return f"{tally.done} of {tally.planned} trials, {duration(seconds)} so far, {duration(left)} to go"


def count_table(tally: Tally) -> Table:
    """Models by status."""
    statuses = sorted({status for agent in tally.agents.values() for status in agent.statuses} - set(GRADED))
    table = Table()
    for heading in ("model", "backend", "done", "passed", *GRADED, *statuses, "tokens", "cost"):
        table.add_column(heading, justify="left" if heading in ("model", "backend") else "right")
    for (model, backend), agent in tally.agents.items():
        cost = "-" if agent.cost is None else f"${agent.cost:.2f}"
        counts = [str(agent.statuses[status]) for status in (*GRADED, *statuses)]
        done = f"{agent.statuses.total()}/{agent.planned}"
        table.add_row(escape(model), escape(backend), done, str(agent.passed), *counts, f"{agent.tokens:,}", cost)
    return table


def outcome(trial: Trial | None) -> str:
    """One trial in a few words."""
    if trial is None:
        return "not finished"
    if not trial.status.is_graded:
        return f"{trial.status.value}, not graded: {trial.detail}"
    if trial.final is None:
        return f"failed, no kernel ({trial.status.value}: {trial.detail})"
    return trial.final.summary if trial.passed else f"{trial.final.verdict}: {trial.final.summary}"


def duration(seconds: float | None) -> str:
    """``1:02:03`` or ``2:03``; ``?`` if unknown."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
