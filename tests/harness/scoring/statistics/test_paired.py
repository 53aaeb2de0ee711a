import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.proportion import proportion_effectsize

from harness.scoring.statistics import (
    Decision,
    Interval,
    clustered_sign_flip,
    cohens_h,
    decide,
    mcnemar,
    paired_difference,
    paired_ratio,
    superiority,
)

Clusters = dict[str, list[float]]


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (5, 5), (2, 9), (9, 2), (30, 12), (0, 6)])
def test_mcnemar_agrees_with_statsmodels_and_scipy(gained: int, lost: int) -> None:
    ours = mcnemar(gained, lost)
    assert ours == pytest.approx(their_mcnemar([[10, gained], [lost, 10]], exact=True).pvalue)
    if gained + lost:
        assert ours == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)


def test_mcnemar_refuses_negative_counts_and_stands_many() -> None:
    with pytest.raises(ValueError, match="flips are counts, got gained=-1, lost=0"):
        mcnemar(-1, 0)
    assert mcnemar(3000, 2000) < 1e-30


def every_pattern(sums: list[float]) -> float:
    """The definition, by brute force."""
    observed = abs(sum(sums)) * (1 - 1e-9)
    totals = [abs(sum(s * x for s, x in zip(signs, sums, strict=True))) for signs in itertools.product((1, -1), repeat=len(sums))]
    return sum(total >= observed for total in totals) / len(totals)


@given(st.lists(st.floats(-10, 10).filter(lambda x: abs(x) > 1e-3), min_size=1, max_size=8))
def test_sign_flips_of_few_tasks_are_counted_out(sums: list[float]) -> None:
    clusters = {str(i): [x / 2, x / 2] for i, x in enumerate(sums)}
    assert clustered_sign_flip(clusters) == pytest.approx(every_pattern(sums))


def test_sign_flips_agree_with_scipy() -> None:
    differences = np.random.default_rng(3).normal(0.4, 1, 12)
    theirs = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert clustered_sign_flip({str(i): [x] for i, x in enumerate(differences)}) == pytest.approx(theirs.pvalue)


def test_sampled_patterns_agree_with_the_t_test_of_many_tasks() -> None:
    differences = np.random.default_rng(5).normal(0.3, 1, 60)
    ours = clustered_sign_flip({str(i): [x] for i, x in enumerate(differences)})
    assert ours == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)
    assert ours == clustered_sign_flip({str(i): [x] for i, x in enumerate(differences)})


def test_no_difference_is_no_evidence() -> None:
    assert clustered_sign_flip({"P01": [0.0, 0.0], "P04": [1.0, -1.0]}) == 1.0
    assert clustered_sign_flip({}) == 1.0


@pytest.mark.parametrize("tasks", [1, 3, 5, 6])
def test_fewer_than_six_tasks_are_never_significant(tasks: int) -> None:
    p = clustered_sign_flip({str(i): [1.0 + i] * 5 for i in range(tasks)})
    assert p == pytest.approx(2 / 2**tasks)
    assert (p <= 0.05) is (tasks >= 6)


def agents(rng: np.random.Generator, tasks: int, effect: float) -> Clusters:
    """Differences of two agents: what a task does to both is shared by its five workloads."""
    centres = rng.normal(effect, 1.0, tasks)
    return {str(i): list(centre + rng.normal(0, 0.5, 5)) for i, centre in enumerate(centres)}


@pytest.mark.parametrize("tasks", [8, 20])
def test_the_type_one_error_is_five_percent_by_task_and_far_more_by_workload(tasks: int) -> None:
    rng = np.random.default_rng(tasks)
    rounds = [agents(rng, tasks, 0.0) for _ in range(250)]
    by_task = np.mean([clustered_sign_flip(clusters, resamples=2000) <= 0.05 for clusters in rounds])
    by_workload = np.mean([stats.ttest_1samp([x for xs in c.values() for x in xs], 0).pvalue <= 0.05 for c in rounds])
    assert by_task < 0.085
    assert by_workload > 0.2


