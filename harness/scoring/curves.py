"""Success and speed as curves over what was spent: iterations, tokens, US dollars, seconds.

A single number at the end hides whether an agent got there at once or by trying for long. A curve at x says what the agents would
have had, had they been stopped after x. Only trials that pass on hidden inputs in the end count as ever successful: a kernel that
passed on public inputs alone was no success. Repeats of a workload are averaged first, then workloads, all alike.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from harness.scoring.attempts import Attempt
from harness.scoring.metrics import Point, credited_speedup
from harness.trial import Trial

Axis = Literal["iterations", "tokens", "cost", "seconds"]


class Spent(NamedTuple):
    """What had been spent when a kernel was shown; None where it is unknown."""

    iterations: int
    """Kernels shown to the judge so far, this one included."""
    tokens: int | None
    """Input and output tokens."""
    cost: float | None
    """US dollars."""
    seconds: float
    """Wall seconds since the trial began, the model's latency included."""


@dataclass(frozen=True)
class Trajectory:
    """The course of one graded trial."""

    workload: str
    """`Workload.id`."""
    successes: tuple[tuple[Spent, float], ...]
    """For each kernel that passed, in order, what was spent by then and its credited speedup, the final grade last; empty where
    the trial failed."""


def trajectory(trial: Trial, attempts: Iterable[Attempt]) -> Trajectory:
    """The course of a graded trial, from its attempts (`harness.scoring.attempts.attempts`)."""
    found: list[tuple[Spent, float]] = []
    iterations = 0
    for attempt in attempts:
        evaluation = attempt.evaluation
        if evaluation is None:
            continue
        # The grade of a kernel that was shown before costs no iteration, as `Trial.iterations` has it.
        iterations = min(iterations + 1, trial.iterations) if evaluation.stage == "final" else iterations + 1
        if evaluation.passed:
            spent = Spent(iterations, attempt.tokens, attempt.cost, attempt.at)
            found.append((spent, credited_speedup(evaluation)))
    return Trajectory(trial.spec.workload, tuple(found) if trial.passed else ())


def success_curve(trajectories: Iterable[Trajectory], axis: Axis) -> list[Point]:
    """Share of trials that had shown a passing kernel by then, at 0 and wherever it rises. Empty where ``axis`` is not known."""
    return _curve(trajectories, axis, lambda speed: 1.0, lambda mean: mean)


def speedup_curve(trajectories: Iterable[Trajectory], axis: Axis) -> list[Point]:
    """The score of the best kernels so far, ``geometric mean of (1 + best speedup) - 1`` with 0 before the first pass, at 0 and
    wherever it rises (`Point.share` holds a speedup). Public inputs are what counts on the way, so with measured times the last
    point may differ from the graded score. Empty where ``axis`` is not known."""
    return _curve(trajectories, axis, math.log1p, math.expm1)


def _curve(
    trajectories: Iterable[Trajectory], axis: Axis, worth: Callable[[float], float], mean: Callable[[float], float]
) -> list[Point]:
    """A sum of steps: each trial adds, where its best so far improves, the gain over the number of its workload's trials and of
    all workloads."""
    by_workload: dict[str, list[Trajectory]] = defaultdict(list)
    for one in trajectories:
        by_workload[one.workload].append(one)
    gains: dict[float, list[float]] = defaultdict(list)
    for group in by_workload.values():
        for one in group:
            for at, gain in _gains(one.successes, axis, worth):
                if at is None:
                    return []
                gains[at].append(gain / len(group) / len(by_workload))
    points, so_far = [], 0.0
    for at in sorted(gains.keys() | {0.0} if by_workload else ()):
        so_far = math.fsum([so_far, *gains[at]])
        points.append(Point(at=float(at), share=mean(so_far)))
    return points


def _gains(
    successes: Sequence[tuple[Spent, float]], axis: Axis, worth: Callable[[float], float]
) -> Iterable[tuple[float | None, float]]:
    best = 0.0
    for spent, speed in successes:
        if (value := worth(speed)) > best:
            yield getattr(spent, axis), value - best
            best = value
