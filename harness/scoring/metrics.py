"""What the trials of one model on one backend and suite add up to.

Order of averaging, everywhere: repeats within a workload first, then workloads, all alike; intervals resample tasks. Trials
that ended for no fault of the model (provider, infra, harness_bug, cancelled) are counted and shown, and enter nothing else.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.model import Usage
from harness.record import Record
from harness.scoring.statistics import (
    FAST_RANGE,
    Interval,
    clustered_mean,
    clustered_share,
    fast_area,
    geometric_mean,
    pass_at_k,
    pass_hat_k,
    penalised_geometric_mean,
    shifted_geometric_mean,
    sol_score,
)
from harness.trial import Evaluation, Status, Trial

FAST_AT = (0.0, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""The speedups at which fast_p is reported."""
FAILURE_FLOOR = 0.1
"""What a failure counts in ``penalised_speedup``."""
NO_KERNEL = "no_kernel"
"""Counted beside the verdicts: a graded trial that left no kernel to judge, a failure."""


class Estimate(Record):
    """A number with its 95% interval."""

    value: float
    """Point estimate."""
    low: float | None
    """Lower end; None where the data says nothing about it (a single task)."""
    high: float | None
    """Upper end; None as above."""


class Point(Record):
    """One point of a curve."""

    at: float
    """Position: a number of attempts or iterations, or a speedup."""
    share: float
    """Share of the graded workloads, 0 to 1."""


class Metrics(Record):
    """Everything that is reported about one model on one backend and suite. None where there is nothing to compute it from."""

    trials: int
    """Trials recorded, ungraded ones included."""
    graded: int
    """Trials that count for or against the model."""
    workloads: int
    """Distinct workloads with at least one graded trial."""
    tasks: int
    """Distinct tasks among them: the independent units behind the intervals."""
    repeats: int
    """Fewest graded trials of any graded workload: the largest k of pass@k."""
    statuses: dict[str, int]
    """Trials by status, every status present."""
    verdicts: dict[str, int]
    """Graded trials by verdict of the final kernel, present ones only; ``no_kernel`` where none was judged."""
    pass_at_1: Estimate | None
    """Mean over workloads of the share of graded trials that passed; Wilson interval at the effective number of tasks."""
    pass_at_k: tuple[Point, ...]
    """Unbiased pass@k for k from 1 to ``repeats``: at least one of k attempts passes."""
    pass_hat_k: tuple[Point, ...] = ()
    """Unbiased pass^k for the same k: all of k attempts pass."""
    success_at: tuple[Point, ...]
    """Share that passes in the end and had its first passing kernel among the first n shown to the judge."""
    speedup: Estimate | None
    """Geometric mean of the credited speedup over workloads that passed at least once."""
    score: Estimate | None
    """``geometric mean of (1 + speedup) - 1`` over all graded trials, a failure having speedup 0: the ranking."""
    fast: tuple[Point, ...]
    """fast_p: share that passes and is not measurably slower than p times the baseline (the upper end of its interval reaches p);
    at 0 this is pass@1."""
    fast_area: float | None = None
    """Area under fast_p over the logarithm of p from 0.25 to 16, 0 to 1, of credited speedups: the baseline itself has 1/3."""
    penalised_speedup: Estimate | None = None
    """Geometric mean of the credited speedup over all graded trials, failures and whatever is slower counting 0.1."""
    bound_share: float | None
    """Geometric mean over passes of bound cycles / cycles: 1 is the speed of light."""
    sol_score: Estimate | None = None
    """Mean SOL score over all graded trials: a failure 0, the baseline 0.5, the speed of light 1; None where a pass has no
    bound."""
    alarms: int
    """Passing trials that carry at least one alarm."""
    usage: Usage
    """Tokens of all trials, ungraded ones included: they were paid for too."""
    cost: float | None
    """US dollars of all trials; None if any is unknown."""
    model_seconds: float
    """Wall time waiting for the model, summed over trials."""
    tool_seconds: float
    """Wall time inside tools, summed over trials."""
    grading_seconds: float
    """Wall time of the final gradings, summed over trials."""


def task_of(workload: str) -> str:
    """Task part of a workload id, with its element type: ``P04.i8`` of ``P04.i8/C2``."""
    return workload.partition("/")[0]


def task_id(workload: str) -> str:
    """`Task.id` of a workload id: ``P04`` of ``P04.i8/C2``."""
    return task_of(workload).partition(".")[0]


