"""The allowed error is sound (float32 in any order of evaluation stays within) and sharp (narrower arithmetic does not)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.grading.tolerance import allowed_error
from harness.task import DTYPES, Array, Formats, Task, Tensors, TensorSpec, Work, Workload, f32, i8, i32, standard_inputs

SEEDS = st.integers(0, 2**32 - 1)
FORMATS = Formats()


def workload(
    reference: Callable[..., Any], inputs: dict[str, TensorSpec], output: TensorSpec, symbols: dict[str, int], **fields: Any
) -> Workload:
    task = Task(
        id="T99", name="under_test", level="primitive", category="elementwise", statement="", inputs=inputs,
        outputs={"y": output}, configurations={"C1": symbols}, held_out={}, generate=standard_inputs,
        adversarial=standard_inputs, reference=lambda p, step, **tensors: {"y": reference(p, step, **tensors)},
        work=lambda p: Work({}), **fields,
    )  # fmt: skip
    return task.workload("C1")


def elementwise(function: Callable[..., Any], count: int, operands: int = 1) -> Workload:
    names = "ab"[:operands]
    return workload(
        lambda p, step, **tensors: function(*tensors.values()), dict.fromkeys(names, f32["N"]), f32["N"], {"N": count}
    )


def product(size: int, depth: int) -> Workload:
    symbols = {"M": size, "K": depth}
    return workload(lambda p, step, a, b: a @ b, {"a": f32["M", "K"], "b": f32["K", "M"]}, f32["M", "M"], symbols)


def row_sum(rows: int, columns: int) -> Workload:
    return workload(lambda p, step, a: np.sum(a, axis=1), {"a": f32["R", "C"]}, f32["R"], {"R": rows, "C": columns})


def judged(work: Workload, inputs: Tensors, formats: Formats = FORMATS) -> tuple[Array, Array]:
    expected = work.compute(inputs)
    return expected["y"], allowed_error(work, inputs, expected, formats)["y"]


def one_by_one(work: Workload, *values: Any, formats: Formats = FORMATS) -> tuple[Array, Array]:
    return judged(work, dict(zip("ab", (np.array(v, np.float32) for v in values), strict=False)), formats)


def accumulated(terms: Array, order: Array, lanes: int, dtype: Any) -> Array:
    """The sum over axis 0 in a given order, in ``lanes`` partial sums, every step rounded to ``dtype``."""
    partial = np.zeros((lanes, *terms.shape[1:]), dtype)
    for position, index in enumerate(order):
        partial[position % lanes] = (partial[position % lanes] + terms[index].astype(dtype)).astype(dtype)
    total = partial[0]
    for lane in partial[1:]:
        total = (total + lane).astype(dtype)
    return total.astype(np.float64)


# Sound


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 200), st.sampled_from([1, 2, 8, 16]), st.sampled_from([1.0, 1e-30, 1e20]))
def test_sums_in_any_order_and_blocking_are_allowed(seed, columns, lanes, scale):
    rng, work = np.random.default_rng(seed), row_sum(3, columns)
    inputs = {"a": (rng.standard_normal((3, columns)) ** 3 * scale).astype(np.float32)}
    expected, allowed = judged(work, inputs)
    got = accumulated(inputs["a"].T, rng.permutation(columns), lanes, np.float32)
    assert (np.abs(got - expected) <= allowed).all()


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 100), st.sampled_from([1, 2, 8]))
def test_products_in_any_order_and_blocking_are_allowed(seed, depth, lanes):
    rng, work = np.random.default_rng(seed), product(4, depth)
    inputs = {n: (rng.standard_normal(t.shape) * 2.0 ** rng.integers(-75, 10)).astype(np.float32) for n, t in work.inputs.items()}
    expected, allowed = judged(work, inputs)
    terms = np.stack([np.outer(inputs["a"][:, k], inputs["b"][k]) for k in range(depth)])
    got = accumulated(terms, rng.permutation(depth), lanes, np.float32)
    assert (np.abs(got - expected) <= allowed).all()


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "add": (2, lambda a, b: a + b),
    "subtract": (2, lambda a, b: a - b),
    "multiply": (2, lambda a, b: a * b),
    "divide": (2, lambda a, b: a / b),
    "divide by a constant": (1, lambda a: a / 7),
    "add a constant": (1, lambda a: a + 1e-5),
    "exp": (1, np.exp),
    "tanh of a product": (2, lambda a, b: np.tanh(a * b)),
    "square root of a sum": (2, lambda a, b: np.sqrt(a * a + b * b)),
    "log": (2, lambda a, b: np.log(a * a + b * b)),
    "power": (1, lambda a: a**3),
    "square": (1, np.square),
    "reciprocal": (1, np.reciprocal),
    "sigmoid": (1, lambda a: 1 / (1 + np.exp(-a))),
    "maximum": (2, lambda a, b: np.maximum(a * 3, b / a)),
    "minimum": (2, lambda a, b: np.minimum(a * 3, abs(b) * 0.1)),
    "softmax": (1, lambda a: np.exp(a - np.max(a)) / np.sum(np.exp(a - np.max(a)))),
    "distance from the mean": (1, lambda a: a - np.mean(a)),
    "distance from the least": (1, lambda a: a * 3 - np.min(a * 3)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, scale=st.sampled_from([1e-6, 1.0, 30.0]))
def test_float32_stays_within_for_every_elementwise_operation(name, seed, scale):
    operands, function = FUNCTIONS[name]
    work, rng = elementwise(function, 33, operands), np.random.default_rng(seed)
    inputs = {n: (rng.standard_normal(33) * scale).astype(np.float32) for n in work.inputs}
    expected, allowed = judged(work, inputs)
    got = work.compute(inputs, np.float32)["y"].astype(np.float64)
    inside = np.abs(got - expected) <= allowed
    assert inside[np.isfinite(expected) & np.isfinite(got)].all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_that_came_before_are_carried_on(name):
    """An input that is itself off by its bound moves the result by no more than the result's bound."""
    operands, function = FUNCTIONS[name]
    rng = np.random.default_rng(5)
    off = 1 + 2.0**-20
    work = elementwise(lambda *x: function(x[0] * off / off, *x[1:]), 64, operands)
    inputs = {n: rng.uniform(0.5, 2, 64).astype(np.float32) for n in work.inputs}
    expected, allowed = judged(work, inputs)
    for sign in (-1, 1):
        moved = [inputs["a"].astype(np.float64) * (1 + sign * 3e-7), *(inputs[n].astype(np.float64) for n in list(inputs)[1:])]
        assert (np.abs(function(*moved) - expected) <= allowed).all()


