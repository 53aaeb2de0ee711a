"""The int suite: every task that exists in whole numbers, none of which overflows, with the values that statements promise."""

from __future__ import annotations

import numpy as np
import pytest

import tasks
from harness import plugins
from harness.task import Task, Tensors, f32, i8

INT = tasks.integers()
BY_ID = {task.id: task for task in INT.tasks}


def drawn(id: str, configuration: str = "C3", *, adversarial: bool = False) -> list[Tensors]:
    """Input sets of several seeds."""
    workload = BY_ID[id].workload(configuration, INT.dtype(BY_ID[id]))
    return [workload.draw(np.random.default_rng(seed), adversarial=adversarial) for seed in range(6)]


def outputs(id: str, configuration: str, inputs: Tensors) -> np.ndarray:
    return BY_ID[id].workload(configuration, INT.dtype(BY_ID[id])).compute(inputs)["y"]


def test_it_is_found_through_its_entry_point():
    assert plugins.load("task suite", "int")() == INT


def test_it_holds_every_task_that_exists_in_whole_numbers():
    whole = {id for id, task in tasks.every_task().items() if any(not dtype.is_float for dtype in task.dtypes)}
    assert whole == BY_ID.keys()
    assert BY_ID.keys() > {task.id for task in tasks.rtl().tasks}


def test_tasks_of_both_suites_have_one_type():
    rtl = tasks.rtl()
    assert all(INT.dtype(task) == rtl.dtype(task) for task in rtl.tasks)


@pytest.mark.parametrize("task", INT.tasks, ids=lambda task: task.id)
def test_every_tensor_is_of_whole_numbers(task: Task):
    workload = task.workload("C1", INT.dtype(task))
    assert not any(tensor.dtype.is_float for tensor in (*workload.inputs.values(), *workload.outputs.values()))


def test_batches_meet_the_largest_products():
    for inputs in drawn("P22", adversarial=True):
        assert (inputs["a"] == -128).any(axis=(1, 2)).all()
        assert (inputs["b"] == -128).any(axis=(1, 2)).all()


def test_a_lookup_meets_both_ends_of_its_table():
    for configuration in ("C1", "C2", "C4"):
        assert all({-128, -1, 0, 127} <= set(inputs["x"].tolist()) for inputs in drawn("P31", configuration, adversarial=True))


def test_a_drawn_table_is_that_of_silu():
    for inputs in drawn("P31"):
        table = inputs["table"]
        assert table[128] == 0
        assert (table[:128] <= 0).all()
        assert (np.diff(table[129:]) >= 0).all()


@pytest.mark.parametrize("id", ["P32", "C21"])
def test_tables_of_exponentials_fall_but_some_begin_with_zero(id):
    tables = [inputs["table"].astype(int) for inputs in drawn(id)]
    assert {table[0] for table in tables} == {0, 32767}
    for table in tables:
        assert (np.diff(table[1:]) <= 0).all()
        assert (table >= 0).all()


@pytest.mark.parametrize("id", ["P32", "C21"])
def test_a_table_of_any_values_in_its_range_is_legal(id):
    """Timed calls are made with tables without order, in which all weights of a row may be 0."""
    for inputs in drawn(id):
        assert set(outputs(id, "C3", {**inputs, "table": 0 * inputs["table"]}).ravel().tolist()) == {-128 if id == "P32" else 0}


def test_softmax_meets_the_largest_distance_and_a_share_of_everything():
    for inputs in drawn("P32", adversarial=True):
        assert (np.ptp(inputs["x"].astype(int), axis=1) == 255).any()
        assert outputs("P32", "C3", inputs).max() == 127


def test_softmax_has_a_constant_row():
    assert all((np.ptp(inputs["x"].astype(int), axis=1) == 0).any() for inputs in drawn("P32"))


def test_rmsnorm_has_a_row_of_zeros_and_saturates():
    for inputs in drawn("P33", "C2", adversarial=True):
        assert (inputs["x"] == 0).all(axis=1).any()
        assert {-128, 127} & set(outputs("P33", "C2", inputs).ravel().tolist())


def test_rmsnorm_meets_halves():
    """Quotients that lie exactly between two integers, of both signs: the root is even, and divides twice the product."""
    found = set()
    for inputs in drawn("P33", "C4"):
        x, gamma = (inputs[name].astype(np.int64) for name in ("x", "gamma"))
        root = np.maximum(np.sqrt((x * x).sum(axis=1, keepdims=True) * 64 // x.shape[1]).astype(np.int64), 1)
        product = 8 * x * gamma
        found |= set(np.sign(product[(2 * product) % (2 * root) == root]).tolist())
    assert found == {-1, 1}


def test_scales_and_biases_of_the_convolution_keep_their_ranges():
    for configuration in BY_ID["C20"].configurations:
        for inputs in drawn("C20", configuration) + drawn("C20", configuration, adversarial=True):
            assert 1 <= inputs["scale"].min() <= inputs["scale"].max() <= 2**19
            assert np.abs(inputs["bias"]).max() <= 2**23


def test_halves_of_the_convolution_go_up():
    """A channel of zero weights leaves an odd multiple of a half."""
    for inputs in drawn("C20", "C2", adversarial=True):
        halves = inputs["bias"][2::3] / 2
        assert (halves % 1 == 0.5).all()
        assert (outputs("C20", "C2", inputs)[2::3] == np.clip(halves + 0.5, 0, 127)[:, None, None]).all()


def test_scores_saturate_and_the_scale_keeps_its_range():
    for configuration in BY_ID["C21"].configurations:
        for inputs in drawn("C21", configuration, adversarial=True) + drawn("C21", configuration):
            assert 1 <= inputs["scale"][0] <= 2**14
        for inputs in drawn("C21", configuration, adversarial=True):
            scores = inputs["q"].astype(np.int64) @ inputs["k"].T.astype(np.int64) * inputs["scale"] / 2**20
            assert (scores[1, :2] > 127).all(), "both are equal once limited"
            assert scores[1, 0] != scores[1, 1]


def test_turned_pairs_leave_eight_bits_and_sixteen():
    for inputs in drawn("C22", adversarial=True):
        x, cos, sin = (inputs[name].astype(int) for name in ("x", "cos", "sin"))
        half = cos.shape[1]
        assert (x[:, :, half:] * cos[5:, None] + x[:, :, :half] * sin[5:, None]).max() == 2**15
        assert {-128, 127} <= set(outputs("C22", "C3", inputs).ravel().tolist())


def test_types_of_tasks_shared_with_the_core_suite_differ():
    """The core suite keeps floats where both run the task."""
    shared = [task for task in tasks.core().tasks if task.id in BY_ID]
    assert {task.id for task in shared} == {"P01", "P04", "P11", "P18", "P21", "P22", "P24", "P26"}
    assert all(tasks.core().dtype(task) == f32 != INT.dtype(task) for task in shared)
    assert INT.dtype(BY_ID["P22"]) == i8