def test_mcnemar_is_too_sure_when_flips_come_by_task() -> None:
    """Each task flips as a whole, either way at random: the exact McNemar test takes five flips for five independent ones."""
    rng = np.random.default_rng(2)
    false_mcnemar, false_flip, rounds = 0, 0, 300
    for _ in range(rounds):
        signs = rng.choice([-1.0, 0.0, 1.0], size=12)
        gained, lost = (5 * int((signs == s).sum()) for s in (1, -1))
        false_mcnemar += mcnemar(gained, lost) <= 0.05
        false_flip += clustered_sign_flip({str(i): [s] * 5 for i, s in enumerate(signs)}) <= 0.05
    assert false_mcnemar / rounds > 0.2
    assert false_flip / rounds <= 0.07


def test_a_real_difference_is_found() -> None:
    rng = np.random.default_rng(4)
    found = np.mean([clustered_sign_flip(agents(rng, 20, 1.0), resamples=2000) <= 0.05 for _ in range(60)])
    assert found > 0.9


def test_the_interval_of_a_paired_difference_covers_the_truth() -> None:
    rng = np.random.default_rng(6)
    intervals = [paired_difference(agents(rng, 20, 0.5), resamples=400) for _ in range(300)]
    assert np.mean([low <= 0.5 <= high for _, low, high in intervals]) > 0.89


def test_the_paired_ratio_is_that_of_geometric_means_and_covers_the_truth() -> None:
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(60):
        clusters = {name: [math.exp(0.1 * x) for x in xs] for name, xs in agents(rng, 20, 1.0).items()}
        interval = paired_ratio(clusters)
        assert interval.value == pytest.approx(stats.gmean([x for xs in clusters.values() for x in xs]))
        covered += interval.low <= math.exp(0.1) <= interval.high
    assert covered / 60 > 0.85


def test_superiority_counts_outside_of_the_tie_band() -> None:
    wins = superiority([1.0, 1.019, 1 / 1.019, 1.021, 2.0, 0.5], band=1.02)
    assert wins == (2, 3, 1)
    assert wins.superiority == pytest.approx(1 / 6)
    assert superiority([]).superiority == 0.0
    with pytest.raises(ValueError, match=r"at least 1, got 0\.9"):
        superiority([1.0], band=0.9)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (0.5, 0.61), (0.95, 0.99), (0.4, 0.4)])
def test_cohens_h_agrees_with_statsmodels(a: float, b: float) -> None:
    assert cohens_h(a, b) == pytest.approx(proportion_effectsize(b, a))


def test_cohens_h_needs_shares() -> None:
    with pytest.raises(ValueError, match=r"got a=0\.5, b=1\.5"):
        cohens_h(0.5, 1.5)


@pytest.mark.parametrize(
    ("interval", "p", "decision"),
    [
        (Interval(1.0, 0.99, 1.01), 0.9, Decision.tie),
        (Interval(1.005, 1.001, 1.009), 0.001, Decision.tie),
        (Interval(1.3, 1.1, 1.5), 0.01, Decision.better),
        (Interval(0.8, 0.7, 0.9), 0.05, Decision.worse),
        (Interval(1.3, 1.1, 1.5), 0.06, Decision.undecided),
        (Interval(1.0, 0.9, 1.1), 0.001, Decision.undecided),
    ],
)
def test_decisions(interval: Interval, p: float, decision: Decision) -> None:
    assert decide(interval, p, equal=1.0, low=0.98, high=1.02) is decision


def test_a_difference_at_the_edge_of_the_tie_band_is_rarely_called_a_tie() -> None:
    """Agents that differ by as much as the band: calling that a tie is the error, and has a chance of at most 5%."""
    rng = np.random.default_rng(9)
    ties = 0
    for _ in range(300):
        clusters = {str(i): [float(np.exp(rng.normal(math.log(1.02), 0.01)))] for i in range(12)}
        ties += decide(paired_ratio(clusters), 1.0, equal=1.0, low=1 / 1.02, high=1.02) is Decision.tie
    assert ties / 300 < 0.08
