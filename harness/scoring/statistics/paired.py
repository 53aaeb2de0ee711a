"""Two agents on the same workloads: which is better, by how much, how sure, or are they a tie.

Pairing takes the difficulty of a workload out of the comparison, so that far smaller differences show than by looking whether two
intervals overlap. Values come grouped by task, as everywhere: what decides flips or resamples whole tasks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from harness.scoring.statistics.means import RESAMPLES, clustered_mean, geometric_mean, random_bits
from harness.scoring.statistics.shares import Interval

TIE_BAND = 1.02
"""Speedups whose ratio is within this factor are taken to be equal: less than that is code layout, not a better kernel."""
ALPHA = 0.05
"""Chance of calling a difference where there is none."""
_EXACT = 14
"""Most clusters whose 2**n sign patterns are all looked at."""


class Decision(StrEnum):
    """What a comparison of B with A comes to."""

    better = "better"
    """B is better than A, significantly."""
    worse = "worse"
    """B is worse than A, significantly."""
    tie = "tie"
    """Whatever difference there is, it is smaller than the tie band: known to be equal, for all that matters."""
    undecided = "undecided"
    """These data do not tell."""


class Wins(NamedTuple):
    """How often B was better than A, over workloads."""

    better: int
    equal: int
    worse: int

    @property
    def superiority(self) -> float:
        """``(better - worse) / all``, -1 to 1: Cliff's delta for pairs. 0 for no workloads."""
        return (self.better - self.worse) / sum(self) if sum(self) else 0.0


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p-value that A and B pass equally often, from the workloads that only B passes and that only A passes.

    ``min(1, 2 · sum over i <= min(b, c) of C(b + c, i) / 2**(b + c))`` (McNemar 1947, Psychometrika 12:153; exact form of Liddell
    1983). Workloads that both pass or both fail say nothing about a difference. It takes the flips to be independent: five
    flips of one task's five sizes count as five, so it is too sure of itself, and `clustered_sign_flip` decides.
    """
    if gained < 0 or lost < 0:
        raise ValueError(f"flips are counts, got gained={gained}, lost={lost}")
    flips, tail, term = gained + lost, 0, 1
    for i in range(min(gained, lost) + 1):
        tail += term
        term = term * (flips - i) // (i + 1)  # C(flips, i + 1)
    return min(1.0, float(2 * tail / 2**flips))


def clustered_sign_flip(clusters: Mapping[str, Sequence[float]], resamples: int = 20_000) -> float:
    """Two-sided p-value that paired differences are symmetric around 0, whole clusters changing sign together.

    The share of sign patterns whose ``|sum|`` is at least the observed one (Fisher 1935, The Design of Experiments, §21; by
    clusters: Canay, Romano & Shaikh 2017, Econometrica 85:1013). Exact for up to 14 clusters that differ from 0, which is every
    pattern; above, ``(1 + hits) / (1 + resamples)`` over patterns drawn with a fixed seed. Its smallest value is ``2 / 2**G``:
    with fewer than six tasks nothing is significant at 5%, and rightly so.
    """
    sums = np.array([s for xs in clusters.values() if (s := math.fsum(xs)) != 0.0])
    if not len(sums):
        return 1.0
    # A pattern that is the observed one but for rounding is as extreme as the observed one.
    observed = abs(math.fsum(sums)) * (1 - 1e-9)
    if len(sums) <= _EXACT:
        patterns = np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums)) & 1
        return float(np.mean(np.abs((2 * patterns - 1) @ sums) >= observed))
    words = -(-len(sums) // 64)
    bits = np.unpackbits(random_bits(resamples * words).view(np.uint8).reshape(resamples, -1), axis=1)[:, : len(sums)]
    hits = int(np.sum(np.abs((2.0 * bits - 1.0) @ sums) >= observed))
    return (1 + hits) / (1 + resamples)


def paired_difference(clusters: Mapping[str, Sequence[float]], resamples: int = RESAMPLES) -> Interval:
    """Mean of the differences B - A with the 95% interval of the cluster bootstrap: `clustered_mean` of pairs."""
    return clustered_mean(clusters, resamples)


def paired_ratio(clusters: Mapping[str, Sequence[float]]) -> Interval:
    """Geometric mean of the ratios B / A with the 95% cluster-bootstrap interval of their logarithms: that of pairs."""
    return geometric_mean(clusters)


def superiority(ratios: Iterable[float], band: float = TIE_BAND) -> Wins:
    """On how many workloads B is faster than A, equal or slower; a ratio B / A within ``band`` (>= 1) either way is equal."""
    if not band >= 1:
        raise ValueError(f"a tie band is a factor of at least 1, got {band}")
    signs = [0 if 1 / band <= ratio <= band else 1 if ratio > 1 else -1 for ratio in ratios]
    return Wins(signs.count(1), signs.count(0), signs.count(-1))


def cohens_h(a: float, b: float) -> float:
    """Effect size of the difference of two shares: ``2·asin(sqrt(b)) - 2·asin(sqrt(a))``, -pi to pi.

    0.2 is called small, 0.5 medium, 0.8 large (Cohen 1988, Statistical Power Analysis, ch. 6). Unlike ``b - a`` it weighs a step
    from 95% to 99% as much as one from 50% to 61%.
    """
    if not (0 <= a <= 1 and 0 <= b <= 1):
        raise ValueError(f"shares lie between 0 and 1, got a={a}, b={b}")
    return 2 * math.asin(math.sqrt(b)) - 2 * math.asin(math.sqrt(a))


def decide(interval: Interval, p_value: float, *, equal: float, low: float, high: float, alpha: float = ALPHA) -> Decision:
    """What an interval and a p-value come to.

    A tie if the whole interval lies within the tie band [``low``, ``high``]: an equivalence test, so that a tie is a finding and
    not a want of data (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15:657). Else better or worse than ``equal`` if the p-value
    is at most ``alpha``, else undecided.
    """
    if low <= interval.low and interval.high <= high:
        return Decision.tie
    if p_value > alpha or interval.value == equal:
        return Decision.undecided
    return Decision.better if interval.value > equal else Decision.worse