def test_a_chain_of_products_is_within_a_small_part_of_its_result():
    """Under the worst case alone the bound of eight layers would exceed the result."""

    def network(p, step, a, b):
        for _ in range(8):
            a = step("layer", np.tanh(a @ b), a)
        return a

    work = workload(network, {"a": f32["M", "M"], "b": f32["M", "M"]}, f32["M", "M"], {"M": 64})
    rng = np.random.default_rng(2)
    inputs = {"a": rng.standard_normal((64, 64)).astype(np.float32), "b": rng.standard_normal((64, 64)).astype(np.float32) / 4}
    expected, allowed = judged(work, inputs)
    errors = np.abs(work.compute(inputs, np.float32)["y"] - expected)
    assert (errors <= allowed).all()
    assert np.median(allowed) < 0.02 * np.median(np.abs(expected))


# Sharp


def test_dropping_the_largest_term_of_a_product_is_not_allowed():
    work, rng = product(6, 64), np.random.default_rng(1)
    inputs = {name: rng.standard_normal(tensor.shape).astype(np.float32) for name, tensor in work.inputs.items()}
    _expected, allowed = judged(work, inputs)
    terms = inputs["a"][:, :, None] * inputs["b"][None]
    assert (np.max(np.abs(terms), axis=1) > 10 * allowed).all()