def credited_speedup(evaluation: Evaluation | None) -> float:
    """Speedup that a final evaluation earns: 0 unless it passed.

    Faster than light is an alarm, not a win. Above an exact bound nothing is gained over the baseline; above an estimated
    bound, which may itself be too high, the gain ends at the bound.
    """
    if evaluation is None or not evaluation.passed or evaluation.speedup is None:
        return 0.0
    share = evaluation.bound_share
    if evaluation.bound is None or share is None or share <= 1:
        return evaluation.speedup
    return evaluation.speedup / share if evaluation.bound.estimate else min(evaluation.speedup, 1.0)


def _sol(final: Evaluation | None, credited: float) -> float | None:
    """SOL score of a graded trial, from the speedup that it is credited with."""
    if credited == 0 or final is None:
        return 0.0
    if final.bound is None or not final.baseline_cycles:
        return None
    return sol_score(final.baseline_cycles / credited, final.baseline_cycles, final.bound.cycles)


def compute(trials: Iterable[Trial]) -> Metrics:
    """The metrics of the trials of one (model, backend, suite), in any order. The trials themselves are not kept."""
    return _Tally.of(trials).metrics()


@dataclass(frozen=True)
class _Outcome:
    """What the metrics need of one graded trial."""

    passed: bool
    speedup: float
    reach: float
    """Upper end of the interval of ``speedup``: a tie with p reaches p, or fast_1 of the baseline itself would be a coin toss."""
    first: int
    """1-based index of the first passing kernel shown to the judge; meaningless unless passed."""
    bound_share: float | None
    sol: float | None
    """SOL score of the credited speedup; 0 for a failure, None for a pass without a bound."""


class _Tally:
    """A single pass over trials that keeps a few numbers of each, so that a run need not fit in memory. Sums are exact
    (`math.fsum`), so that a row does not depend on the order in which a folder is listed."""

    def __init__(self) -> None:
        self.statuses = Counter[Status]()
        self.verdicts = Counter[str]()
        self.outcomes: dict[str, list[_Outcome]] = defaultdict(list)
        self.usage = Usage()
        self.costs: list[float | None] = []
        self.alarms = 0
        self.model_seconds: list[float] = []
        self.tool_seconds: list[float] = []
        self.grading_seconds: list[float] = []

    @classmethod
    def of(cls, trials: Iterable[Trial]) -> _Tally:
        tally = cls()
        for trial in trials:
            tally._add(trial)
        return tally

    def _add(self, trial: Trial) -> None:
        self.statuses[trial.status] += 1
        self.usage += trial.usage
        self.costs.append(trial.cost)
        self.model_seconds.append(trial.model_seconds)
        self.tool_seconds.append(trial.tool_seconds)
        if trial.status.is_graded:
            self._add_graded(trial)

    def _add_graded(self, trial: Trial) -> None:
        final = trial.final
        self.verdicts[final.verdict.value if final and final.verdict else NO_KERNEL] += 1
        self.alarms += bool(trial.passed and final and final.alarms)
        self.grading_seconds.append(final.seconds if final else 0.0)
        first = trial.first_pass or max(1, trial.iterations)  # one that never ran its kernel passed with the submission
        speedup = credited_speedup(final)
        widening = final.speedup_high / final.speedup if final and final.speedup and final.speedup_high else 1.0
        share = final.bound_share if final else None
        outcome = _Outcome(trial.passed, speedup, speedup * widening, first, share, _sol(final, speedup))
        self.outcomes[trial.spec.workload].append(outcome)

    def metrics(self) -> Metrics:
        repeats = min(map(len, self.outcomes.values()), default=0)
        return Metrics(
            trials=self.statuses.total(),
            graded=sum(map(len, self.outcomes.values())),
            workloads=len(self.outcomes),
            tasks=len(set(map(task_of, self.outcomes))),
            repeats=repeats,
            statuses={status.value: self.statuses[status] for status in Status},
            verdicts=dict(sorted(self.verdicts.items())),
            pass_at_1=estimate(clustered_share(self._clusters(_pass_rate))) if self.outcomes else None,
            pass_at_k=tuple(self._repeats(pass_at_k, k) for k in range(1, repeats + 1)),
            pass_hat_k=tuple(self._repeats(pass_hat_k, k) for k in range(1, repeats + 1)),
            success_at=self._success_curve(),
            speedup=self._speedup(),
            score=self._score(),
            fast=tuple(self._fast_at(p) for p in FAST_AT) if self.outcomes else (),
            fast_area=fast_area(self._speeds(), *FAST_RANGE) if self.outcomes else None,
            penalised_speedup=self._penalised(),
            bound_share=self._bound_share(),
            sol_score=self._sol_score(),
            alarms=self.alarms,
            usage=self.usage,
            cost=total_cost(self.costs),
            model_seconds=math.fsum(self.model_seconds),
            tool_seconds=math.fsum(self.tool_seconds),
            grading_seconds=math.fsum(self.grading_seconds),
        )

    def _clusters(self, value: Callable[[Sequence[_Outcome]], float | None]) -> dict[str, list[float]]:
        """One value per workload, grouped by task; workloads without a value are left out."""
        clusters: dict[str, list[float]] = defaultdict(list)
        for workload, outcomes in sorted(self.outcomes.items()):
            if (x := value(outcomes)) is not None:
                clusters[task_of(workload)].append(x)
        return clusters

    def _point(self, at: float, value: Callable[[Sequence[_Outcome]], float]) -> Point:
        return Point(at=at, share=_mean([value(outcomes) for outcomes in self.outcomes.values()]))

    def _repeats(self, estimator: Callable[[int, int, int], float], k: int) -> Point:
        return self._point(k, lambda outcomes: estimator(len(outcomes), sum(o.passed for o in outcomes), k))

    def _speeds(self) -> dict[str, list[float]]:
        return {workload: [o.speedup for o in outcomes] for workload, outcomes in self.outcomes.items()}

    def _fast_at(self, p: float) -> Point:
        return self._point(p, lambda outcomes: _mean([o.passed and o.reach >= p for o in outcomes]))

    def _success_at(self, n: int) -> Point:
        return self._point(n, lambda outcomes: _mean([o.passed and o.first <= n for o in outcomes]))

    def _success_curve(self) -> tuple[Point, ...]:
        """Points at 1 and wherever the curve rises; it is flat in between and after."""
        rises = {o.first for outcomes in self.outcomes.values() for o in outcomes if o.passed}
        return tuple(self._success_at(n) for n in sorted(rises | {1})) if self.outcomes else ()

    def _speedup(self) -> Estimate | None:
        clusters = self._clusters(lambda outcomes: log_mean(o.speedup for o in outcomes if o.passed and o.speedup > 0))
        return estimate(geometric_mean(clusters)) if clusters else None

    def _score(self) -> Estimate | None:
        clusters = self._clusters(lambda outcomes: math.expm1(_mean([math.log1p(o.speedup) for o in outcomes])))
        return estimate(shifted_geometric_mean(clusters)) if clusters else None

    def _penalised(self) -> Estimate | None:
        floor = FAILURE_FLOOR
        clusters = self._clusters(lambda outcomes: log_mean(max(o.speedup, floor) for o in outcomes))
        return estimate(penalised_geometric_mean(clusters, floor)) if clusters else None

    def _sol_score(self) -> Estimate | None:
        if any(o.sol is None for outcomes in self.outcomes.values() for o in outcomes):
            return None
        clusters = self._clusters(lambda outcomes: _mean([o.sol or 0.0 for o in outcomes]))
        return estimate(clustered_mean(clusters)) if clusters else None

    def _bound_share(self) -> float | None:
        clusters = self._clusters(lambda outcomes: log_mean(o.bound_share for o in outcomes if o.passed and o.bound_share))
        return log_mean(x for xs in clusters.values() for x in xs)


