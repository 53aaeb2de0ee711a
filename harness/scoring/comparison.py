"""Two agents on the same workloads of one backend: who is better, how sure, what flipped, and what the difference costs.

Only workloads on which both have a graded trial are compared, and everything about them is paired. Repeats of a workload are
averaged first; tests flip or resample whole tasks (`harness.scoring.statistics.paired`). Three questions, three tests:

| test | over | value |
|---|---|---|
| ``score`` | all pairs | ``(1 + score of B) / (1 + score of A)``: what ranks, failures included |
| ``passing`` | all pairs | share of B that passes less that of A |
| ``speed`` | pairs that both pass | geometric mean of B's speedup over A's |
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Literal

from harness.errors import UsageError
from harness.record import Record
from harness.scoring import failures
from harness.scoring.metrics import Estimate, Metrics, compute, credited_speedup, estimate, log_mean, task_id, task_of
from harness.scoring.statistics import (
    TIE_BAND,
    Decision,
    Interval,
    clustered_sign_flip,
    cohens_h,
    decide,
    holm,
    mcnemar,
    paired_difference,
    paired_ratio,
    superiority,
)
from harness.trial import Trial

PASSING_BAND = 0.02
"""Pass rates that differ by at most this are equal for all that matters."""
FEWEST_TASKS = 6
"""Below this nothing is decided: no sign flip test can reach 5%, and the bootstrap of so few clusters is too narrow for a tie."""
DECISIVE = ("task", "backend", "baselines", "numerics")
"""First words of digests that both sides must share: with another one, a verdict or a speedup is another quantity."""


class Test(Record):
    """One question with its answer."""

    estimate: Estimate
    """Difference or ratio, B against A, with its 95% interval of the cluster bootstrap; ends are None with a single task."""
    p_value: float
    """Two-sided, by sign flips of whole tasks."""
    adjusted: float
    """The p-value after Holm's correction for the comparisons made at once; equal to ``p_value`` where there is one."""
    tasks: int
    """Distinct tasks behind it: the independent units."""
    decision: Decision
    """What the adjusted p-value and the interval come to for B; undecided below `FEWEST_TASKS`."""


class Pair(Record):
    """One workload on both sides."""

    workload: str
    """`Workload.id`."""
    a_passed: int
    """Graded trials of A that passed."""
    a_graded: int
    """Graded trials of A."""
    b_passed: int
    """Graded trials of B that passed."""
    b_graded: int
    """Graded trials of B."""
    a_speedup: float | None
    """Geometric mean of the credited speedup over A's passes; None if there is none."""
    b_speedup: float | None
    """The same of B."""
    ratio: float | None
    """``b_speedup / a_speedup``."""
    a_failure: str
    """Commonest failure class of A's trials; empty if none failed."""
    b_failure: str
    """The same of B."""
    flip: Literal["gained", "lost", ""]
    """Gained where most trials of B pass and not of A, lost where it is the other way round."""


class Side(Record):
    """One of the two agents."""

    label: str
    """How it is called: the model, or run and model."""
    model: str
    """Model as named on the command line."""
    metrics: Metrics
    """Of its trials on the paired workloads, ungraded ones included."""


class Comparison(Record):
    """B against A."""

    backend: str
    """Backend name."""
    a: Side
    """What B is compared with."""
    b: Side
    """What is compared."""
    pairs: tuple[Pair, ...]
    """Every workload with a graded trial on both sides, in order of id."""
    tasks: int
    """Distinct tasks among them: the independent units behind the tests."""
    only_a: tuple[str, ...]
    """Workloads with a graded trial of A alone: left out."""
    only_b: tuple[str, ...]
    """Workloads with a graded trial of B alone: left out."""
    score: Test
    """Is B better, all in all?"""
    passing: Test
    """Does B pass more often?"""
    speed: Test | None
    """Is B faster where both pass? None if they never do."""
    gained: int
    """Workloads that flipped to a pass."""
    lost: int
    """Workloads that flipped to a failure."""
    mcnemar_p: float
    """Exact McNemar p-value of the flips. It counts workloads of one task as independent, so it is too sure."""
    cohens_h: float
    """Effect size of the pass rates: 0.2 small, 0.5 medium, 0.8 large."""
    faster: int
    """Pairs that both pass where B is faster by more than the tie band."""
    equal: int
    """Pairs that both pass within the tie band."""
    slower: int
    """Pairs that both pass where B is slower by more than the tie band."""
    cost_difference: float | None
    """US dollars of B less those of A, on the paired workloads; None if a price is unknown."""
    token_difference: int | None
    """Tokens of B less those of A; None if unknown."""
    notes: tuple[str, ...] = ()
    """What else differs between the sides, for the reader to judge."""

    @property
    def superiority(self) -> float:
        """``(faster - slower) / (faster + equal + slower)``: -1 to 1; 0 if they never both pass."""
        both = self.faster + self.equal + self.slower
        return (self.faster - self.slower) / both if both else 0.0


