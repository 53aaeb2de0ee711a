import json
import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backend import Bound
from harness.model import Usage
from harness.scoring.metrics import Estimate, Metrics, compute, credited_speedup, rank
from harness.trial import Status, Trial, Verdict

from .trials import evaluation, trial, ungraded


def share_at(points: tuple, at: float) -> float:
    return next(p.share for p in points if p.at == at)


def test_nothing_recorded_is_nothing_known() -> None:
    m = compute([])
    assert (m.trials, m.graded, m.pass_at_1, m.score, m.speedup, m.bound_share) == (0, 0, None, None, None, None)
    assert m.pass_at_k == m.pass_hat_k == m.success_at == m.fast == ()
    assert m.sol_score is m.fast_area is m.penalised_speedup is None
    assert set(m.statuses) == {s.value for s in Status}


def test_failures_of_others_are_shown_and_never_counted() -> None:
    passed = [trial("P01/C1", 2.0), trial("P04/C1", 2.0)]
    broken = [ungraded("P09/C1", s) for s in Status if not s.is_graded]
    m = compute(passed + broken)
    assert (m.trials, m.graded, m.workloads) == (6, 2, 2)
    assert {s for s, n in m.statuses.items() if n} == {"graded", "provider", "infra", "harness_bug", "cancelled"}
    assert (m.score, m.pass_at_1) == (compute(passed).score, compute(passed).pass_at_1)


def test_a_pass_of_an_ungraded_trial_does_not_count() -> None:
    m = compute([trial("P01/C1", 2.0, status=Status.cancelled), trial("P04/C1", None)])
    assert m.pass_at_1 is not None
    assert m.pass_at_1.value == 0


def test_a_graded_trial_without_a_kernel_is_a_failure() -> None:
    m = compute([trial("P01/C1", 2.0), ungraded("P04/C1", Status.refused), ungraded("P09/C1", Status.budget)])
    assert m.verdicts == {"no_kernel": 2, "passed": 1}
    assert m.pass_at_1 is not None
    assert m.pass_at_1.value == pytest.approx(1 / 3)


def test_the_baseline_scores_one_and_failing_everything_zero() -> None:
    workloads = [f"P{t:02}/C{c}" for t in range(1, 5) for c in range(1, 6)]
    baseline, nothing = (compute(trial(w, speed) for w in workloads).score for speed in (1.0, None))
    assert baseline is not None
    assert (baseline.value, baseline.low, baseline.high) == pytest.approx((1, 1, 1))
    assert nothing == Estimate(value=0, low=0, high=0)


def test_the_score_is_the_stated_formula() -> None:
    m = compute([trial("P01/C1", 3.0), trial("P01/C2", None), trial("P04/C1", 0.5)])
    assert m.score is not None
    assert m.score.value == pytest.approx((4.0 * 1.0 * 1.5) ** (1 / 3) - 1)
    assert m.speedup is not None
    assert m.speedup.value == pytest.approx((3.0 * 0.5) ** (1 / 2))


def test_repeats_are_averaged_before_workloads() -> None:
    many = [trial("P01/C1", 4.0 if r < 2 else None, repeat=r) for r in range(4)]
    m = compute([*many, trial("P04/C1", 1.0)])
    assert m.pass_at_1 is not None
    assert m.pass_at_1.value == pytest.approx((0.5 + 1) / 2)
    assert m.repeats == 1
    assert m.speedup is not None
    assert m.speedup.value == pytest.approx(2.0)


def test_pass_at_k_over_repeats() -> None:
    m = compute(
        [trial("P01/C1", 1.0 if r == 0 else None, repeat=r) for r in range(3)]
        + [trial("P04/C1", 1.0, repeat=r) for r in range(3)]
    )
    assert [p.share for p in m.pass_at_k] == pytest.approx([(1 / 3 + 1) / 2, (2 / 3 + 1) / 2, 1.0])
    assert [p.share for p in m.pass_hat_k] == pytest.approx([(1 / 3 + 1) / 2, 0.5, 0.5])


