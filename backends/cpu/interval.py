"""What a race says: the median log ratio over all pairs, and an interval that is honest about where pairs come from.

Pairs of one lap share how memory happened to be laid out when the two processes were started, which alone moves the time of a
small kernel by one to three percent, and now and then by far more. So pairs are not independent: laps are, and the bootstrap
resamples laps. The noise of pairs is in the spread of the laps' medians already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.task import Array

_RESAMPLES = 1000
_LEAST_SHARE = 0.05
"""A batch counts for at least this share of its time, whatever asking costs."""
_T975 = (math.inf, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12)
"""Student's 97.5% quantile by degrees of freedom; the normal one is 1.96."""


class Lap(NamedTuple):
    """What two freshly started processes measured, in nanoseconds."""

    baseline: Array
    """Of each batch of the baseline, in order of pairs."""
    candidate: Array
    """Of each batch of the candidate."""
    exchanges: Array
    """Of empty batches of both: the cost of asking, which is the same, as the same code is asked."""

    def net(self) -> tuple[Array, Array]:
        """Batches of baseline and candidate without the cost of asking."""
        asking = np.median(self.exchanges)
        return _net(self.baseline, asking), _net(self.candidate, asking)

    def logs(self) -> Array:
        """Log ratio of each pair: baseline over candidate."""
        baseline, candidate = self.net()
        return np.asarray(np.log(baseline) - np.log(candidate))


class Interval(NamedTuple):
    """A ratio and its 95% interval."""

    ratio: float
    low: float
    high: float


def interval(laps: Sequence[Lap], rng: np.random.Generator) -> Interval:
    """exp of the median over laps of their median log ratio, with the percentile bootstrap over laps.

    A bootstrap of few values is too narrow: it lacks the factor n / (n - 1) in the variance and Student's quantile. Both are put
    back by widening it about the estimate (Efron and Tibshirani 1993, section 12.4, give the reason). Of one lap nothing is known
    about others: its interval is that of its pairs.
    """
    values = np.array([np.median(lap.logs()) for lap in laps]) if len(laps) > 1 else laps[0].logs()
    centre, count = float(np.median(values)), len(values)
    medians = np.median(values[rng.integers(count, size=(_RESAMPLES, count))], axis=1)
    low, high = np.quantile(medians, [0.025, 0.975]) - centre
    widen = _T975[min(count - 1, len(_T975) - 1)] / 1.96 * math.sqrt(count / (count - 1)) if count > 1 else 1.0
    return Interval(math.exp(centre), math.exp(centre + widen * min(low, 0.0)), math.exp(centre + widen * max(high, 0.0)))


def _net(batches: Array, asking: Array | np.float64) -> Array:
    return np.asarray(np.maximum(batches - asking, _LEAST_SHARE * batches))
