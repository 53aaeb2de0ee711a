"""PLENA against programs, images, cycles and faults that were made for it elsewhere (tests/data/plena)."""

import json
from collections import Counter
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from backends.isa.bind import load
from backends.isa.engine import Program
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.engine import NativeEngine
from isa_specs.plena.isa import isa

DATA = Path(__file__).parents[1] / "data" / "plena"
PROGRAMS = sorted(path.name for path in DATA.glob("a*"))
FAULTS = sorted(path.parent.name for path in DATA.glob("faults/*/words.hex"))
TYPES = {"u8": np.uint8, "u32": np.uint32, "bf16": ml_dtypes.bfloat16, "f16": np.float16, "f32": np.float32}
IMAGES = {"hbm": "u8", "int_sram": "u32", "fp_sram": "f16", "vram": "bf16"}
CAUSES = {"fp_sram_range": "fp_sram_out_of_range", "int_sram_range": "int_sram_out_of_range"}
"""The set's names of causes where ours are others."""


@pytest.fixture(scope="module")
def machine(simulators):
    """Makes a reset machine; each kind is made once."""
    made = {}

    def get(engine, profile, timing="sequential"):
        if (engine, profile, timing) not in made:
            architecture = load(isa, profile, timing)
            made[engine, profile, timing] = (
                GoldenEngine(architecture) if engine == "golden" else NativeEngine(architecture, simulators)
            )
        made[engine, profile, timing].reset()
        return made[engine, profile, timing]

    return get


def expectation(folder):
    return json.loads((folder / "expect.json").read_text())


def words(folder):
    return [int(token, 16) for token in (folder / "words.hex").read_text().split()]


def load_images(machine, folder):
    for space, name in IMAGES.items():
        path = folder / f"{space}.bin"
        if path.exists():
            values = np.frombuffer(path.read_bytes(), TYPES[name])
            if space == "fp_sram":  # half words, which become the profile's scalar format
                values = values.astype(np.float32).astype(machine.architecture.memories[space].dtype.numpy)
            machine.write(space, 0, values)


def wanted(check, folder):
    if "file" in check:
        return np.frombuffer((folder / check["file"]).read_bytes(), TYPES[check["dtype"]]).astype(np.float64)
    return np.array([float(value) for value in check["values"]])


def differences(machine, check, folder):
    """(place, got, wanted) wherever the state is not as a check says."""
    got = machine.read(check["space"], check["start"], check["count"]).astype(np.float64)
    want = wanted(check, folder)
    assert len(got) == len(want) == check["count"]
    with np.errstate(invalid="ignore"):
        if check["compare"] == "exact":
            same = (got == want) | (np.isnan(got) & np.isnan(want))
        else:
            same = np.abs(got - want) <= check["atol"] + check["rtol"] * np.abs(want)
    return [(check["start"] + int(i), got[i], want[i]) for i in np.flatnonzero(~same)]


def whole_hbm_cycles(expected):
    """Transfers of a kind touch equally many blocks each in these programs."""
    total = 0
    for kind, transfers in expected["hbm_ops"].items():
        if kind == "store_v":
            total += 28 * transfers["rows"]
        else:
            blocks, rest = divmod(transfers["blocks"], transfers["count"])
            assert rest == 0
            total += transfers["count"] * (17 + -(-22 * blocks // 25))
    return total


def mnemonics(architecture, program, counts):
    """Executions by mnemonic."""
    found = Counter()
    for word, count in zip(program, counts, strict=True):
        instruction = next(i for i in architecture.instructions if word & i.mask == i.match)
        found[instruction.mnemonic] += int(count)
    return +found


def test_the_set_is_whole():
    assert (len(PROGRAMS), len(list(DATA.glob("faults/*")))) == (24, 16)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("engine", ["golden", "native"])
def test_programs(machine, engine, name):
    folder = DATA / name
    expected, program = expectation(folder), words(folder)
    it = machine(engine, expected["profile"])
    load_images(it, folder)
    outcome = it.run(Program.of(program), fuel=1_000_000)
    assert (outcome.ended, outcome.trap) == ("end", None)
    assert outcome.instructions == expected["dynamic_instructions"]
    assert mnemonics(it.architecture, program, outcome.counts) == expected["instruction_counts"]
    assert outcome.cycles == expected["cycles_without_hbm"] + whole_hbm_cycles(expected)
    assert outcome.stalls.sum() == outcome.cycles
    assert {check["label"]: differences(it, check, folder) for check in expected["checks"]} == {
        check["label"]: [] for check in expected["checks"]
    }


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("engine", ["golden", "native"])
def test_faults(machine, engine, name):
    folder = DATA / "faults" / name
    expected = expectation(folder)
    it = machine(engine, expected["profile"])
    outcome = it.run(Program.of(words(folder)), fuel=1_000_000)
    assert outcome.ended == "trap"
    assert outcome.trap.cause == CAUSES.get(expected["cause"], expected["cause"])
    assert outcome.trap.cause in it.architecture.traps
    assert outcome.trap.pc in expected.get("pc_any_of", [expected["pc"]])
    assert outcome.pc == outcome.trap.pc
    if "instructions_completed" in expected:
        assert outcome.instructions == expected["instructions_completed"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_overlapped_timing_changes_cycles_only(machine, name):
    folder = DATA / name
    expected = expectation(folder)
    results = {}
    for engine in ("golden", "native"):
        it = machine(engine, expected["profile"], "overlapped")
        load_images(it, folder)
        outcome = it.run(Program.of(words(folder)), fuel=1_000_000)
        assert not any(differences(it, check, folder) for check in expected["checks"])
        results[engine] = (outcome.cycles, outcome.instructions, outcome.stalls.tolist(), dict(outcome.busy))
    assert results["golden"] == results["native"]
    assert results["native"][1] == expected["dynamic_instructions"]
