"""The shape of an error: each kind and place from arrays that have it."""

import numpy as np
import pytest

from harness.grading.shape import CELLS, picture, place_of, shape_of

EXPECTED = np.random.default_rng(0).normal(0, 1, (8, 12))


def shape(got, expected=EXPECTED, allowed=1e-6):
    got, expected = np.asarray(got), np.asarray(expected)
    with np.errstate(all="ignore"):
        wrong = ~(np.abs(got - expected) <= allowed)
    return shape_of(got, expected, np.full(expected.shape, allowed), wrong)


def tail(values):
    """Right but for the last two columns."""
    return np.concatenate([EXPECTED[:, :-2], np.broadcast_to(values, EXPECTED.shape)[:, -2:]], axis=1)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.nan, "nan"), (-np.inf, "infinite"), (0.0, "zero"), (7.5, "constant"), (-EXPECTED, "sign"), (2 * EXPECTED, "scale"),
        (EXPECTED + 3, "offset"), (EXPECTED * (1 + 1e-3), "precision"), (np.exp(EXPECTED), "other"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["all", "tail"])
def test_kinds(values, kind, where):
    got = tail(values) if where == "tail" else np.broadcast_to(values, EXPECTED.shape)
    found = shape(got)
    assert (found.kind, found.place) == (kind, where)


@pytest.mark.parametrize("got", [EXPECTED[::-1], EXPECTED[:, ::-1], np.roll(EXPECTED, 1, axis=1), EXPECTED.T.reshape(8, 12)])
def test_right_values_in_wrong_places(got):
    assert shape(got).kind == "permuted"


def test_noise_has_nothing_to_do_with_what_is_right():
    noise = np.random.default_rng(1).normal(0, 1, EXPECTED.shape)
    assert shape(noise).kind == "unrelated"
    assert shape(EXPECTED + noise).kind == "other"
    assert shape(noise[:2], EXPECTED[:2]).kind == "other", "24 elements are too few to tell"
    assert shape(noise, np.ones_like(EXPECTED)).kind == "other", "of equal values nothing can be told"


def test_integers_that_are_one_off_lack_precision_and_two_off_do_not():
    expected = np.arange(20)
    assert shape(expected + np.arange(20) % 2, expected, 0).kind == "precision"
    assert shape(expected + 2 * (np.arange(20) % 2), expected, 0).kind == "offset"


def test_some_not_a_number_among_finite_ones_is_something_else():
    got = 2 * EXPECTED
    got[0, 0] = np.nan
    assert shape(got).kind == "other"


def test_one_element_has_no_factor():
    got = EXPECTED.copy()
    got[2, 3] *= 5
    assert (shape(got).kind, shape(got).place) == ("other", "element")
    got[2, 3] = -EXPECTED[2, 3]
    assert shape(got).kind == "sign"


def wrong_at(*index, of=(8, 12)):
    wrong = np.zeros(of, bool)
    wrong[index] = True
    return wrong


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (np.ones((8, 12), bool), "all"),
        (wrong_at(3, 4), "element"),
        (wrong_at(3), "row"),
        (wrong_at(slice(3, 5)), "row"),
        (wrong_at(slice(None), 5), "column"),
        (wrong_at(slice(None), slice(5, 7)), "column"),
        (wrong_at(slice(2)), "head"),
        (wrong_at(slice(None), -1), "tail"),
        (wrong_at(-1), "tail"),
        (wrong_at(slice(None, None, 3)), "stride"),
        (wrong_at(slice(None), slice(1, None, 4)), "stride"),
        (wrong_at(slice(2, 4), slice(5, 9)), "block"),
        (wrong_at([0, 1, 5], slice(None)), "scattered"),
        (np.eye(8, 12, dtype=bool), "scattered"),
        (wrong_at(slice(5, 9), of=(40,)), "block"),
        (wrong_at(slice(32, 40), of=(40,)), "tail"),
        (wrong_at(slice(None), slice(None), -1, of=(2, 3, 4)), "tail"),
        (np.ones((), bool), "all"),
    ],
)
def test_places(wrong, place):
    assert place_of(wrong) == place


def test_the_picture_has_a_digit_per_cell():
    assert picture(wrong_at(slice(2, 4), slice(1, 3), of=(4, 4))) == ("0000", "0000", "0990", "0990")
    assert picture(np.ones((), bool)) == ("9",)
    assert picture(wrong_at(0, 0, of=(2, 3, 4)))[0] == "9999"


def test_a_large_output_is_drawn_in_few_cells_and_loses_no_wrong_element():
    wrong = np.zeros((1000, 3000), bool)
    wrong[999, 2999] = True
    drawn = picture(wrong)
    assert (len(drawn), len(drawn[0])) == CELLS
    assert drawn[-1][-1] == "1"
    assert set("".join(drawn)) == {"0", "1"}


def test_the_worst_error_in_units_of_what_is_allowed():
    assert shape([1.0, 2.5, 4.0], [1.0, 2.0, 3.0], 0.25).worst == pytest.approx(4.0)
    assert shape([1.0, np.inf], [1.0, 2.0], 0.25).worst is None
    assert shape([1.0, 2.5], [1.0, 2.0], 0.0).worst is None


def test_infinities_that_are_expected_do_not_disturb():
    expected = np.array([np.inf, 1.0, 2.0, 3.0])
    found = shape_of(np.array([np.inf, -1.0, -2.0, -3.0]), expected, np.zeros(4), np.array([False, True, True, True]))
    assert (found.kind, found.place) == ("sign", "tail")
