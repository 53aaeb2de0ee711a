"""The estimators behind every reported number: pure functions, each with its formula and source.

Workloads of one task are five sizes of the same operator: who can write one can usually write the others. So the unit that is
resampled is the *task*, and intervals are wider, and truer, than if the workloads were independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 4000
"""Bootstrap resamples: the Monte Carlo error of a 95% percentile end is then about 0.04 standard errors."""
_SEED = 20_251
"""Fixed, so that a row recomputed from its evidence is the same row."""
_Z95 = 1.959963984540054
"""The 0.975 quantile of the normal distribution."""


class Interval(NamedTuple):
    """A point estimate with its 95% interval."""

    value: float
    low: float
    high: float


def pass_at_k(n: int, c: int, k: int) -> float:
    """Probability that at least one of ``k`` attempts passes, from ``c`` passes in ``n`` >= ``k`` attempts.

    ``1 - C(n-c, k) / C(n, k)``: unbiased, unlike ``1 - (1 - c/n)**k`` (Chen et al. 2021, arXiv:2107.03374, eq. 1).
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@k needs 0 <= c <= n and 1 <= k <= n, got n={n}, c={c}, k={k}")
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def wilson(share: float, n: float, z: float = _Z95) -> Interval:
    """Wilson score interval of a proportion seen in ``n`` trials (Wilson 1927, JASA 22:209); ``n`` may be fractional.

    ``(p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)``: sensible at 0 and 1, where the Wald interval has no width.
    """
    if not 0 <= share <= 1 or n <= 0:
        raise ValueError(f"a proportion needs 0 <= share <= 1 and n > 0, got share={share}, n={n}")
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    low = 0.0 if share == 0 else max(0.0, centre - half)
    high = 1.0 if share == 1 else min(1.0, centre + half)
    return Interval(share, low, high)


def effective_size(clusters: Mapping[str, Sequence[float]]) -> float:
    """How many independent trials the clustered shares are worth (Kish 1965, Survey Sampling, §8.2).

    ``n* = p(1-p) / V`` with the cluster-robust variance ``V = G/(G-1) · sum over clusters of (sum of (x - p))² / n²``, kept
    between 1 and ``n``. Where ``V`` cannot be estimated (one cluster, or all shares 0 or 1) it is the number of clusters: the
    workloads of a task are then taken to be one.
    """
    values = [x for xs in clusters.values() for x in xs]
    n, count = len(values), sum(1 for xs in clusters.values() if xs)
    share = math.fsum(values) / n
    if count < 2 or share in (0.0, 1.0):
        return float(count)
    spread = math.fsum(math.fsum(x - share for x in xs) ** 2 for xs in clusters.values())
    variance = count / (count - 1) * spread / n**2
    return float(n) if variance == 0 else min(float(n), max(1.0, share * (1 - share) / variance))


def clustered_share(clusters: Mapping[str, Sequence[float]]) -> Interval:
    """Mean of shares in [0, 1] with a Wilson interval at the `effective_size` of the clusters.

    The method of Korn & Graubard for survey proportions, with Wilson's interval (Franco et al. 2019, JSSAM 7:334); unlike a
    bootstrap it keeps a width when everything passes.
    """
    values = [x for xs in clusters.values() for x in xs]
    return wilson(math.fsum(values) / len(values), effective_size(clusters))


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


def _exp(x: float) -> float:
    return math.inf if x > 700 else math.exp(x)


def _draws(count: int, resamples: int) -> NDArray[np.int64]:
    """``resamples`` draws of ``count`` cluster indices. Made of the raw bits of the generator, the only part of numpy's
    random streams that is promised not to change between versions; the bias of the remainder is below 2**-50."""
    bits = np.random.PCG64DXSM(_SEED).random_raw(count * resamples)
    return (bits % np.uint64(count)).astype(np.int64).reshape(resamples, count)
