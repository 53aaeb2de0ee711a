"""The core suite is complete; every task is well formed and draws the stressful values that its statement promises."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

import tasks
from harness import plugins
from harness.grading.lint import lint
from harness.task import Task, Tensors, Workload, f32, i8, i32

CORE = tasks.core().tasks
BY_ID = tasks.every_task()
RUNS = range(6)


def drawn(workload: Workload, *, adversarial: bool = False) -> Iterator[Tensors]:
    """Input sets of several seeds."""
    for seed in RUNS:
        yield workload.draw(np.random.default_rng(seed), adversarial=adversarial)


def each_workload(task: Task) -> Iterator[Workload]:
    for dtype in task.dtypes:
        for configuration in task.configurations:
            yield task.workload(configuration, dtype)
            yield task.workload(configuration, dtype, held_out=True)


per_task = pytest.mark.parametrize("task", BY_ID.values(), ids=lambda task: task.id)


# The suite


def test_the_suite_has_its_twenty_tasks_in_order():
    expected = "P01 P04 P09 P11 P15 P16 P17 P18 P21 P22 P24 P26 C01 C04 C06 C07 C08 C11 E05 E06"
    assert " ".join(task.id for task in CORE) == expected
    assert len({task.name for task in CORE}) == 20


def test_it_is_found_through_its_entry_point():
    assert plugins.load("task suite", "core")().tasks == CORE


def test_files_are_found_by_walking_and_named_after_their_task():
    for id, task in BY_ID.items():
        module = task.reference.__module__.split(".")
        assert module[:2] == ["tasks", task.level]
        assert module[2] == f"{id.lower()}_{task.name}"


# Each task


@per_task
def test_every_task_has_five_configurations_and_as_many_held_out(task):
    assert list(task.configurations) == list(task.held_out) == ["C1", "C2", "C3", "C4", "C5"]
    for name, sizes in task.configurations.items():
        assert sizes.keys() == task.held_out[name].keys()
        assert sizes != task.held_out[name]
    for workload in (task.workload("C3"), task.workload("C3", held_out=True)):
        assert any(size % 4 for size in workload.p.values()), "a tail is no multiple of a vector"


@per_task
def test_references_are_finite_and_keep_shape_and_precision(task):
    for workload in each_workload(task):
        for adversarial in (False, True):
            inputs = workload.draw(np.random.default_rng(7), adversarial=adversarial)
            for precision in (np.float64, np.float32):
                for name, tensor in workload.outputs.items():
                    result = workload.compute(inputs, precision)[name]
                    assert result.shape == tensor.shape
                    assert result.dtype == (precision if tensor.dtype.is_float else np.int64)
                    assert np.isfinite(result).all() or workload.task.id == "P12", "only a maximum may be infinite"
                    if not tensor.dtype.is_float:
                        assert (result.astype(tensor.dtype.numpy) == result).all(), "integers must not overflow"


@per_task
def test_inputs_repeat_with_the_seed_and_change_with_it(task):
    for workload in each_workload(task):
        one, same, other = (workload.draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert all((one[name] == same[name]).all() for name in one)
        assert any((one[name] != other[name]).any() for name in one)


@per_task
def test_work_grows_with_the_sizes(task):
    small, large = (sum(task.workload(name).work.operations.values()) for name in ("C1", "C4"))
    assert task.id in ("P18", "P31") or 0 < small < large, "only a transpose and a table are nothing but moves"


@per_task
def test_wrong_kernels_fail_and_right_ones_pass(task):
    for workload in each_workload(task):
        result = lint(workload)
        assert result.ok, f"{workload.id}: passes: {result.leaks}, fails: {result.refused}"


def test_every_sum_and_every_named_step_is_among_the_wrong_kernels():
    names = {check.name for check in lint(BY_ID["P16"].workload("C1")).nulls}
    assert {f"without the last term of sum {i}" for i in (1, 2)} <= names
    assert {"without: subtract the mean", "without: add epsilon", "without: add beta"} <= names


# The values that notes and statements promise


def test_relu_has_half_negative_and_negative_zero():
    for inputs in drawn(BY_ID["P04"].workload("C2")):
        assert 0.35 < (inputs["x"] < 0).mean() < 0.65
        assert ((inputs["x"] == 0) & np.signbit(inputs["x"])).any()
    for inputs in drawn(BY_ID["P04"].workload("C5", i8), adversarial=True):
        assert {-128, 127} <= set(inputs["x"].tolist())


def test_silu_reaches_where_exp_overflows():
    assert any(np.abs(inputs["x"]).max() > 20 for inputs in drawn(BY_ID["P09"].workload("C1")))
    assert all(inputs["x"].min() < -1000 for inputs in drawn(BY_ID["P09"].workload("C1"), adversarial=True))


def test_row_sum_cancels():
    for inputs in drawn(BY_ID["P11"].workload("C1")):
        assert abs(inputs["x"][1].sum(dtype=np.float64)) < 1e-2 * np.abs(inputs["x"][1]).sum()


def test_softmax_has_large_scores_and_a_constant_row():
    for inputs in drawn(BY_ID["P15"].workload("C2")):
        assert np.abs(inputs["x"]).max() > 60
        assert (np.ptp(inputs["x"], axis=1) == 0).sum() == 1


def test_layernorm_weights_are_not_trivial_and_offsets_are_large():
    for inputs in drawn(BY_ID["P16"].workload("C5"), adversarial=True):
        assert inputs["x"].mean(axis=1).max() > 9000
        assert np.ptp(inputs["gamma"]) > 0
        assert np.abs(inputs["beta"]).min() > 0


def test_rmsnorm_has_rows_where_epsilon_decides():
    for inputs in drawn(BY_ID["P17"].workload("C5"), adversarial=True):
        assert (inputs["x"].astype(np.float64) ** 2).mean(axis=1).min() < 1e-4


@pytest.mark.parametrize("dtype", [f32, i8], ids=lambda dtype: dtype.name)
def test_maxpool_has_planes_that_are_all_negative(dtype):
    for inputs in drawn(BY_ID["P26"].workload("C2", dtype)):
        assert (inputs["x"][1::2] < 0).all()
        assert (inputs["x"][0::2] > 0).any()
    assert all((inputs["x"] < 0).all() for inputs in drawn(BY_ID["P26"].workload("C1", dtype), adversarial=True))


@pytest.mark.parametrize("id", ["C07", "C08", "E05", "E06"])
def test_attention_scores_pass_what_exp_can_hold(id):
    workload = BY_ID[id].workload("C2")
    for inputs in drawn(workload, adversarial=True):
        keep_score = workload.compute(inputs, np.float32, lambda name, kept, dropped: dropped if "maximum" in name else kept)
        assert not np.isfinite(keep_score["y"]).all()


def test_rope_tables_hold_no_usual_frequencies():
    for inputs in drawn(BY_ID["C06"].workload("C2")):
        angles = np.arctan2(inputs["sin"], inputs["cos"])
        assert not np.allclose(angles[0], 0)
        assert inputs["cos"] ** 2 + inputs["sin"] ** 2 == pytest.approx(np.ones_like(angles), abs=1e-6)


def test_integer_sums_use_the_whole_range_without_overflow():
    extremes = [w["a"].astype(np.int64) + w["b"] for w in drawn(BY_ID["P01"].workload("C1", i32), adversarial=True)]
    assert min(map(np.min, extremes)) == -(2**31)
    assert max(map(np.max, extremes)) == 2**31 - 2


def test_batch_normalization_has_variances_below_epsilon():
    assert all(inputs["var"].min() < 1e-5 for inputs in drawn(BY_ID["C11"].workload("C1"), adversarial=True))


def test_least_operations_of_a_padded_convolution_skip_the_padding():
    """Counted one product at a time."""
    workload = BY_ID["P24"].workload("C5")
    p = workload.p
    count = 0
    for h, w, i, j in np.ndindex(p.OH, p.OW, p.K, p.K):
        count += 0 <= h * p.STRIDE + i - p.PAD < p.H and 0 <= w * p.STRIDE + j - p.PAD < p.W
    assert workload.work.operations["mac"] == count * p.COUT * p.CIN


def test_least_operations_of_causal_attention_are_half():
    causal, full = (BY_ID["C07"].workload(name).work.operations["exp"] for name in ("C2", "C3"))
    assert (causal, full) == (16 * 17 // 2, 13 * 13)
    assert math.comb(17, 2) == causal
