"""Bounds, by hand and against what outputs depend on."""

from dataclasses import replace

import numpy as np
import pytest

from backends.coral.bound import bound, needed
from backends.isa.architecture import Architecture
from backends.isa.bind import load
from harness.task import Task, Workload, i8, i32
from isa_specs.coral.isa import isa


def architecture(*, blocking: bool) -> Architecture:
    made = load(isa)
    return replace(made, machine=replace(made.machine, timing=replace(made.machine.timing, blocking=blocking)))


CORE, COUNTING = architecture(blocking=False), architecture(blocking=True)


def test_what_moves_data_is_bound_by_the_slot(tasks: dict[str, Task]) -> None:
    found = bound(tasks["P01"].workload("C2", i32), CORE)
    # 64 loads and 32 stores of eight registers
    assert (found.cycles, found.limited_by) == (64 * 33 + 32 * 25, "memory")
    assert found.formula == "(8192 bytes read * 33 + 4096 written * 25) / 128 = 2912 cycles"


def test_what_multiplies_is_bound_by_the_multipliers(tasks: dict[str, Task]) -> None:
    found = bound(tasks["P21"].workload("C4", i8), CORE)
    assert (found.cycles, found.limited_by) == (1474560 / (2 * 16 + 2 * 4), "multiply")


def test_floats_are_lanes_of_32_bits(tasks: dict[str, Task]) -> None:
    assert bound(tasks["P21"].workload("C4"), CORE).cycles == 1474560 / (2 * 4 + 2)


def test_where_instructions_only_count_the_bound_counts_them(tasks: dict[str, Task]) -> None:
    found = bound(tasks["P01"].workload("C2", i32), COUNTING)
    assert (found.cycles, found.limited_by) == (64 + 32 + 1024 / 32, "issue")
    assert found.formula == "96 loads and stores of 128 bytes + ceil(1024 operations / 32) = 128 cycles"


def test_a_bound_is_at_least_a_cycle(tasks: dict[str, Task]) -> None:
    none = replace(tasks["P31"].workload("C5"), task=replace(tasks["P31"], inputs={}))
    assert bound(none, CORE).cycles == 1


@pytest.mark.parametrize("id", ["P23", "P24", "P26", "C06", "P01", "P16", "C07", "C08"])
@pytest.mark.parametrize("configuration", ["C1", "C3", "C5"])
def test_only_what_outputs_depend_on_must_be_read(id: str, configuration: str, tasks: dict[str, Task]) -> None:
    for held_out in (False, True):
        workload = tasks[id].workload(configuration, held_out=held_out)
        assert needed(workload) <= 4 * dependencies(workload)


def dependencies(workload: Workload) -> int:
    """Input elements whose value can change an output."""
    rng = np.random.default_rng(1)
    inputs = {name: rng.standard_normal(t.shape) for name, t in workload.inputs.items()}
    before, count = workload.compute(inputs), 0
    for name, array in inputs.items():
        for index in np.ndindex(array.shape):
            changed = array.copy()
            changed[index] += 10
            after = workload.compute(inputs | {name: changed})
            count += any((after[output] != before[output]).any() for output in before)
    return count


def test_a_table_may_be_read_in_parts(tasks: dict[str, Task]) -> None:
    assert needed(tasks["P31"].workload("C2")) == 512
