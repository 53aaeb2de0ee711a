"""Loops over lanes: which loops are written so, and that nobody can tell by what they do."""

from pathlib import Path

import numpy as np
import pytest

from backends.isa.bind import load
from backends.isa.differential import compare
from backends.isa.generate import random_program
from backends.isa.golden.engine import GoldenEngine
from backends.isa.language import ir
from backends.isa.native.cgen import unit
from backends.isa.native.cgen.lanes import find_lanes, slope
from backends.isa.native.cgen.layout import Layout
from backends.isa.native.engine import NativeEngine
from backends.isa.registry import find

FOLDER = Path(__file__).with_name("lanes_isa")
PASS, K = ir.Local("int", "i"), ir.Local("u32", "k")


@pytest.fixture(scope="module")
def machine():
    return load(find(str(FOLDER)))


@pytest.fixture(scope="module")
def engines(machine, native_cache):
    return GoldenEngine(machine), NativeEngine(machine, native_cache)


@pytest.fixture(scope="module")
def tight(machine, native_cache):
    """Engines on which a second written page is one too many."""
    return GoldenEngine(machine, memory_limit=4096), NativeEngine(machine, native_cache, memory_limit=4096)


def named(machine, mnemonic):
    return next(i for i in machine.instructions if i.mnemonic == mnemonic)


def lanes_of(machine, mnemonic):
    return list(find_lanes(Layout(machine), named(machine, mnemonic).body.statements))


def test_which_loops(machine):
    found = {i.mnemonic: len(lanes_of(machine, i.mnemonic)) for i in machine.instructions}
    assert found == {
        "SETX": 0, "SETC": 0, "ADD": 1, "GET": 1, "PUT": 1, "PUTADD": 1, "MERGE": 1, "SUM": 1, "TABLE": 3, "FIRST": 0, "AGAIN": 2,
        "DOWN": 1, "SKIP": 0, "FLOATS": 1, "WRAP": 1, "SHORT": 1,
    }  # fmt: skip


def test_a_mask_that_no_pass_changes_needs_no_loop(machine):
    (lanes,) = lanes_of(machine, "ADD")
    assert isinstance(lanes.always, ir.Logic)
    assert lanes.kept == {"over"}
    assert len(lanes.copies) == 0


@pytest.mark.parametrize("mnemonic", ["GET", "PUT"])
def test_elements_that_stay_the_same_are_copied(machine, mnemonic):
    (lanes,) = lanes_of(machine, mnemonic)
    assert len(lanes.copies) == 1


def test_what_is_converted_is_not_copied(machine):
    (lanes,) = lanes_of(machine, "FLOATS")
    assert len(lanes.copies) == 0


def test_a_mask_that_only_begins_with_the_first_pass_needs_a_loop(machine):
    (lanes,) = lanes_of(machine, "WRAP")
    assert lanes.always is None


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (PASS, ir.Const("int", 1)),
        (K, ir.Const("int", 0)),
        (ir.Binary("u32", "*", ir.Cast("u32", PASS), K), K),
        (ir.Binary("u32", "+", K, ir.Binary("u32", "*", ir.Const("u32", 4), ir.Cast("u32", PASS))), ir.Const("int", 4)),
        (ir.Binary("u32", "*", ir.Cast("u32", PASS), ir.Cast("u32", PASS)), None),
        (ir.Cast("int", ir.Binary("u32", "*", ir.Cast("u32", PASS), K)), None),  # a u32 that wraps is another number as an int
        (ir.Binary("int", "+", PASS, PASS), None),
    ],
)
def test_slope(index, expected):
    assert slope(index, "i") == expected


def random_case(machine, rng, length, instructions=None, **ranges):
    """A random program and state: as many elements of such a size, and addresses, as ``ranges`` say."""
    words, images = random_program(machine, rng, length, instructions)
    for image in images:
        if image.space in ranges:
            image.data[:] = rng.integers(*ranges[image.space], len(image.data))
    return words, images


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(engines, machine, seed):
    rng = np.random.default_rng(seed)
    for _ in range(6):
        words, images = random_case(machine, rng, int(rng.integers(1, 30)), count=(0, 70), size=(0, 5), first=(0, 3))
        assert compare(*engines, words, images).found == ()


def test_in_parts(machine, native_cache, monkeypatch):
    """Instructions that are compiled in several translation units do the same."""
    monkeypatch.setattr(unit, "PART_CHARACTERS", 20_000)
    layout = Layout(machine)
    assert "#if PART == 3" in unit.translate(layout)
    assert len(layout.parts) >= 4
    engines = GoldenEngine(machine), NativeEngine(machine, native_cache)
    rng = np.random.default_rng(3)
    for _ in range(60):
        words, images = random_case(machine, rng, 20, count=(0, 70), size=(0, 5), first=(0, 3))
        assert compare(*engines, words, images).found == ()


def test_written_pages_count_one_by_one(tight, machine):
    """A store over the end of a page whose elements behind it are masked off does not touch the second page."""
    rng = np.random.default_rng(11)
    chosen = [named(machine, name) for name in ("PUT", "PUTADD")]
    limits = 0
    for _ in range(200):
        difference = compare(*tight, *random_case(machine, rng, 2, chosen, count=(1, 24), x=(4060, 4100)))
        assert difference.found == ()
        limits += difference.first.trap is not None and difference.first.trap.cause == "memory_limit"
    assert 20 < limits < 180


def test_every_instruction_completes_and_traps_somewhere(engines, machine):
    rng = np.random.default_rng(7)
    completed, trapped = set(), set()
    for instruction in machine.instructions:
        for _ in range(80):
            words, images = random_case(machine, rng, 3, [instruction], count=(0, 70), size=(0, 5))
            difference = compare(*engines, words, images)
            assert difference.found == ()
            (completed if difference.first.counts[0] else trapped).add(instruction.mnemonic)
    assert completed == {i.mnemonic for i in machine.instructions}
    assert trapped >= {"ADD", "GET", "PUT", "PUTADD", "SKIP", "DOWN"}
