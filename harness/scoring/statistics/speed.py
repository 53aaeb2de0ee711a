"""Numbers about speed: how many workloads reach which speedup, and how far the way to the speed of light was gone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

FAST_RANGE = (0.25, 16.0)
"""The speedups between which the area under fast_p is taken: two octaves below the baseline, four above."""


def fast_curve(workloads: Mapping[str, Sequence[float]], at: Sequence[float] | None = None) -> list[tuple[float, float]]:
    """fast_p as a curve: pairs of a speedup p and the mean over workloads of the share of attempts that reach it.

    ``fast_p = mean of 1[passed and speedup >= p]`` (Ouyang et al. 2025, KernelBench, arXiv:2502.10517, §3). ``workloads`` holds
    the speedup of every attempt, a failure being 0; so at p > 0 a failure never counts. Without ``at``, the points are those
    where the curve falls: the share holds up to and including its p, and after the last one it is 0.
    """
    speeds = {x for xs in workloads.values() for x in xs if x > 0}
    points = sorted(speeds) if at is None else list(at)
    weights = [(np.sort(np.asarray(xs, dtype=np.float64)), 1 / len(xs)) for xs in workloads.values() if len(xs)]
    curve = []
    for p in points:
        reached = [weight * (len(xs) - int(np.searchsorted(xs, p, side="left"))) for xs, weight in weights]
        curve.append((p, math.fsum(reached) / len(weights)))
    return curve


def fast_area(workloads: Mapping[str, Sequence[float]], low: float = FAST_RANGE[0], high: float = FAST_RANGE[1]) -> float:
    """Area under fast_p over the logarithm of p from ``low`` to ``high``, divided by its width: 0 to 1.

    ``mean of clip(ln(s / low) / ln(high / low), 0, 1)``, a failure (s = 0) giving 0: integrating the step function of each
    attempt gives the exact area, without a grid. No single threshold decides, which near 1.0x is a coin toss. A kernel as fast
    as the baseline has 1/3 with the default ends.
    """
    if not 0 < low < high:
        raise ValueError(f"the area needs 0 < low < high, got low={low}, high={high}")
    width = math.log(high / low)

    def part(speed: float) -> float:
        return 0.0 if speed <= low else min(1.0, math.log(speed / low) / width)

    means = [math.fsum(map(part, xs)) / len(xs) for xs in workloads.values() if len(xs)]
    return math.fsum(means) / len(means)


def sol_score(cycles: float | None, baseline: float, bound: float) -> float:
    """SOL score of one kernel, 0 to 1: 0.5 as fast as the baseline, 1 at the speed of light, 0 for a failure (``cycles`` None).

    ``S = 1 / (1 + (T - T_SOL) / (T_b - T_SOL))`` with the cycles T of the kernel, T_b of the baseline and T_SOL of the bound (Lin
    et al. 2026, SOL-ExecBench, arXiv:2603.19173). A kernel faster than the bound scores 1 and no more: that is an alarm, not a
    feat. Where the baseline is at the bound (T_b <= T_SOL) there is no gap to close, and a kernel scores 1 if it is at the
    bound too, else its share of the bound, ``T_SOL / T``.
    """
    if cycles is None:
        return 0.0
    _check_cycles(cycles, baseline, bound)
    if cycles <= bound:
        return 1.0
    if baseline <= bound:
        return bound / cycles
    return 1.0 / (1.0 + (cycles - bound) / (baseline - bound))


def gap_closed(cycles: float, baseline: float, bound: float) -> float | None:
    """Share of the gap between baseline and bound that a kernel closed: 0 as fast as the baseline, 1 at the bound, negative when
    slower than the baseline; None where there is no gap.

    ``(T_b - T) / (T_b - T_SOL)``, at most 1. The plain reading of `sol_score`, which is ``1 / (2 - gap_closed)``; but it has no
    lower end, so a mean of it is carried by the slowest kernel.
    """
    _check_cycles(cycles, baseline, bound)
    return None if baseline <= bound else min(1.0, (baseline - cycles) / (baseline - bound))


def _check_cycles(cycles: float, baseline: float, bound: float) -> None:
    if not (cycles > 0 and baseline > 0 and bound >= 0):
        raise ValueError(f"cycles are positive, got cycles={cycles}, baseline={baseline}, bound={bound}")