def compare(
    a: Iterable[Trial], b: Iterable[Trial], *, labels: tuple[str, str] = ("", ""), notes: Sequence[str] = ()
) -> Comparison:
    """Compares the trials of two agents on one backend. Labels default to the models' names.

    UsageError if the trials are of several models or backends, or no workload has a graded trial on both sides.
    """
    sides = [list(a), list(b)]
    (model_a, backend), (model_b, backend_b) = (_agent(side, name) for side, name in zip(sides, "AB", strict=True))
    if backend != backend_b:
        raise UsageError(
            f"A ran on {backend!r} and B on {backend_b!r}: cycles of two targets do not compare",
            "compare runs on the same backend",
        )
    graded_a, graded_b = (_by_workload(side) for side in sides)
    common = sorted(graded_a.keys() & graded_b.keys())
    if not common:
        raise UsageError(
            f"no workload has a graded trial of both {labels[0] or model_a!r} and {labels[1] or model_b!r} on {backend!r}",
            f"A has {_some(graded_a)}; B has {_some(graded_b)}",
        )
    pairs = tuple(_pair(workload, graded_a[workload], graded_b[workload]) for workload in common)
    side_a, side_b = (
        Side(label=label or model, model=model, metrics=compute(t for t in side if t.spec.workload in set(common)))
        for label, model, side in zip(labels, (model_a, model_b), sides, strict=True)
    )
    speed_ratios = _clusters(pairs, lambda pair: pair.ratio)
    wins = superiority(ratio for ratios in speed_ratios.values() for ratio in ratios)
    flips = Counter(pair.flip for pair in pairs)
    passing = _clusters(pairs, lambda pair: pair.b_passed / pair.b_graded - pair.a_passed / pair.a_graded)
    gains = {workload: _mean_log(graded_b[workload]) - _mean_log(graded_a[workload]) for workload in common}  # of ln(1 + speedup)
    return Comparison(
        backend=backend,
        a=side_a,
        b=side_b,
        pairs=pairs,
        tasks=len({task_of(workload) for workload in common}),
        only_a=tuple(sorted(graded_a.keys() - graded_b.keys())),
        only_b=tuple(sorted(graded_b.keys() - graded_a.keys())),
        score=_ratio_test(_clusters(pairs, lambda pair: math.exp(gains[pair.workload]))),
        passing=_difference_test(passing),
        speed=_ratio_test(speed_ratios) if speed_ratios else None,
        gained=flips["gained"],
        lost=flips["lost"],
        mcnemar_p=mcnemar(flips["gained"], flips["lost"]),
        cohens_h=cohens_h(_pass_rate(pairs, "a"), _pass_rate(pairs, "b")),
        faster=wins.better,
        equal=wins.equal,
        slower=wins.worse,
        cost_difference=_minus(side_b.metrics.cost, side_a.metrics.cost),
        token_difference=_minus(_tokens(side_b.metrics), _tokens(side_a.metrics)),
        notes=tuple(notes),
    )


def tournament(agents: Mapping[str, Sequence[Trial]], digests: Mapping[str, Mapping[str, str]] | None = None) -> list[Comparison]:
    """Every pair of agents (label to trials, all of one backend), with p-values corrected for there being so many pairs. Pairs
    without a common workload are left out, and those whose ``digests`` (by label) forbid a comparison."""
    found = []
    known = digests or {}
    for a, b in combinations(agents, 2):
        first, second = ({t.spec.workload for t in agents[name] if t.status.is_graded} for name in (a, b))
        common = first & second
        if common and not differences(known.get(a, {}), known.get(b, {}), common)[0]:
            found.append(compare(agents[a], agents[b], labels=(a, b)))
    return adjusted(found)


