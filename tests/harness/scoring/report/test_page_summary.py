from typing import Any

import pytest

from harness.scoring.report.page.pack import Place
from harness.scoring.report.page.plots import STEPS, _sparse
from harness.scoring.report.page.summary import (
    Brief,
    Roof,
    brief,
    columns,
    heat_class,
    heat_map,
    outcomes,
    ratio,
    roofline,
    speeds,
    thinned,
)
from harness.trial import Status, Verdict

from ..trials import evaluation, trial, ungraded


def made(*args: Any, number: int = 0, **fields: Any) -> Brief:
    one = trial(*args, **fields)
    return brief(one, number, Place(0, number), "run", "" if one.passed else "it traps")


def test_a_pass_is_credited_and_an_ungraded_trial_is_not_an_outcome() -> None:
    passed, failed = made(speedup=2.0), made(speedup=None, verdict=Verdict.fault)
    lost = brief(ungraded(status=Status.provider), 2, Place(0, 2), "run")
    assert (passed.outcome, passed.speedup, passed.bound, passed.share) == ("passed", 2.0, 100.0, 0.2)
    assert (failed.outcome, failed.speedup, failed.cause) == ("fault", None, "it traps")
    assert (lost.outcome, lost.graded, lost.passed) == ("provider", False, False)
    assert made(final=None, speedup=None).outcome == "no_kernel"


def test_a_speedup_beyond_the_bound_is_not_drawn_as_one() -> None:
    beyond = made(final=evaluation(speedup=20.0, bound_share=2.0))
    assert beyond.speedup == 1.0  # an exact bound: nothing is gained


@pytest.mark.parametrize(
    ("speed", "style"),
    [(0.1, "h0"), (0.5, "h1"), (0.979, "h2"), (0.98, "h3"), (1.0, "h3"), (1.02, "h4"), (4.0, "h7"), (None, "h3")],
)
def test_colours_change_at_the_steps(speed: float | None, style: str) -> None:
    assert heat_class(speed) == style


def test_the_heat_map_has_a_cell_for_every_agent_and_configuration() -> None:
    heat = heat_map([
        made("P01/C1", 2.0, model="a"), made("P01/C2", None, model="a", number=1), made("P02/C1", 1.0, model="b", number=2),
    ])  # fmt: skip
    assert (heat.agents, heat.configurations) == (("a", "b"), ("C1", "C2"))
    rows = dict(heat.rows)
    (fast, wrong), (none, _) = rows["P01"]
    assert fast is not None
    assert wrong is not None
    assert (fast.text, fast.style, fast.trials) == ("2.00", "h6", (0,))
    assert (wrong.text, wrong.style, wrong.label) == ("wrong", "bad", "a on P01/C2: wrong")
    assert none is None


def test_repeats_share_a_cell_the_best_first() -> None:
    repeats = [made("P01/C1", s, repeat=i, number=i) for i, s in enumerate((1.0, None, 4.0))]
    [(_, ((cell,),))] = heat_map(repeats).rows
    assert cell is not None
    assert cell.text == "2.00*"  # the geometric mean of the passes; a star because one failed
    assert cell.trials == (2, 0, 1)
    assert "2 of 3 passed" in cell.label


def test_the_roofline_takes_the_best_pass_of_each_agent_at_each_workload() -> None:
    points = roofline([made("P01/C1", 2.0), made("P01/C1", 3.0, repeat=1, number=1), made("P01/C2", None, number=2)])
    assert points == [Roof("m", "P01/C1", 10.0, 3.0, 1)]


def test_failures_count_as_speed_nought_and_lost_trials_not_at_all() -> None:
    lost = brief(ungraded(), 3, Place(0, 3), "run")
    assert speeds([made("P01/C1", 2.0), made("P01/C1", None, repeat=1), lost]) == {"m": {"P01/C1": [2.0, 0.0]}}
    assert outcomes([made("P01/C1", 2.0), made("P01/C1", None, repeat=1), lost]) == {"m": {"it traps": 1}}


def test_thinning_keeps_the_order_and_the_number() -> None:
    points = [Roof("m", f"P{i}", 1.0, 1.0, i) for i in range(1000)]
    few = thinned(points, 64)
    assert len(few) == 64
    assert list(few) == sorted(few, key=lambda p: p.trial)
    assert few[0] == points[0]
    assert thinned(points, 2000) is points


def test_a_long_curve_keeps_its_end_and_stays_below_itself() -> None:
    curve = [(float(i), i / 5000) for i in range(5001)]
    short = _sparse(curve)
    assert len(short) <= STEPS + 1
    assert short[-1] == curve[-1]
    assert all(point in curve for point in short)


def test_columns_name_each_text_once() -> None:
    table = columns([made("P01/C1", 1.23456789), made("P01/C2", None, number=1)], {"P01": "vec_add"})
    assert table["speedup"] == [1.23457, None]
    assert table["names"]["workload"] == ["P01/C1", "P01/C2"]  # type: ignore[index]
    assert table["workload"] == [0, 1]
    assert table["titles"] == {"P01": "vec_add"}
    assert table["index"] == [0, 1]


@pytest.mark.parametrize(
    ("value", "text"), [(0.966, "0.97"), (9.994, "9.99"), (9.996, "10.0"), (99.94, "99.9"), (1234.5, "1234")]
)
def test_ratios_are_short(value: float, text: str) -> None:
    assert ratio(value) == text
