import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from harness.scoring.statistics import holm


@pytest.mark.parametrize("seed", range(10))
def test_holm_agrees_with_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p_values = list(rng.random(1 + seed) ** 3)
    p_values += p_values[:2]  # ties
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_one_comparison_needs_no_correction() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_no_more_than_five_percent_of_leaderboards_without_differences_show_one() -> None:
    """20 tests with nothing behind them: naively most leaderboards show a false difference."""
    rng = np.random.default_rng(11)
    families = rng.random((2000, 20))
    naive = np.mean(families.min(axis=1) <= 0.05)
    corrected = np.mean([min(holm(list(family))) <= 0.05 for family in families])
    assert naive > 0.5
    assert corrected < 0.065


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_p_values_lie_between_0_and_1(p: float) -> None:
    with pytest.raises(ValueError, match="p-values lie between 0 and 1"):
        holm([0.5, p])