def test_bfloat16_sums_are_not_allowed_where_float32_is_declared():
    work, rng = product(8, 64), np.random.default_rng(1)
    inputs = {name: rng.standard_normal(tensor.shape).astype(np.float32) for name, tensor in work.inputs.items()}
    terms = np.stack([np.outer(inputs["a"][:, k], inputs["b"][k]) for k in range(64)])
    got = accumulated(terms, np.arange(64), 1, ml_dtypes.bfloat16)
    expected, allowed = judged(work, inputs)
    assert (np.abs(got - expected) > allowed).mean() > 0.9
    narrow = Formats(storage=DTYPES["bf16"], accumulate=DTYPES["bf16"])
    assert (np.abs(got - expected) <= judged(work, inputs, narrow)[1]).all()


def test_storage_coarser_than_sums_costs_one_rounding_per_step_and_at_the_end():
    stored = Formats(storage=DTYPES["bf16"], slack=1)
    with_step = workload(lambda p, step, a: step("x3", a * 3, a) * 5, {"a": f32["N"]}, f32["N"], {"N": 1})
    without = workload(lambda p, step, a: a * 3 * 5, {"a": f32["N"]}, f32["N"], {"N": 1})
    (value,), (two,) = one_by_one(with_step, [1.0], formats=stored)
    _, (one,) = one_by_one(without, [1.0], formats=stored)
    assert one == pytest.approx(value * 2**-8, rel=0.01)
    assert two == pytest.approx(2 * value * 2**-8, rel=0.01)


@pytest.mark.parametrize(
    ("function", "value"),
    [(lambda a: np.maximum(a, 0), -1.5), (lambda a: a[::-1], 1e-44), (lambda a: abs(-a), -3e-42),
     (lambda a: np.where(np.array([True]), a, 0), 7.0), (lambda a: np.pad(a, 1)[1:-1], 1e-45), (lambda a: a.T, 2.0)],
)  # fmt: skip
def test_what_only_moves_data_is_exact(function, value):
    assert one_by_one(elementwise(function, 1), [value])[1] == 0


def test_sums_of_subnormals_are_exact_so_flushing_is_seen():
    (value,), (allowed,) = one_by_one(elementwise(lambda a, b: a + b, 1, 2), [3e-42], [4e-43])
    assert value > 0
    assert allowed < 1e-6 * value


def test_a_kernel_may_flush_what_exp_underflows_to():
    (value,), (allowed,) = one_by_one(elementwise(np.exp, 1), [-95.0])
    assert 0 < value < allowed < 1e-37


def test_an_element_that_is_out_of_reach_of_the_clamp_must_be_zero():
    work = workload(lambda p, step, a: np.maximum(np.sum(a, axis=1), 0), {"a": f32["R", "C"]}, f32["R"], {"R": 2, "C": 2})
    expected, allowed = judged(work, {"a": np.array([[-1, -1], [1, 1]], np.float32)})
    assert expected.tolist() == [0, 2]
    assert allowed[0] == 0
    assert allowed[1] > 0


def test_where_the_expected_value_is_not_finite_no_error_is_allowed():
    expected, allowed = one_by_one(elementwise(lambda a, b: a / b, 3, 2), [1, 0, 1], [0, 0, 3])
    assert np.isinf(expected[0])
    assert np.isnan(expected[1])
    assert allowed[0] == allowed[1] == 0
    assert 0 < allowed[2] < 1e-4


