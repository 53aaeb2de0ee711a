import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.scoring.statistics import clustered_mean, geometric_mean, penalised_geometric_mean, shifted_geometric_mean


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


def test_a_failure_costs_the_floor_and_no_more() -> None:
    interval = penalised_geometric_mean({"P01": [2.0], "P04": [0.0], "P09": [0.01]}, floor=0.1)
    assert interval.value == pytest.approx((2.0 * 0.1 * 0.1) ** (1 / 3))


def test_without_failures_nothing_is_penalised() -> None:
    clusters = {"P01": [2.0, 3.0], "P04": [0.5]}
    assert penalised_geometric_mean(clusters) == geometric_mean(clusters)


@pytest.mark.parametrize("floor", [0.0, -1.0, math.nan])
def test_the_floor_is_positive(floor: float) -> None:
    with pytest.raises(ValueError, match="the floor must be positive"):
        penalised_geometric_mean({"P01": [1.0]}, floor)
