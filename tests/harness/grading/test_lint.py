"""The linter finds tasks that cannot tell right from wrong, and says which kernel gives them away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.grading.lint import lint
from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, i8, standard_inputs
from harness.testing import relu, vec_add


def softmax(p: Params, step: Step, x: Array) -> Tensors:
    e = np.exp(step("maximum", x - np.max(x, axis=1, keepdims=True), x))
    return {"y": step("sum", e / np.sum(e, axis=1, keepdims=True), e)}


def workload(reference: Callable[..., Tensors], symbols: dict[str, int], **fields: Any) -> Workload:
    task = Task(
        **{
            "id": "T99", "name": "under_test", "level": "primitive", "category": "elementwise", "statement": "",
            "inputs": {"x": f32["R", "C"]}, "outputs": {"y": f32["R", "C"]}, "configurations": {"C1": symbols},
            "held_out": {"C1": {**symbols, "C": symbols["C"] + 1}}, "generate": standard_inputs, "adversarial": standard_inputs,
            "reference": reference, "work": lambda p: Work({}),
        } | fields
    )  # fmt: skip
    return task.workload("C1", task.dtypes[0])


def hot(rng: np.random.Generator, workload: Workload) -> Tensors:
    return {"x": standard_inputs(rng, workload)["x"] + 100}


@pytest.mark.parametrize("task", [vec_add, relu], ids=lambda task: task.name)
def test_the_toy_tasks_are_sound(task):
    for configuration in task.configurations:
        result = lint(task.workload(configuration))
        assert result.ok, (result.leaks, result.refused)
        assert result.margin <= 1 < result.weakest.ratio


def test_every_kind_of_wrong_kernel_is_tried():
    names = [check.name for check in lint(workload(softmax, {"R": 3, "C": 8}, adversarial=hot)).nulls]
    assert names == [
        "zeros", "largest value", "smallest value", "nan", "constant: first public value", "constant: median public value",
        "replay of the public answer", "copy of x", "without: maximum", "without: sum", "without the last term of sum 1",
        "float16 arithmetic",
    ]  # fmt: skip


def test_a_sound_task_passes_with_its_held_out_sizes():
    sound = workload(softmax, {"R": 3, "C": 8}, adversarial=hot)
    assert lint(sound).ok
    assert sound.held_out is not None
    assert lint(sound.held_out).workload == "T99/C1+held-out"
    assert lint(sound.held_out).ok


def test_a_degenerate_size_leaks_the_constant_that_is_right():
    result = lint(workload(softmax, {"R": 3, "C": 1}, adversarial=hot))
    assert not result.ok
    assert "constant: first public value" in result.leaks
    assert "replay of the public answer" in result.leaks
    assert result.weakest.ratio == 0


def test_an_operation_that_no_input_needs_leaks():
    result = lint(workload(softmax, {"R": 3, "C": 8}))  # nothing overflows
    assert result.leaks == ("without: maximum",)
    assert not result.refused


def test_a_wide_tolerance_leaks():
    loose = workload(softmax, {"R": 3, "C": 8}, adversarial=hot, error=lambda *_: {"y": np.full((3, 8), 10.0)})
    assert {"zeros", "without the last term of sum 1", "float16 arithmetic"} <= set(lint(loose).leaks)
    assert "nan" not in lint(loose).leaks


def test_a_tight_tolerance_refuses_right_kernels():
    tight = workload(softmax, {"R": 3, "C": 8}, adversarial=hot, error=lambda *_: {"y": np.full((3, 8), 1e-12)})
    result = lint(tight)
    assert result.refused == ("float32", "float32, last term first")
    assert not result.ok
    assert result.margin > 1


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1), (-1, 0)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_are_taken_apart_along_any_axes(axis, keepdims):
    def spread(p: Params, step: Step, x: Array) -> Tensors:
        return {"y": x + np.sum(x, axis=axis, keepdims=True) + 0 * np.sum(np.sum(x, axis=axis, keepdims=keepdims))}

    result = lint(workload(spread, {"R": 3, "C": 5}))
    assert not result.refused
    assert next(check for check in result.nulls if check.name == "without the last term of sum 1").ratio > 10


def test_products_are_taken_apart_one_at_a_time():
    def chain(p: Params, step: Step, x: Array) -> Tensors:
        return {"y": x @ np.transpose(x) @ x}

    result = lint(workload(chain, {"R": 4, "C": 6}))
    assert result.ok
    assert [check.name for check in result.nulls if "product" in check.name] == [
        "without the last term of product 1",
        "without the last term of product 2",
    ]
    assert "float32, last term first" in [check.name for check in result.correct]


def test_integers_are_exact():
    def double(p: Params, step: Step, x: Array) -> Tensors:
        return {"y": step("halve", x // 2, x)}

    exact = workload(double, {"R": 3, "C": 8}, inputs={"x": i8["R", "C"]}, outputs={"y": i8["R", "C"]}, dtypes=(i8,))
    result = lint(exact)
    assert result.ok
    assert result.margin == 0
    assert [check.name for check in result.correct] == ["reference"]
    assert "largest value" in [check.name for check in result.nulls]


def test_a_lint_repeats_exactly():
    sound = workload(softmax, {"R": 3, "C": 8}, adversarial=hot)
    assert lint(sound) == lint(sound)


def test_sums_behind_a_mask_are_taken_apart_too():
    """``numpy.where`` forgets subclasses."""

    def masked(p: Params, step: Step, x: Array) -> Tensors:
        return {"y": np.sum(np.where(np.arange(p.C) % 2 == 1, x, 0), axis=1, keepdims=True) + x}

    assert "without the last term of sum 1" in [check.name for check in lint(workload(masked, {"R": 3, "C": 8})).nulls]