def test_masked_scores_leave_no_undefined_bound():
    def masked(p, step, a):
        scores = np.where(np.tri(4, dtype=bool), a, -np.inf)
        weights = np.exp(scores - np.max(scores, axis=1, keepdims=True))
        return weights / np.sum(weights, axis=1, keepdims=True)

    work = workload(masked, {"a": f32["N", "N"]}, f32["N", "N"], {"N": 4})
    _, allowed = judged(work, {"a": np.random.default_rng(0).standard_normal((4, 4)).astype(np.float32)})
    assert np.isfinite(allowed).all()
    assert (allowed[np.triu_indices(4, 1)] < 1e-37).all()


def test_integer_workloads_are_exact():
    work = workload(lambda p, step, a: a @ a, {"a": i8["N", "N"]}, i32["N", "N"], {"N": 3})
    _, allowed = judged(work, standard_inputs(np.random.default_rng(0), work))
    assert not allowed.any()


def test_a_tasks_own_rule_comes_first():
    rule = {"y": np.array([0.25])}
    work = workload(lambda p, step, a: np.sort(a), {"a": f32["N"]}, f32["N"], {"N": 1}, error=lambda *_: rule)
    assert judged(work, {"a": np.ones(1, np.float32)})[1] == 0.25


# Unknown operations


@pytest.mark.parametrize(
    ("function", "name"),
    [(np.sort, "numpy.sort"), (np.arcsinh, "numpy.arcsinh"), (np.multiply.accumulate, "numpy.multiply.accumulate"),
     (lambda a: a > 0, "numpy.greater"), (lambda a: a**0.5, "numpy.power with exponent"),
     (lambda a: np.add(a, a, dtype=np.float32), "numpy.add with dtype=")],
)  # fmt: skip
def test_an_operation_without_a_known_bound_is_an_error_that_names_it_and_the_task(function, name):
    with pytest.raises(UsageError, match="T99/C1") as caught:
        judged(elementwise(lambda a: (function(a), a)[1], 2), {"a": np.ones(2, np.float32)})
    assert f"the reference uses {name}" in caught.value.message
    assert "error rule" in caught.value.hint


# Errors that are not small

COARSE = Formats(storage=DTYPES["bf16"], accumulate=f32)


def rough_softmax(p: Any, step: Any, a: Array) -> dict[str, Array]:
    """A softmax of scores that bf16 holds to half a unit, twice over."""
    scores = step("double", a * 2, a)
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return {"y": e / np.sum(e, axis=1, keepdims=True)}


def test_what_bf16_holds_badly_has_a_bound_all_the_same():
    scores = np.array([[100.3, 100.1, 99.7, 60.0]], np.float32) / 2
    task = workload(lambda p, step, a: None, {"a": f32["R", "C"]}, f32["R", "C"], {"R": 1, "C": 4}).task
    expected, allowed = judged(replace(task, reference=rough_softmax).workload("C1"), {"a": scores}, COARSE)
    assert (allowed[0, :3] > expected[0, :3] / 10).all()
    assert np.isfinite(allowed).all()


def test_a_clamp_within_reach_of_an_unlikely_error_is_not_exact():
    """The bound of one error is one unit in the last place of bf16; independent ones may come to eight of them."""

    def clamped(p: Any, step: Any, a: Array, b: Array) -> dict[str, Array]:
        terms = step("double", a * 2, a)
        return {"y": np.maximum(np.sum(terms, axis=1) - b, 0)}

    tensors = {"a": f32["R", "C"], "b": f32["R"]}
    task = workload(lambda p, step, a, b: None, tensors, f32["R"], {"R": 3, "C": 256}).task
    ones = np.ones((3, 256), np.float32)
    # 256 errors of 2**-7 each: their root sum of squares is 1/8, so that eight of it are 1 and the worst case is 2.
    beyond = np.float32([512.5, 514.5, 511])
    expected, allowed = judged(replace(task, reference=clamped).workload("C1"), {"a": ones, "b": beyond}, COARSE)
    assert expected.tolist() == [0, 0, 1]
    assert allowed[0] > 0.25
    assert allowed[1] == 0
    assert allowed[2] > 1
