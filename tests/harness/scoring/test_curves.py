import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scoring.attempts import attempts
from harness.scoring.curves import Spent, Trajectory, speedup_curve, success_curve, trajectory
from harness.scoring.metrics import Point

from .events import Story, public, repairing, trapped
from .trials import trial


def spent(n: int, tokens: int | None = None, cost: float | None = None) -> Spent:
    return Spent(n, tokens, cost, float(n))


def points(curve: list[Point]) -> list[tuple[float, float]]:
    return [(p.at, round(p.share, 9)) for p in curve]


def test_a_transcript_becomes_its_successes() -> None:
    one = trajectory(trial(speedup=2.0, iterations=7), attempts(repairing(2.0).events))
    assert [(s.iterations, s.tokens, s.cost, speed) for s, speed in one.successes] == [
        (5, 600, 1.25, 1.0), (6, 720, 1.5, 2.0), (7, 840, 1.75, 2.0),
    ]  # fmt: skip


def test_a_kernel_that_passed_only_on_public_inputs_was_no_success() -> None:
    assert trajectory(trial(speedup=None), attempts(repairing().events)).successes == ()


def test_the_grade_of_a_kernel_that_was_shown_costs_no_iteration() -> None:
    """A limit ended the trial, and its best kernel was graded."""
    story = Story()
    story.attempt("run", "A", public())
    story.attempt("run", "B", trapped())
    story.submit("A", public())
    one = trajectory(trial(iterations=2), attempts(story.events))
    assert [s.iterations for s, _ in one.successes] == [1, 2]


RUN = [
    Trajectory("P01/C1", ((spent(1, 100, 0.5), 1.0), (spent(3, 300, 1.5), 3.0))),
    Trajectory("P01/C1", ()),
    Trajectory("P04/C1", ((spent(2, 150, 1.0), 2.0), (spent(4, 400, 2.0), 1.5))),
]


def test_success_over_iterations_tokens_and_currency() -> None:
    assert points(success_curve(RUN, "iterations")) == [(0, 0), (1, 0.25), (2, 0.75)]
    assert points(success_curve(RUN, "tokens")) == [(0, 0), (100, 0.25), (150, 0.75)]
    assert points(success_curve(RUN, "cost")) == [(0, 0), (0.5, 0.25), (1, 0.75)]


def test_the_best_speedup_so_far_and_never_less() -> None:
    curve = points(speedup_curve(RUN, "iterations"))
    assert curve == [
        (0, 0), (1, pytest.approx(2**0.25 - 1)), (2, pytest.approx(2**0.25 * 3**0.5 - 1)),
        (3, pytest.approx(4**0.25 * 3**0.5 - 1)),
    ]  # fmt: skip


def test_an_axis_that_is_not_known_has_no_curve() -> None:
    unknown = [*RUN, Trajectory("P09/C1", ((spent(1), 1.0),))]
    assert success_curve(unknown, "cost") == speedup_curve(unknown, "tokens") == []
    assert success_curve(unknown, "iterations")


def test_nothing_run_has_no_curve_and_nothing_solved_a_flat_one() -> None:
    assert success_curve([], "iterations") == []
    assert points(success_curve([Trajectory("P01/C1", ())], "iterations")) == [(0, 0)]


def test_free_models_reach_everything_at_nothing() -> None:
    assert points(success_curve([Trajectory("P01/C1", ((spent(1, 0, 0.0), 1.0),))], "cost")) == [(0, 1)]


courses = st.builds(
    Trajectory,
    st.sampled_from(["P01/C1", "P01/C2", "P04/C1"]),
    st.lists(st.floats(0.1, 10), max_size=4).map(lambda xs: tuple((spent(i + 1, 10 * i, 0.1 * i), x) for i, x in enumerate(xs))),
)


@given(st.lists(courses, min_size=1, max_size=6))
def test_curves_rise_and_end_at_what_was_reached(run: list[Trajectory]) -> None:
    for curve in (success_curve(run, "iterations"), speedup_curve(run, "iterations")):
        assert [p.share for p in curve] == sorted(p.share for p in curve)
        assert [p.at for p in curve] == sorted({p.at for p in curve})
    by_workload: dict[str, list[bool]] = {}
    for one in run:
        by_workload.setdefault(one.workload, []).append(bool(one.successes))
    share = sum(sum(xs) / len(xs) for xs in by_workload.values()) / len(by_workload)
    assert success_curve(run, "iterations")[-1].share == pytest.approx(share)
