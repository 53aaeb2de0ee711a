"""A reference is taken apart at its sums, constants and functions, and put together in another way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tasks
from harness.grading import seeds
from harness.grading.rerun import Evaluation, Ordered, Partly, first_term_first, last_block_first, last_term_first, rerun, tree
from harness.task import Workload

ORDERS = [first_term_first, last_term_first, tree, last_block_first]
TASKS = tasks.every_task()
in_every_order = pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.__name__)


def inputs_of(workload: Workload) -> dict[str, Any]:
    return seeds.draw("rerun", workload, "grading")


def met(id: str, configuration: str) -> Evaluation:
    workload, evaluation = TASKS[id].workload(configuration), Evaluation()
    rerun(workload, inputs_of(workload), evaluation, np.float64)
    return evaluation


@pytest.mark.parametrize("id", TASKS)
def test_an_evaluation_that_changes_nothing_changes_nothing(id):
    workload = TASKS[id].workload("C3")
    inputs = inputs_of(workload)
    for name, array in rerun(workload, inputs, Evaluation(), np.float64).items():
        # numpy.cumsum of a vector and everything else is numpy's own, bit for bit.
        assert np.array_equal(array, workload.compute(inputs)[name])


@pytest.mark.parametrize(
    ("id", "configuration", "contractions"),
    [
        ("P11", "C5", {"sum 1": TASKS["P11"].workload("C5").p.C}),
        ("P14", "C1", {"running sum 1": 64}),
        ("P21", "C4", {"product 1": 160}),
        ("C07", "C1", {"product 1": 8, "sum 1": 4, "product 2": 4}),
        # The mask is a numpy.where, which forgets the subclass.
        ("C07", "C2", {"product 1": 16, "sum 1": 16, "product 2": 16}),
    ],
)
def test_every_sum_is_met_with_its_number_of_terms(id, configuration, contractions):
    assert met(id, configuration).contractions == contractions


def test_constants_are_met_with_what_they_are_for():
    assert met("P16", "C1").constants == [("scale", 32), ("scale", 32), ("offset", 1e-5)]
    assert ("shift", 20) in met("C18", "C1").constants


@in_every_order
@pytest.mark.parametrize("id", ["P11", "P14", "P21", "P22", "C07", "P24"])
def test_an_order_changes_roundings_only(order, id):
    for configuration in ("C1", "C3", "C5"):
        workload = TASKS[id].workload(configuration)
        inputs = inputs_of(workload)
        for name, array in rerun(workload, inputs, Ordered(order), np.float64).items():
            assert array == pytest.approx(workload.compute(inputs)[name], rel=1e-9, abs=1e-9)


def test_orders_add_up_as_they_say():
    """In float16 1 is lost beside 2048, and 8 of them are not."""
    ones = np.ones(25, np.float16)
    ones[0] = 2048

    def total(order: Any) -> float:
        evaluation = Ordered(order)
        return float(evaluation.sum(ones, axis=0))

    assert total(first_term_first) == 2048
    assert total(last_term_first) == 2048 + 24
    assert total(last_block_first) == 2048 + 16  # the first block holds 2048, and its seven ones are lost
    assert total(tree) > 2048 + 16


def test_some_terms_can_be_left_out():
    workload = TASKS["P14"].workload("C1")
    inputs = inputs_of(workload)
    x = inputs["x"].astype(np.float64)
    for kept in (slice(-1), slice(1, None), slice(8)):
        without = np.zeros_like(x)
        without[kept] = x[kept]
        got = rerun(workload, inputs, Partly("running sum 1", kept), np.float64)["y"]
        assert got == pytest.approx(np.cumsum(without), abs=1e-9)


def test_a_function_is_as_rough_as_stated():
    evaluation, exact = Ordered(first_term_first, 2.0**-11), np.random.default_rng(0).lognormal(0, 20, 10_000)
    error = np.abs(evaluation.function(exact) / exact - 1)
    assert 2.0**-12 < error.max() <= 2.0**-11
    special = np.array([0.0, -np.inf, np.nan])
    assert np.array_equal(evaluation.function(special), special, equal_nan=True)