def test_success_at_n_counts_kernels_shown_until_the_first_that_passed() -> None:
    m = compute([
        trial("P01/C1", 1.0, first_pass=1, iterations=9),
        trial("P01/C2", 1.0, first_pass=4, iterations=5),
        trial("P01/C3", 1.0, first_pass=None, iterations=6),
        trial("P01/C4", None, first_pass=2, iterations=3),
    ])  # fmt: skip
    assert [(p.at, p.share) for p in m.success_at] == [(1, 0.25), (4, 0.5), (6, 0.75)]


def test_fast_p_asks_for_a_pass_and_the_speed() -> None:
    m = compute([trial("P01/C1", 0.4), trial("P01/C2", 1.0), trial("P01/C3", 2.5), trial("P01/C4", None)])
    assert [share_at(m.fast, p) for p in (0, 0.5, 1, 1.5, 2, 3, 10)] == [0.75, 0.5, 0.5, 0.25, 0.25, 0, 0]


def test_a_measured_tie_with_the_baseline_is_as_fast_as_the_baseline() -> None:
    tie = evaluation(speedup=0.99, speedup_low=0.97, speedup_high=1.01)
    slower = evaluation("P01/C2", speedup=0.97, speedup_low=0.96, speedup_high=0.98)
    assert share_at(compute([trial(final=tie), trial("P01/C2", final=slower)]).fast, 1.0) == 0.5


def test_faster_than_an_exact_bound_is_no_gain() -> None:
    assert credited_speedup(evaluation(speedup=20.0, bound_share=2.0)) == 1.0
    assert credited_speedup(evaluation(speedup=0.5, bound_share=2.0)) == 0.5


def test_faster_than_an_estimated_bound_gains_no_more_than_the_bound() -> None:
    estimated = Bound(cycles=100, limited_by="memory", formula="100", estimate=True)
    assert credited_speedup(evaluation(speedup=20.0, bound_share=2.0, bound=estimated)) == 10.0


def test_only_passes_earn_speed() -> None:
    assert credited_speedup(None) == 0
    assert credited_speedup(evaluation(verdict=Verdict.timeout)) == 0


def test_alarms_are_counted_on_passes() -> None:
    loud = evaluation(speedup=1.0, alarms=("wide interval",))
    silent = evaluation(verdict=Verdict.wrong, alarms=("wide interval",))
    assert compute([trial(final=loud), trial("P01/C2", final=silent)]).alarms == 1


def test_bound_share_is_geometric_over_passes() -> None:
    assert compute([trial("P01/C1", 1.0), trial("P01/C2", 4.0), trial("P01/C3", None)]).bound_share == pytest.approx(0.2)


def test_the_sol_score_counts_failures_and_the_way_to_the_bound() -> None:
    """Bound 100, baseline 1000: 0.5 at the baseline, 1 / 1.444... where half the cycles went, 0 for a failure."""
    m = compute([trial("P01/C1", 1.0), trial("P02/C1", 2.0), trial("P03/C1", None)])
    assert m.sol_score is not None
    assert m.sol_score.value == pytest.approx((0.5 + 1 / (1 + 400 / 900) + 0) / 3)


def test_faster_than_an_exact_bound_earns_no_sol_score_beyond_the_baseline() -> None:
    m = compute([trial("P01/C1", final=evaluation(speedup=20.0, bound_share=2.0))])
    assert m.sol_score is not None
    assert m.sol_score.value == pytest.approx(0.5)


def test_a_pass_without_a_bound_has_no_sol_score_and_a_failure_needs_none() -> None:
    unbounded = evaluation(speedup=2.0, bound=None, bound_share=None)
    assert compute([trial("P01/C1", final=unbounded), trial("P02/C1", 1.0)]).sol_score is None
    assert compute([trial("P01/C1", None), trial("P02/C1", 1.0)]).sol_score is not None


def test_the_area_under_fast_p_and_the_penalised_mean() -> None:
    m = compute([trial("P01/C1", 1.0), trial("P02/C1", None)])
    assert m.fast_area == pytest.approx(1 / 6)
    assert m.penalised_speedup is not None
    assert m.penalised_speedup.value == pytest.approx(0.1**0.5)


def test_an_unknown_price_makes_the_bill_unknown() -> None:
    assert compute([trial(cost=0.25), trial("P01/C2", cost=0.5)]).cost == 0.75
    assert compute([trial(cost=0.25), trial("P01/C2", cost=None)]).cost is None