def adjusted(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons, with Holm's correction over all of them, for each of the three questions."""
    result = list(comparisons)
    for name in ("score", "passing", "speed"):
        asked = [(i, test) for i, one in enumerate(result) if (test := getattr(one, name)) is not None]
        for (i, test), p in zip(asked, holm([test.p_value for _, test in asked]), strict=True):
            decision = _decision(test.estimate, p, test.tasks, ratio=name != "passing")
            test = test.model_copy(update={"adjusted": p, "decision": decision})
            result[i] = result[i].model_copy(update={name: test})
    return result


def differences(a: Mapping[str, str], b: Mapping[str, str], workloads: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names of the digests that differ between two runs: those that forbid a comparison of these workloads, and the others, which
    may be what is compared (prompts, settings, manual). Digests of tasks that are not compared do not count."""
    tasks = {f"task {task_id(workload)}" for workload in workloads}
    names = [name for name in sorted({*a, *b}) if a.get(name) != b.get(name) and (not name.startswith("task ") or name in tasks)]
    fatal = [name for name in names if name.partition(" ")[0] in DECISIVE]
    return fatal, [
        name for name in names if name not in fatal and name.partition(" ")[0] not in ("secret", "models", "workloads")
    ]


# Pieces


def _agent(trials: Sequence[Trial], side: str) -> tuple[str, str]:
    agents = sorted({(trial.spec.model, trial.spec.backend) for trial in trials})
    if not agents:
        raise UsageError(f"{side} has no finished trial", "resume the run first")
    if len(agents) > 1:
        raise UsageError(f"{side} holds trials of several agents: {', '.join(f'{m} on {b}' for m, b in agents)}", "choose one")
    return agents[0]


def _by_workload(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.status.is_graded:
            found[trial.spec.workload].append(trial)
    return found


def _some(workloads: Mapping[str, object]) -> str:
    names = sorted(workloads)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") if names else "none"


def _pair(workload: str, a: Sequence[Trial], b: Sequence[Trial]) -> Pair:
    (a_passed, a_speedup, a_failure), (b_passed, b_speedup, b_failure) = map(_summary, (a, b))
    a_most, b_most = 2 * a_passed > len(a), 2 * b_passed > len(b)
    return Pair(
        workload=workload,
        a_passed=a_passed,
        a_graded=len(a),
        b_passed=b_passed,
        b_graded=len(b),
        a_speedup=a_speedup,
        b_speedup=b_speedup,
        ratio=b_speedup / a_speedup if a_speedup and b_speedup else None,
        a_failure=a_failure,
        b_failure=b_failure,
        flip="gained" if b_most and not a_most else "lost" if a_most and not b_most else "",
    )


def _summary(trials: Sequence[Trial]) -> tuple[int, float | None, str]:
    """Passes, geometric mean of their speedups, and the commonest failure."""
    passed = [trial for trial in trials if trial.passed]
    speedup = log_mean(s for trial in passed if (s := credited_speedup(trial.final)) > 0)
    failed = Counter(str(failure) for trial in trials if (failure := failures.of_trial(trial)))
    return len(passed), speedup, failed.most_common(1)[0][0] if failed else ""


def _clusters(pairs: Iterable[Pair], value: Callable[[Pair], float | None]) -> dict[str, list[float]]:
    clusters: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        if (x := value(pair)) is not None:
            clusters[task_of(pair.workload)].append(x)
    return clusters


def _mean_log(trials: Sequence[Trial]) -> float:
    return math.fsum(math.log1p(credited_speedup(trial.final)) for trial in trials) / len(trials)


def _ratio_test(ratios: Mapping[str, Sequence[float]]) -> Test:
    logs = {task: [math.log(x) for x in xs] for task, xs in ratios.items()}
    return _test(paired_ratio(ratios), clustered_sign_flip(logs), len(ratios), ratio=True)


def _difference_test(differences: Mapping[str, Sequence[float]]) -> Test:
    return _test(paired_difference(differences), clustered_sign_flip(differences), len(differences), ratio=False)


def _test(interval: Interval, p_value: float, tasks: int, *, ratio: bool) -> Test:
    # A single task has no interval; exp(-inf) = 0 would look like one.
    value = estimate(interval if tasks > 1 else Interval(interval.value, -math.inf, math.inf))
    decision = _decision(value, p_value, tasks, ratio=ratio)
    return Test(estimate=value, p_value=p_value, adjusted=p_value, tasks=tasks, decision=decision)


def _decision(value: Estimate, p_value: float, tasks: int, *, ratio: bool) -> Decision:
    if value.low is None or value.high is None or tasks < FEWEST_TASKS:
        return Decision.undecided
    equal, band = (1.0, (1 / TIE_BAND, TIE_BAND)) if ratio else (0.0, (-PASSING_BAND, PASSING_BAND))
    interval = Interval(value.value, value.low, value.high)
    return decide(interval, p_value, equal=equal, low=band[0], high=band[1])


def _pass_rate(pairs: Sequence[Pair], side: Literal["a", "b"]) -> float:
    rates = [getattr(pair, f"{side}_passed") / getattr(pair, f"{side}_graded") for pair in pairs]
    return math.fsum(rates) / len(rates)


def _tokens(metrics: Metrics) -> int | None:
    known = [n for n in (metrics.usage.input_tokens, metrics.usage.output_tokens) if n is not None]
    return sum(known) if known else None


def _minus(b: float | int | None, a: float | int | None) -> float | int | None:
    return None if a is None or b is None else b - a
