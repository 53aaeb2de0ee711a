import itertools
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from harness.scoring.statistics import clustered_share, effective_size, pass_at_k, pass_hat_k, wilson

COUNTS = [(n, c, k) for n in range(1, 7) for c in range(n + 1) for k in range(1, n + 1)]


@pytest.mark.parametrize(("n", "c", "k"), COUNTS)
def test_both_count_subsets_of_k_attempts(n: int, c: int, k: int) -> None:
    subsets = list(itertools.combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))
    assert pass_hat_k(n, c, k) == pytest.approx(sum(map(all, subsets)) / len(subsets))


@pytest.mark.parametrize(("estimator", "truth"), [(pass_at_k, 1 - 0.7**4), (pass_hat_k, 0.3**4)])
def test_both_are_unbiased(estimator: Callable[[int, int, int], float], truth: float) -> None:
    p, n, k = 0.3, 8, 4
    assert sum(stats.binom.pmf(c, n, p) * estimator(n, c, k) for c in range(n + 1)) == pytest.approx(truth)


@pytest.mark.parametrize(("n", "c"), [(5, 0), (5, 3), (5, 5)])
def test_both_are_the_pass_rate_at_one_and_bracket_it_beyond(n: int, c: int) -> None:
    assert pass_at_k(n, c, 1) == pass_hat_k(n, c, 1) == pytest.approx(c / n)
    assert pass_hat_k(n, c, 3) <= c / n <= pass_at_k(n, c, 3)


@pytest.mark.parametrize(("estimator", "name"), [(pass_at_k, "pass@k"), (pass_hat_k, "pass.k")])
@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, 1, 4), (3, 1, 0), (3, -1, 1)])
def test_impossible_counts_are_refused(estimator: Callable[[int, int, int], float], name: str, n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"{name} needs .* got n={n}, c={c}, k={k}"):
        estimator(n, c, k)


@pytest.mark.parametrize(("passes", "n"), [(0, 5), (1, 5), (37, 100), (99, 100), (20, 20)])
def test_wilson_agrees_with_scipy(passes: int, n: int) -> None:
    theirs = stats.binomtest(passes, n).proportion_ci(0.95, "wilson")
    ours = wilson(passes / n, n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_independent_workloads_are_worth_their_number() -> None:
    rng = np.random.default_rng(1)
    worth = [effective_size({str(i): [float(rng.random() < 0.5)] for i in range(200)}) for _ in range(20)]
    assert np.mean(worth) > 190


def test_copies_within_a_task_add_nothing() -> None:
    once = {str(i): [float(i % 3 == 0)] for i in range(30)}
    copied = {name: xs * 5 for name, xs in once.items()}
    assert effective_size(copied) == pytest.approx(effective_size(once), rel=0.04)


def test_all_passing_counts_tasks_not_workloads() -> None:
    all_pass = {str(i): [1.0] * 5 for i in range(20)}
    assert effective_size(all_pass) == 20
    interval = clustered_share(all_pass)
    assert interval.value == interval.high == 1
    assert interval.low == pytest.approx(wilson(1, 20).low)


def test_clustered_share_covers_the_truth() -> None:
    """Tasks differ in difficulty: the naive interval over workloads covers far too rarely, the clustered one about 95%."""
    rng = np.random.default_rng(7)
    truth, clustered, naive, rounds = 0.6, 0, 0, 600
    for _ in range(rounds):
        difficulty = rng.beta(truth * 0.8, (1 - truth) * 0.8, size=20)
        clusters = {str(i): [float(x) for x in rng.random(5) < p] for i, p in enumerate(difficulty)}
        interval = clustered_share(clusters)
        clustered += interval.low <= truth <= interval.high
        flat = wilson(interval.value, 100)
        naive += flat.low <= truth <= flat.high
    assert clustered / rounds > 0.91
    assert naive / rounds < 0.85


@pytest.mark.parametrize(("passes", "n"), [(0, 5), (3, 17), (50, 50)])
def test_wilson_agrees_with_statsmodels(passes: int, n: int) -> None:
    ours = wilson(passes / n, n)
    assert (ours.low, ours.high) == pytest.approx(proportion_confint(passes, n, method="wilson"), abs=1e-12)
