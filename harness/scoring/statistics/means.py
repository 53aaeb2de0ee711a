"""Means over workloads with the cluster bootstrap's intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.scoring.statistics.shares import Interval

RESAMPLES = 4000
"""Bootstrap resamples: the Monte Carlo error of a 95% percentile end is then about 0.04 standard errors."""
_SEED = 20_251
"""Fixed, so that a row recomputed from its evidence is the same row."""


def clustered_mean(clusters: Mapping[str, Sequence[float]], resamples: int = RESAMPLES) -> Interval:
    """Mean over all values with a 95% percentile interval of the cluster bootstrap (Davison & Hinkley 1997, §3.8).

    Whole clusters are drawn with replacement, as many as there are, and the mean is sum over count: the ratio estimator. With
    one cluster nothing is known about the spread between clusters, and the interval is the whole line.
    """
    names = sorted(name for name, xs in clusters.items() if xs)
    sums = np.array([math.fsum(clusters[name]) for name in names])
    counts = np.array([len(clusters[name]) for name in names], dtype=np.float64)
    value = math.fsum(sums) / math.fsum(counts)
    if len(names) < 2:
        return Interval(value, -math.inf, math.inf)
    picked = _draws(len(names), resamples)
    means = np.sort(sums[picked].sum(axis=1) / counts[picked].sum(axis=1))
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(value, min(float(low), value), max(float(high), value))


def geometric_mean(clusters: Mapping[str, Sequence[float]]) -> Interval:
    """``exp(mean of ln x)`` with the cluster-bootstrap interval of the logarithms; all ``x`` > 0.

    The mean for ratios: twice as fast on one workload and half as fast on another is 1 (Fleming & Wallace 1986, CACM 29:218).
    """
    logs = {name: [math.log(x) for x in xs] for name, xs in clusters.items()}
    mean = clustered_mean(logs)
    return Interval(math.exp(mean.value), math.exp(mean.low), _exp(mean.high))


def shifted_geometric_mean(clusters: Mapping[str, Sequence[float]]) -> Interval:
    """``exp(mean of ln(1 + x)) - 1`` with the cluster-bootstrap interval of the logarithms; all ``x`` >= 0.

    A geometric mean that a single 0 does not annihilate: strictly increasing in every ``x``, equal to ``x`` when all agree.
    """
    logs = {name: [math.log1p(x) for x in xs] for name, xs in clusters.items()}
    mean = clustered_mean(logs)
    return Interval(math.expm1(mean.value), max(0.0, math.expm1(mean.low)), _exp(mean.high) - 1)


def penalised_geometric_mean(clusters: Mapping[str, Sequence[float]], floor: float = 0.1) -> Interval:
    """Coverage-penalised geometric mean: `geometric_mean` where whatever is below ``floor``, a failure's 0 first of all, is
    lifted to it.

    For readers who want the field's usual number (a failure as a fixed slowdown). The floor decides what a failure costs, and a
    pass slower than it is worth no more than a failure, which is why ranks use `shifted_geometric_mean`.
    """
    if not floor > 0:
        raise ValueError(f"the floor must be positive, got {floor}")
    return geometric_mean({name: [max(x, floor) for x in xs] for name, xs in clusters.items()})


def _exp(x: float) -> float:
    return math.inf if x > 700 else math.exp(x)


def _draws(count: int, resamples: int) -> NDArray[np.int64]:
    """``resamples`` draws of ``count`` cluster indices. Made of the raw bits of the generator, the only part of numpy's
    random streams that is promised not to change between versions; the bias of the remainder is below 2**-50."""
    bits = random_bits(count * resamples)
    return (bits % np.uint64(count)).astype(np.int64).reshape(resamples, count)


def random_bits(count: int) -> NDArray[np.uint64]:
    """``count`` words of 64 random bits, the same at every call."""
    return np.asarray(np.random.PCG64DXSM(_SEED).random_raw(count), dtype=np.uint64)