def estimate(interval: Interval) -> Estimate:
    """As a record, in which an end that is not finite is None."""
    low, high = (end if math.isfinite(end) else None for end in (interval.low, interval.high))
    return Estimate(value=interval.value, low=low, high=high)


def total_cost(costs: Sequence[float | None]) -> float | None:
    """The sum, or None if any is unknown: a part of a bill is not a bill."""
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None


def log_mean(values: Iterable[float | None]) -> float | None:
    """Geometric mean of positive values; None if there are none."""
    logs = [math.log(x) for x in values if x is not None]
    return math.exp(_mean(logs)) if logs else None


def rank(scores: Sequence[Estimate | None]) -> list[int]:
    """Rank of each score: 1 + how many others lie wholly above its interval. Scores that share a rank are a tie.

    A score with an unknown end ties with everything on that side; rows without a score come last.
    """
    lows = [-math.inf if s is None or s.low is None else s.low for s in scores]
    highs = [-math.inf if s is None else math.inf if s.high is None else s.high for s in scores]
    # Two ways to the same number differ in the last bits; that is not a difference in rank.
    return [1 + sum(low > high + 1e-9 for low in lows) for high in highs]


def _pass_rate(outcomes: Sequence[_Outcome]) -> float:
    return _mean([o.passed for o in outcomes])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def by_agent(trials: Iterable[Trial]) -> Mapping[tuple[str, str], list[Trial]]:
    """Trials grouped by (model, backend), sorted."""
    groups: dict[tuple[str, str], list[Trial]] = defaultdict(list)
    for trial in trials:
        groups[trial.spec.model, trial.spec.backend].append(trial)
    return dict(sorted(groups.items()))
