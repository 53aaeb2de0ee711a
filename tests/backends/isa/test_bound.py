from fractions import Fraction
from types import SimpleNamespace

import pytest

from backends.isa.bound import bound
from backends.isa.machine import Cost, Linear, Peak


def machine(*, blocking: bool):
    costs = {"MM": Cost(Linear(4), Linear(64)), "EXP": Cost(Linear(1), Linear(6))}
    peaks = {"mac": Peak("matrix", 1024, "MM"), "add": Peak("matrix", 1024, "MM"), "exp": Peak("vector", 64, "EXP")}
    costs["DMA"] = Cost(Linear(0, Fraction(22, 25)), Linear(17, Fraction(22, 25)))
    peaks["load"] = Peak("hbm", 4096, "DMA", 128)
    return SimpleNamespace(machine=SimpleNamespace(timing=SimpleNamespace(blocking=blocking, costs=costs), peaks=peaks))


def test_units_add_up_where_instructions_block():
    found = bound(machine(blocking=True), {"mac": 2048, "exp": 65})
    assert found.cycles == 2 * 64 + 2 * 6
    assert found.limited_by == "matrix"
    assert found.formula == "matrix: ceil(2048 mac / 1024) * 64 + vector: ceil(65 exp / 64) * 6 = 140 cycles"


def test_the_busiest_unit_decides_where_units_overlap():
    found = bound(machine(blocking=False), {"mac": 1024, "exp": 6400})
    assert (found.cycles, found.limited_by) == (100, "vector")


def test_kinds_that_one_class_serves_share_its_instructions():
    assert bound(machine(blocking=True), {"mac": 1000, "add": 24}).cycles == 64


@pytest.mark.parametrize(
    ("elements", "blocking", "cycles"),
    [(4096, True, 17 + 113), (64, True, 17 + 2), (4097, True, 34 + 113), (64, False, 2), (8192, False, 226)],
)
def test_what_grows_with_work_is_charged_in_proportion(elements, blocking, cycles):
    assert bound(machine(blocking=blocking), {"load": elements}).cycles == cycles


def test_the_formula_says_where_work_comes_in():
    found = bound(machine(blocking=True), {"load": 6144})
    assert found.formula == "hbm: ceil(6144 load / 4096) * 17 + ceil(22/25 * 192 work) = 203 cycles"


@pytest.mark.parametrize("work", [{}, {"sqrt": 10}, {"mac": 0}])
def test_work_without_a_peak_is_free(work):
    assert bound(machine(blocking=True), work).cycles == 1
