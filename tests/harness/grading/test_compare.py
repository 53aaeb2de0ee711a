"""What a mismatch report says: index, values, how many, and what the wrong elements have in common."""

import numpy as np
import pytest

from harness.grading.compare import EXAMPLES, compare, place, values
from harness.task import Task, Work, Workload, f32, standard_inputs


def workload(*shape: int) -> Workload:
    symbols = dict(zip("ABCD", shape, strict=False))
    spec = f32[tuple(symbols)]
    task = Task(
        id="T01", name="copy", level="primitive", category="elementwise", statement="y = x",
        inputs={"x": spec}, outputs={"y": spec}, configurations={"C1": symbols}, held_out={},
        generate=standard_inputs, adversarial=standard_inputs,
        reference=lambda p, step, x: {"y": x}, work=lambda p: Work({}),
    )  # fmt: skip
    return task.workload("C1")


def report(got, expected, allowed=0.0):
    expected = np.asarray(expected, np.float64)
    outputs = {"y": np.asarray(got, np.float32)}
    return compare(workload(*expected.shape), outputs, {"y": expected}, {"y": np.full(expected.shape, allowed)}, "public")


def test_equal_within_the_allowed_error_passes():
    assert report([1.0, 2.0], [1.0, 2.25], allowed=0.25) == ()


def test_one_element_beyond_the_allowed_error_fails():
    (mismatch,) = report([1.0, 2.0, 3.0], [1.0, 2.5, 3.0], allowed=0.25)
    assert (mismatch.wrong, mismatch.total, mismatch.pattern) == (1, 3, "element 1")
    (example,) = mismatch.examples
    assert (example.index, example.expected, example.got, example.error, example.allowed) == ((1,), 2.5, 2.0, 0.5, 0.25)


def test_examples_are_capped():
    (mismatch,) = report(np.zeros(100), np.ones(100))
    assert len(mismatch.examples) == EXAMPLES
    assert mismatch.wrong == 100


@pytest.mark.parametrize(
    ("got", "expected", "passes"),
    [
        (np.nan, 1.0, False), (np.inf, 1.0, False), (1.0, np.nan, False), (1.0, np.inf, False), (np.inf, -np.inf, False),
        (np.nan, np.nan, True), (np.inf, np.inf, True), (-np.inf, -np.inf, True), (np.nan, np.inf, False),
    ],
)  # fmt: skip
def test_non_finite_only_where_expected(got, expected, passes):
    assert (report([got], [expected], allowed=1e30) == ()) is passes


def test_a_signalling_nan_is_a_nan_and_no_warning():
    (mismatch,) = report(np.array([0x7F800001], np.uint32).view(np.float32), [1.0])
    assert np.isnan(mismatch.examples[0].got)


def test_missing_output_and_wrong_shape_are_mismatches():
    w = workload(4)
    expected, allowed = {"y": np.zeros(4)}, {"y": np.zeros(4)}
    assert compare(w, {}, expected, allowed, "public")[0].pattern == "missing"
    (wrong_shape,) = compare(w, {"y": np.zeros(3, np.float32)}, expected, allowed, "public")
    assert wrong_shape.pattern == "of shape (3,) instead of (4,)"


def test_integers_compare_without_wrapping():
    w = workload(2)
    outputs = {"y": np.array([-128, 127], np.int8)}
    expected = {"y": np.array([128, 127], np.int64)}
    (mismatch,) = compare(w, outputs, expected, {"y": np.zeros(2)}, "public")
    assert mismatch.examples[0].error == 256


def mask(shape, *indices):
    wrong = np.zeros(shape, bool)
    for index in indices:
        wrong[index] = True
    return wrong


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (mask(8, slice(None)), "all"),
        (mask(8, 3), "element 3"),
        (mask(8, slice(5, None)), "the last 3 elements"),
        (mask(8, slice(0, 2)), "the first 2 elements"),
        (mask(8, slice(2, 5)), "elements 2 to 4"),
        (mask(16, slice(3, None, 4)), "every 4th element from 3"),
        (mask(6, slice(1, None, 2)), "every 2nd element from 1"),
        (mask((8, 6), slice(3, None, 4)), "every 4th row from 3"),
        (mask((8, 6), (slice(None), slice(4, None))), "the last 2 columns"),
        (mask((8, 6), (7, slice(4, None))), "the last 2 columns of row 7"),
        (mask((8, 6), (0, 0), (1, 1)), ""),
        (mask((2, 3, 4), (slice(None), 1)), "index on axis 1 1"),
        (mask(8, 0, 1, 4), ""),
    ],
)
def test_places_in_words(wrong, text):
    assert place(wrong) == text


@pytest.mark.parametrize(
    ("got", "expected", "text"),
    [
        ([np.nan, np.nan], [1, 2], "not a number (or never written)"),
        ([np.inf, -np.inf], [1, 2], "infinite"),
        ([0, 0], [1, 2], "zero"),
        ([5, 5, 5], [1, 2, 3], "the same value 5"),
        ([2, 4, 6], [1, 2, 3], "2 times the expected value"),
        ([-1, -2, -3], [1, 2, 3], "-1 times the expected value"),
        ([1, 2, 3], [3, 1, 7], ""),
    ],
)
def test_values_in_words(got, expected, text):
    assert values(np.array(got, float), np.array(expected, float)) == text


def test_a_mismatch_carries_the_shape_of_its_error():
    (mismatch,) = report([[1.0, -2.0], [3.0, -4.0], [5.0, -6.0]], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert mismatch.shape is not None
    assert (mismatch.shape.kind, mismatch.shape.place, mismatch.shape.map) == ("sign", "tail", ("09", "09", "09"))
    w = workload(4)
    (missing,) = compare(w, {}, {"y": np.zeros(4)}, {"y": np.zeros(4)}, "public")
    assert missing.shape is not None
    assert missing.shape.kind == "missing"
