"""The accepted band: right kernels in any order are inside, the smallest mistakes outside, and what is not is named."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tasks
from harness.backend import Support
from harness.grading import seeds
from harness.grading.band import Band, band, bands
from harness.grading.lint import SECRET
from harness.task import Formats, Tensors, Workload, bf16, f32, i8

TASKS = tasks.every_task()
COARSE = Formats(storage=bf16, accumulate=f32)


def judged(workload: Workload, formats: Formats = Formats()) -> Band:
    return band(workload, formats, {f"{kind} {i}": seeds.draw(SECRET, workload, kind, i) for kind, i in seeds.GRADING_DRAWS})


class Target:
    """As much of a backend as a band needs."""

    def __init__(self, formats: Formats = Formats(), supported: bool = True) -> None:
        self.info: Any = SimpleNamespace(formats=formats)
        self._supported = supported

    def support(self, workload: Workload) -> Support:
        return Support(supported=self._supported)


class Storing(Target):
    """Keeps inputs in bf16."""

    def stored(self, workload: Workload, inputs: Tensors) -> Tensors:
        return {name: array.astype(ml_dtypes.bfloat16).astype(array.dtype) for name, array in inputs.items()}


@pytest.mark.parametrize("id", ["P14", "P16", "C07", "E06"])
@pytest.mark.parametrize("configuration", ["C1", "C3"])
def test_in_float32_no_mistake_gets_through(id, configuration):
    found = judged(TASKS[id].workload(configuration))
    assert not found.refused
    assert [check.name for check in found.right] == ["first term first", "as a tree", "last block first"]
    assert {check.ratio for check in found.right} != {0.0}
    assert [check.name for check in found.mistakes if not check.caught] == []
    assert all(check.ratio > 1 for check in found.mistakes)


def test_right_kernels_are_rounded_as_the_target_rounds():
    workload = TASKS["P15"].workload("C1")
    fine, coarse = judged(workload), judged(workload, COARSE)
    assert (fine.arithmetic, coarse.arithmetic) == ("f32", "bf16, sums in f32")
    assert not coarse.refused
    assert judged(workload, replace(COARSE, slack=0.25)).refused == ("first term first", "as a tree", "last block first")


def test_whole_numbers_are_exact():
    found = judged(TASKS["C18"].workload("C1", i8), COARSE)
    assert found.arithmetic == "exact"
    assert [check.ratio for check in found.right] == [0.0] * 3
    assert all(check.caught for check in found.mistakes)


def test_what_cannot_be_told_apart_is_named_with_its_share():
    workload = replace(TASKS["P21"], error=lambda w, *_: {"y": np.full((w.p.M, w.p.N), 100.0)}).workload("C5")
    missed = {check.name: check.ratio for check in judged(workload).mistakes if not check.caught}
    assert 0 < missed["sums in bf16"] < 1


def test_a_change_without_effect_is_no_mistake():
    """Equal rows stay the same one lane on, and a matrix of ones when it is transposed."""
    workload = TASKS["P21"].workload("C1")
    ones = {name: np.ones(tensor.shape, np.float32) for name, tensor in workload.inputs.items()}
    kinds = {check.kind for check in band(workload, Formats(), {"ones": ones}).mistakes}
    assert kinds == {"one term dropped", "truncated recurrence", "off-by-one tail"} & kinds
    assert "one term dropped" in kinds


def test_backends_that_compute_alike_share_a_band():
    workload = TASKS["P01"].workload("C1")
    targets: dict[str, Any] = {
        "a": Target(), "b": Target(), "coarse": Target(COARSE), "storing": Storing(), "unable": Target(supported=False),
    }  # fmt: skip
    assert [found.backends for found in bands(workload, targets)] == [("a", "b"), ("coarse",), ("storing",)]
