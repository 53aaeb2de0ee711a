"""Mistakes are found in a reference by themselves, and are what they are called."""

from __future__ import annotations

import numpy as np
import pytest

import tasks
from harness.grading import seeds
from harness.grading.mistakes import KINDS, Mistake, mistakes
from harness.task import DType, Formats, Tensors, Workload, bf16, f32, i8, i32

TASKS = tasks.every_task()


def inputs_of(workload: Workload) -> Tensors:
    return seeds.draw("mistakes", workload, "grading")


def made(id: str, configuration: str = "C1", dtype: DType = f32, formats: Formats = Formats()) -> dict[str, list[Mistake]]:
    workload = TASKS[id].workload(configuration, dtype)
    found: dict[str, list[Mistake]] = {}
    for mistake in mistakes(workload, inputs_of(workload), formats):
        found.setdefault(mistake.kind, []).append(mistake)
    return found


def test_every_kind_is_made_somewhere():
    assert set(KINDS) == {kind for id, dtype in (("E05", f32), ("C18", i8)) for kind in made(id, dtype=dtype)}


def test_a_layernorm_can_go_wrong_in_these_ways():
    names = {kind: [mistake.name for mistake in several] for kind, several in made("P16").items()}
    assert names == {
        "one term dropped": [f"{which} term of sum {i}" for i in (1, 2) for which in ("last", "first")],
        "truncated recurrence": ["last block of sum 1", "last block of sum 2"],
        "narrow accumulation": ["sums in bf16"],
        "wrong scale": ["32 (1) is 31", "32 (2) is 31"],
        "wrong epsilon": ["1e-05 (3) is 0.0001", "1e-05 (3) is 1e-06"],
        "one lane off": ["x", "gamma", "beta"],
        "transposed operand": ["x"],
        "off-by-one tail": [
            "0 as the last element of y", "the last but one as the last along axis 0 of y",
            "the last but one as the last along axis 1 of y",
        ],
    }  # fmt: skip


def test_a_wrong_epsilon_is_the_formula_with_another_one():
    workload = TASKS["P17"].workload("C1")
    inputs = inputs_of(workload)
    x, gamma = (inputs[name].astype(np.float64) for name in ("x", "gamma"))
    tenfold = next(mistake for mistake in made("P17")["wrong epsilon"] if mistake.name.endswith("0.0001"))
    expected = x / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + 1e-4) * gamma
    assert tenfold.kernel(inputs)["y"] == pytest.approx(expected, rel=1e-12)


def test_bf16_sums_are_rounded_at_every_term():
    workload = TASKS["P11"].workload("C1")
    ones = {"x": np.ones((workload.p.R, workload.p.C), np.float32)}
    [narrow] = made("P11")["narrow accumulation"]
    assert narrow.kernel(ones)["y"].tolist() == [min(workload.p.C, 256)] * workload.p.R
    assert "narrow accumulation" not in made("P11", formats=Formats(storage=bf16, accumulate=bf16))


def test_whole_numbers_wrap_at_sixteen_bits():
    workload = TASKS["P11"].workload("C1", i32)
    [narrow] = made("P11", dtype=i32)["narrow accumulation"]
    large = {"x": np.full((workload.p.R, workload.p.C), 2**15 // workload.p.C, np.int32)}
    assert narrow.kernel(large)["y"].tolist() == [-(2**15)] * workload.p.R


def test_a_transposed_operand_is_read_by_the_wrong_axis_first():
    workload = TASKS["P21"].workload("C3")
    inputs = inputs_of(workload)
    a = inputs["a"].astype(np.float64)
    turned = np.array([a.flat[j * workload.p.M + i] for i in range(workload.p.M) for j in range(workload.p.K)])
    mistake = next(mistake for mistake in made("P21", "C3")["transposed operand"] if mistake.name == "a")
    assert mistake.kernel(inputs)["y"] == pytest.approx(turned.reshape(a.shape) @ inputs["b"].astype(np.float64))


def test_a_tail_is_repeated_and_nothing_else_changes():
    workload = TASKS["P18"].workload("C3")
    inputs = inputs_of(workload)
    right = workload.compute(inputs)["y"]
    zero, rows, columns = (mistake.kernel(inputs)["y"] for mistake in made("P18", "C3")["off-by-one tail"])
    assert zero[-1, -1] == 0
    assert (rows[-1] == right[-2]).all()
    assert (columns[:, -1] == right[:, -2]).all()
    assert (zero.ravel()[:-1] == right.ravel()[:-1]).all()
    assert (rows[:-1] == right[:-1]).all()
    assert (columns[:, :-1] == right[:, :-1]).all()


def test_inputs_are_left_alone():
    workload = TASKS["C07"].workload("C1")
    inputs = {name: array.copy() for name, array in inputs_of(workload).items()}
    for mistake in mistakes(workload, inputs, Formats()):
        mistake.kernel(inputs)
        assert all((inputs[name] == array).all() for name, array in inputs_of(workload).items()), mistake.name
