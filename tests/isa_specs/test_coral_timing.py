"""Coral's cycles against the RTL's: the calibration programs, and the phases inside them."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from backends.isa.assembler import assemble
from backends.isa.bind import load
from backends.isa.engine import load_images
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.build import find_compiler
from backends.isa.native.engine import NativeEngine
from isa_specs.coral.isa import isa

CALIBRATION = Path(__file__).parents[1] / "data" / "coral" / "calibration"
ROWS = list(csv.DictReader((CALIBRATION / "cycles.csv").read_text().splitlines()))
EXPECTED = {row["name"]: int(row["cycles"]) for row in ROWS}
MARKS = defaultdict(list)
for row in csv.DictReader((CALIBRATION / "marks.csv").read_text().splitlines()):
    MARKS[row["name"]].append((row["mark"], int(row["cycle"])))
SHORT = sorted((int(row["instructions"]), row["name"]) for row in ROWS)[:28]


@pytest.fixture(scope="module")
def machine():
    return load(isa, timing="rtl")


@pytest.fixture(scope="module")
def golden(machine):
    return GoldenEngine(machine)


def run(engine, name, trace=0):
    """A program's outcome and its labels, as word addresses."""
    program = assemble((CALIBRATION / f"{name}.S").read_text(), engine.architecture).program
    assert program is not None
    engine.reset()
    load_images(engine, program)
    return engine.run(program, fuel=100_000, trace=trace), {label: at // 4 for label, at in program.symbols.items()}


def error(engine, name):
    """The relative error of a program's cycles."""
    outcome, _ = run(engine, name)
    assert outcome.ended == "end"
    assert outcome.stalls.sum() == outcome.cycles
    return abs(outcome.cycles - EXPECTED[name]) / EXPECTED[name]


@pytest.mark.parametrize("name", [name for _, name in SHORT])
def test_short_programs_take_the_cycles_of_the_rtl_on_the_definition(golden, name):
    assert error(golden, name) <= 0.01


@pytest.mark.slow
def test_all_programs_take_the_cycles_of_the_rtl_natively(machine, simulators):
    if find_compiler() is None:
        pytest.skip("no C compiler")
    engine = NativeEngine(machine, simulators)
    errors = sorted(error(engine, name) for name in EXPECTED)
    assert errors[len(errors) // 2] == 0
    assert errors[int(0.9 * len(errors))] == 0
    assert errors[-1] < 0.01
    assert sum(map(bool, errors)) <= 5


def test_phases_issue_when_they_do_on_the_rtl(golden):
    off = []
    for name in ("s_csr", "s_store", "f_divsqrt", "v_div", "v_strided", "v_masked", "v_load_use"):
        outcome, labels = run(golden, name, trace=10_000)
        for mark, cycle in MARKS[name]:
            first = int(np.flatnonzero(outcome.events[:, 0] == labels[mark])[0])
            off.append(abs(int(outcome.events[first, 1]) - cycle))
    assert max(off) == 0
