"""The estimators behind every reported number: pure functions, each with its formula and source.

Workloads of one task are five sizes of the same operator: who can write one can usually write the others. So the unit that is
resampled, or whose sign is flipped, is the *task*, and intervals are wider, and truer, than if the workloads were independent.

| module | what |
|---|---|
| `shares` | pass@k, pass^k, shares with their intervals |
| `means` | arithmetic, geometric and shifted geometric means with their intervals |
| `speed` | fast_p as a curve and its area, the share of the way to the speed of light |
| `paired` | is one of two agents better on the same workloads, by how much, or is it a tie |
| `multiple` | the same for many agents at once |
"""

from harness.scoring.statistics.means import (
    RESAMPLES,
    clustered_mean,
    geometric_mean,
    penalised_geometric_mean,
    shifted_geometric_mean,
)
from harness.scoring.statistics.multiple import holm
from harness.scoring.statistics.paired import (
    ALPHA,
    TIE_BAND,
    Decision,
    Wins,
    clustered_sign_flip,
    cohens_h,
    decide,
    mcnemar,
    paired_difference,
    paired_ratio,
    superiority,
)
from harness.scoring.statistics.shares import Interval, clustered_share, effective_size, pass_at_k, pass_hat_k, wilson
from harness.scoring.statistics.speed import FAST_RANGE, fast_area, fast_curve, gap_closed, sol_score

__all__ = [
    "ALPHA", "FAST_RANGE", "RESAMPLES", "TIE_BAND", "Decision", "Interval", "Wins", "clustered_mean", "clustered_share",
    "clustered_sign_flip", "cohens_h", "decide", "effective_size", "fast_area", "fast_curve", "gap_closed", "geometric_mean",
    "holm", "mcnemar", "paired_difference", "paired_ratio", "pass_at_k", "pass_hat_k", "penalised_geometric_mean",
    "shifted_geometric_mean", "sol_score", "superiority", "wilson",
]  # fmt: skip
