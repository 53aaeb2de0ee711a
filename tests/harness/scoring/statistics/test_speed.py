import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.scoring.statistics import FAST_RANGE, fast_area, fast_curve, gap_closed, sol_score

SPEEDS = {"P01/C1": [0.5, 2.0], "P01/C2": [1.0], "P04/C1": [0.0]}


def test_fast_p_at_chosen_points() -> None:
    assert fast_curve(SPEEDS, [0.4, 0.5, 0.6, 1.0, 2.0, 2.1]) == [
        (0.4, pytest.approx(2 / 3)), (0.5, pytest.approx(2 / 3)), (0.6, pytest.approx(1.5 / 3)), (1.0, pytest.approx(1.5 / 3)),
        (2.0, pytest.approx(0.5 / 3)), (2.1, 0.0),
    ]  # fmt: skip


def test_the_curve_itself_has_a_point_for_every_fall() -> None:
    assert [p for p, _ in fast_curve(SPEEDS)] == [0.5, 1.0, 2.0]


def test_a_failure_reaches_nothing() -> None:
    assert fast_curve({"P01/C1": [0.0]}) == []
    assert fast_curve({"P01/C1": [0.0]}, [1e-9]) == [(1e-9, 0.0)]


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.integers(0, 5).map(str), st.lists(st.just(0.0) | st.floats(0.01, 100), min_size=1, max_size=4), min_size=1)
)
def test_the_area_is_that_under_the_curve(workloads: dict[str, list[float]]) -> None:
    """Midpoint sums over a fine grid of the logarithm of p."""
    low, high = FAST_RANGE
    grid = np.exp(np.linspace(math.log(low), math.log(high), 401))
    middles = np.sqrt(grid[1:] * grid[:-1])
    numeric = float(np.mean([share for _, share in fast_curve(workloads, middles.tolist())]))
    assert fast_area(workloads) == pytest.approx(numeric, abs=3e-3)


def test_the_area_of_the_baseline_is_a_third_and_its_ends_are_clipped() -> None:
    assert fast_area({"P01/C1": [1.0]}) == pytest.approx(1 / 3)
    assert fast_area({"P01/C1": [0.2]}) == 0
    assert fast_area({"P01/C1": [99.0]}) == 1


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (2.0, 1.0), (1.0, 1.0)])
def test_the_area_needs_a_range(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="0 < low < high"):
        fast_area({"P01/C1": [1.0]}, low, high)


@pytest.mark.parametrize(
    ("cycles", "expected"), [(None, 0.0), (1000.0, 0.5), (100.0, 1.0), (50.0, 1.0), (550.0, 2 / 3), (1900.0, 1 / 3)]
)
def test_sol_score(cycles: float | None, expected: float) -> None:
    """Baseline 1000, bound 100: half the gap closed scores 1 / 1.5, twice the gap left scores 1 / 3."""
    assert sol_score(cycles, 1000.0, 100.0) == pytest.approx(expected)


def test_a_baseline_at_the_bound_leaves_no_gap() -> None:
    assert sol_score(100.0, 100.0, 100.0) == 1.0
    assert sol_score(200.0, 100.0, 100.0) == 0.5
    assert gap_closed(100.0, 100.0, 100.0) is None


@given(st.floats(1, 1e6), st.floats(0.001, 0.999), st.floats(1.001, 1e3))
def test_the_score_is_the_gap_closed_in_another_scale(baseline: float, share: float, slower: float) -> None:
    bound = baseline * share
    for cycles in (bound, bound * slower, baseline):
        closed = gap_closed(cycles, baseline, bound)
        assert closed is not None
        assert sol_score(cycles, baseline, bound) == pytest.approx(1 / (2 - closed))


@given(st.floats(1, 1e4), st.floats(1.001, 10))
def test_faster_is_never_worth_less(cycles: float, factor: float) -> None:
    assert sol_score(cycles, 1000.0, 100.0) >= sol_score(cycles * factor, 1000.0, 100.0)


@pytest.mark.parametrize("score", [sol_score, gap_closed])
def test_cycles_are_positive(score) -> None:
    with pytest.raises(ValueError, match=r"cycles are positive, got cycles=0\.0"):
        score(0.0, 1.0, 1.0)
