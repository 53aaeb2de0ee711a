import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.scoring.statistics import (
    clustered_mean,
    clustered_share,
    effective_size,
    geometric_mean,
    pass_at_k,
    shifted_geometric_mean,
    wilson,
)


@pytest.mark.parametrize(("n", "c", "k"), [(n, c, k) for n in range(1, 7) for c in range(n + 1) for k in range(1, n + 1)])
def test_pass_at_k_is_the_share_of_all_subsets_with_a_pass(n: int, c: int, k: int) -> None:
    subsets = list(itertools.combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


def test_pass_at_k_is_unbiased() -> None:
    p, n, k = 0.3, 8, 4
    expected = sum(stats.binom.pmf(c, n, p) * pass_at_k(n, c, k) for c in range(n + 1))
    assert expected == pytest.approx(1 - (1 - p) ** k)


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, 1, 4), (3, 1, 0), (3, -1, 1)])
def test_pass_at_k_refuses_impossible_counts(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"got n={n}, c={c}, k={k}"):
        pass_at_k(n, c, k)


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


def test_clustered_mean_covers_the_truth() -> None:
    rng = np.random.default_rng(3)
    covered, rounds = 0, 300
    for _ in range(rounds):
        centres = rng.normal(0.5, 1.0, size=20)
        interval = clustered_mean({str(i): list(c + rng.normal(0, 0.3, 5)) for i, c in enumerate(centres)}, resamples=400)
        covered += interval.low <= 0.5 <= interval.high
    assert covered / rounds > 0.89


def test_clustered_mean_agrees_with_scipys_bootstrap_for_single_workloads() -> None:
    values = np.random.default_rng(5).normal(size=40)
    ours = clustered_mean({str(i): [x] for i, x in enumerate(values)})
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=0).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_one_task_says_nothing_about_other_tasks() -> None:
    interval = geometric_mean({"P01": [2.0, 8.0]})
    assert interval == (pytest.approx(4.0), 0.0, math.inf)


speeds = st.dictionaries(
    st.sampled_from(["P01", "P04", "P09", "C01"]), st.lists(st.floats(0.01, 100), min_size=1, max_size=5), min_size=1
)


@given(speeds)
def test_geometric_mean_agrees_with_scipy_and_lies_in_its_interval(clusters: dict[str, list[float]]) -> None:
    interval = geometric_mean(clusters)
    assert interval.value == pytest.approx(stats.gmean([x for xs in clusters.values() for x in xs]))
    assert interval.low <= interval.value * (1 + 1e-12)
    assert interval.value <= interval.high * (1 + 1e-12)


@given(speeds, st.floats(0.1, 10))
def test_shifted_mean_rises_with_any_value(clusters: dict[str, list[float]], gain: float) -> None:
    before = shifted_geometric_mean(clusters).value
    name = min(clusters)
    assert shifted_geometric_mean({**clusters, name: [clusters[name][0] + gain, *clusters[name][1:]]}).value > before


@given(st.floats(0, 100), st.integers(1, 5))
def test_shifted_mean_of_equal_values_is_the_value(x: float, count: int) -> None:
    assert shifted_geometric_mean({"P01": [x] * count, "P04": [x]}).value == pytest.approx(x)


def test_intervals_are_reproducible() -> None:
    clusters = {str(i): [1.0 + i, 2.0] for i in range(10)}
    assert geometric_mean(clusters) == geometric_mean(dict(reversed(clusters.items())))
