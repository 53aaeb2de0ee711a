"""Shares of attempts and workloads that pass, and how sure they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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
    _check_counts("pass@k", n, c, k)
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float:
    """pass^k: probability that all of ``k`` attempts pass, from ``c`` passes in ``n`` >= ``k`` attempts.

    ``C(c, k) / C(n, k)``: unbiased, unlike ``(c/n)**k`` (Yao et al. 2024, tau-bench, arXiv:2406.12045, §3). What an agent does
    reliably, where pass@k is what it can do at all; both are the pass rate at k = 1.
    """
    _check_counts("pass^k", n, c, k)
    return math.comb(c, k) / math.comb(n, k)


def _check_counts(what: str, n: int, c: int, k: int) -> None:
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"{what} needs 0 <= c <= n and 1 <= k <= n, got n={n}, c={c}, k={k}")


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
