"""The rtl suite: whole numbers only, none of which overflows, with the stressful values that statements and notes promise."""

from __future__ import annotations

import numpy as np
import pytest

import tasks
from harness import plugins
from harness.task import DType, Suite, Task, Workload, f32, i8, i32

RTL = tasks.rtl()
BY_ID = {task.id: task for task in RTL.tasks}


def drawn(id: str, configuration: str = "C3", dtype: DType | None = None, *, adversarial: bool = False, seeds: int = 6):
    """Input sets of several seeds."""
    workload = BY_ID[id].workload(configuration, dtype or RTL.dtype(BY_ID[id]))
    return [workload.draw(np.random.default_rng(seed), adversarial=adversarial) for seed in range(seeds)]


def test_the_suite_has_its_fifteen_tasks_in_order():
    expected = "P01 P02 P03 P04 P05 P11 P12 P14 P18 P21 P23 P28 P29 C18 C19"
    assert " ".join(task.id for task in RTL.tasks) == expected
    assert plugins.load("task suite", "rtl")() == RTL


@pytest.mark.parametrize("task", RTL.tasks, ids=lambda task: task.id)
def test_every_tensor_is_of_whole_numbers(task: Task):
    workload = task.workload("C1", RTL.dtype(task))
    assert {t.dtype for t in (*workload.inputs.values(), *workload.outputs.values())} <= {i8, i32}


def test_a_type_that_does_not_exist_is_refused_when_the_suite_is_made():
    with pytest.raises(ValueError, match=r"suite 's': P14 has no type 'i8'; it has f32, i32"):
        Suite("s", "", (BY_ID["P14"],), {"P14": "i8"})
    with pytest.raises(ValueError, match=r"suite 's' gives 'P15' the type 'f32', but has no such task"):
        Suite("s", "", (BY_ID["P14"],), {"P15": "f32"})


def test_a_suite_without_types_runs_the_first_of_each_task():
    assert Suite("s", "", (BY_ID["P14"],)).dtype(BY_ID["P14"]) == f32
    assert RTL.dtype(BY_ID["P14"]) == i32


def sums(workload: Workload, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """What C18 rounds, before the product with the scale."""
    return inputs["x"].astype(np.int64) @ inputs["w"].T.astype(np.int64) + inputs["bias"]


def test_axpy_tries_the_scalars_that_invite_shortcuts():
    assert {int(inputs["a"][0]) for inputs in drawn("P02", "C5", adversarial=True, seeds=40)} == {0, 1, -1, -128}
    assert all(inputs["x"].min() == -128 for inputs in drawn("P02", adversarial=True))


def test_clamp_has_an_interval_of_one_point_and_ordered_ends():
    assert all(inputs["lo"] == inputs["hi"] for inputs in drawn("P05", adversarial=True))
    for dtype in (f32, i8):
        assert all(inputs["lo"] <= inputs["hi"] for inputs in drawn("P05", dtype=dtype))


@pytest.mark.parametrize("id", ["P11", "P14"])
def test_sums_reach_both_ends_of_32_bits_and_never_leave_them(id):
    task = BY_ID[id]
    for configuration in task.configurations:
        workload = task.workload(configuration, i32)
        reached = [workload.compute(inputs)["y"] for inputs in drawn(id, configuration, adversarial=True)]
        assert np.min(reached) < -0.99 * 2**31
        assert np.max(reached) > 0.99 * 2**31
        for inputs in drawn(id, configuration) + drawn(id, configuration, adversarial=True):
            assert np.abs(inputs["x"].astype(np.int64)).sum(axis=-1).max() < 2**31


@pytest.mark.parametrize("dtype", [f32, i32], ids=lambda dtype: dtype.name)
def test_rows_have_ties_and_some_are_all_negative(dtype):
    for inputs in drawn("P12", dtype=dtype):
        x = inputs["x"]
        assert ((x == x.max(axis=1, keepdims=True)).sum(axis=1) >= 2).all()
        assert (x[1::2] < 0).all()


def test_a_row_of_nothing_but_negative_infinity_has_its_maximum_first():
    workload = BY_ID["P12"].workload("C3", f32)
    for inputs in drawn("P12", dtype=f32, adversarial=True):
        rows = np.isneginf(inputs["x"]).all(axis=1)
        assert rows.any()
        assert (workload.compute(inputs)["index"][rows] == 0).all()


def test_quantization_meets_ties_and_both_limits():
    for dtype, unit in ((f32, 1.0), (i32, 2.0**20)):
        for configuration in ("C2", "C5"):
            workload = BY_ID["P28"].workload(configuration, dtype)
            for inputs in drawn("P28", configuration, dtype, adversarial=True):
                product = inputs["x"].astype(np.float64) * inputs["scale"] / unit
                assert (np.abs(product) % 1 == 0.5).any()
                assert {-128, 127} <= set(workload.compute(inputs)["y"].tolist())


def test_quantization_keeps_the_ranges_that_its_statement_gives():
    for inputs in drawn("P28", "C4") + drawn("P28", "C4", adversarial=True):
        assert -(2**22) <= inputs["x"].min() <= inputs["x"].max() < 2**22
        assert 1 <= inputs["scale"][0] <= 2**14


def test_the_linear_layer_keeps_its_ranges_and_needs_more_than_32_bits():
    widest = 0
    for configuration in BY_ID["C18"].configurations:
        workload = BY_ID["C18"].workload(configuration)
        for inputs in drawn("C18", configuration) + drawn("C18", configuration, adversarial=True):
            assert 1 <= inputs["scale"].min() <= inputs["scale"].max() <= 2**19
            assert np.abs(inputs["bias"]).max() <= 2**23
            widest = max(widest, int(np.abs(sums(workload, inputs) * inputs["scale"]).max()))
    assert widest > 2**35


def test_halves_of_the_linear_layer_go_up():
    """A channel of zero weights leaves an odd multiple of a half."""
    workload = BY_ID["C18"].workload("C2")
    for inputs in drawn("C18", "C2", adversarial=True):
        channel = slice(2, None, 4)
        halves = sums(workload, inputs)[:, channel] / 2
        assert (halves % 1 == 0.5).all()
        assert (workload.compute(inputs)["y"][:, channel] == np.clip(halves + 0.5, -128, 127)).all()


def test_scales_of_the_block_are_within_their_range():
    for configuration in BY_ID["C19"].configurations:
        for inputs in drawn("C19", configuration) + drawn("C19", configuration, adversarial=True):
            for name in ("scale1", "scale2"):
                assert 1 <= inputs[name].min() <= inputs[name].max() <= 2**14


def test_the_largest_products_of_eight_bits_are_met():
    for id, other in (("P21", "b"), ("P29", "b")):
        assert all((inputs["a"] == -128).any() and (inputs[other] == -128).any() for inputs in drawn(id, adversarial=True))


def test_types_of_tasks_shared_with_the_core_suite_differ():
    """The core suite keeps floats where both run the task."""
    shared = [task for task in tasks.core().tasks if task.id in BY_ID]
    assert {task.id for task in shared} == {"P01", "P04", "P11", "P18", "P21"}
    assert all(tasks.core().dtype(task) == f32 != RTL.dtype(task) for task in shared)