def test_ungraded_trials_were_paid_for() -> None:
    m = compute([trial(cost=0.25, usage=Usage(input_tokens=10)), ungraded("P01/C2", cost=0.5, usage=Usage(input_tokens=5))])
    assert (m.cost, m.usage.input_tokens) == (0.75, 15)


def test_one_task_has_no_interval_for_speed() -> None:
    m = compute([trial("P01/C1", 2.0), trial("P01/C2", 3.0)])
    assert m.speedup is not None
    assert m.speedup.high is None


outcomes = st.lists(
    st.tuples(
        st.sampled_from([f"P{t:02}/C{c}" for t in range(1, 5) for c in range(1, 4)]),
        st.none() | st.floats(0.05, 9.9),
        st.sampled_from(Status),
        st.integers(0, 8),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


def build(rows: list) -> list[Trial]:
    return [trial(w, s, status=status, repeat=i, first_pass=n or None, iterations=8) for i, (w, s, status, n) in enumerate(rows)]


@given(outcomes)
def test_invariants(rows: list) -> None:
    trials = build(rows)
    m = compute(trials)
    assert sum(m.statuses.values()) == m.trials == len(trials)
    assert sum(m.verdicts.values()) == m.graded == sum(t.status.is_graded for t in trials)
    shares = [p.share for p in (*m.fast, *m.pass_at_k, *m.success_at)]
    assert all(0 <= share <= 1 for share in shares)
    assert [p.share for p in m.fast] == sorted((p.share for p in m.fast), reverse=True)
    for rising in (m.success_at, m.pass_at_k):
        assert all(a.share <= b.share + 1e-12 for a, b in pairwise(rising))
    if m.pass_at_1:
        rate = m.pass_at_1.value
        assert m.fast[0].share == pytest.approx(rate)
        assert m.pass_at_k[0].share == pytest.approx(rate)
        assert m.success_at[-1].share == pytest.approx(rate)
    for strict, loose in zip(m.pass_hat_k, m.pass_at_k, strict=True):
        assert strict.share <= loose.share + 1e-12
    if m.fast_area is not None:
        assert 0 <= m.fast_area <= 1
    for e in (m.pass_at_1, m.score, m.speedup, m.sol_score, m.penalised_speedup):
        if e and e.low is not None and e.high is not None:
            assert e.low <= e.value * (1 + 1e-9) + 1e-12
            assert e.value <= e.high * (1 + 1e-9) + 1e-12


@given(outcomes, st.integers())
def test_the_order_of_trials_is_irrelevant(rows: list, seed: int) -> None:
    trials = build(rows)
    shuffled = random.Random(seed).sample(trials, len(trials))
    assert compute(trials) == compute(iter(shuffled))


@given(outcomes, st.floats(1.01, 1.5))
def test_the_score_rises_when_a_failure_becomes_a_pass(rows: list, speed: float) -> None:
    base = build([(w, s, Status.graded, n) for w, s, _, n in rows])
    failed, fixed = [*base, trial("C01/C1", None)], [*base, trial("C01/C1", speed)]
    before, after = compute(failed).score, compute(fixed).score
    assert before is not None
    assert after is not None
    assert after.value > before.value


def test_metrics_survive_json() -> None:
    m = compute([trial("P01/C1", 2.0), trial("P04/C1", None)])
    assert Metrics.model_validate_json(m.model_dump_json()) == m
    json.dumps(m.model_dump(mode="json"), allow_nan=False)


def e(low: float | None, high: float | None) -> Estimate:
    return Estimate(value=((low or 0) + (high or 0)) / 2, low=low, high=high)


def test_overlapping_intervals_share_a_rank() -> None:
    assert rank([e(2.0, 3.0), e(1.5, 2.5), e(0.5, 1.0)]) == [1, 1, 3]


def test_unknown_ends_tie_and_no_score_comes_last() -> None:
    assert rank([e(2.0, None), e(3.0, 4.0), None]) == [1, 1, 3]
    assert rank([e(None, 1.0), e(2.0, 3.0)]) == [2, 1]
    assert rank([]) == []
    assert rank([e(1.0, 1.0), e(1 + 1e-15, 1 + 1e-15)]) == [1, 1]
    assert not math.isnan(rank([None])[0])
