"""Random programs whose results agreed with Spike after every instruction (`benchmarks/coral_oracle.py --store`)."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from backends.isa.bind import load
from backends.isa.engine import Program
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.build import find_compiler
from backends.isa.native.engine import NativeEngine
from isa_specs.coral.isa import isa

STORED = np.load(Path(__file__).parents[1] / "data" / "coral" / "signatures.npz")
DATA = 0x10000
CSRS = ("fflags", "frm", "vstart", "vxsat", "vxrm", "vl", "vtype")
CHECKPOINT = 20
PROGRAMS = range(len(STORED.files) // 2)


@pytest.fixture(scope="module")
def golden():
    return GoldenEngine(load(isa))


def digest(engine):
    parts = [engine.read("x", 0, 32), engine.read("f", 0, 32), engine.read("v", 0, 512), engine.read("mem", DATA, 0x8000)]
    csrs = np.concatenate([engine.read(name, 0, 1) for name in CSRS])
    return zlib.crc32(b"".join(part.tobytes() for part in (*parts, csrs)))


def digests(engine, number):
    """Of the state after every few instructions; one that traps is passed over, as Spike's handler does."""
    data, words = STORED["data"], STORED[f"words{number}"].astype(np.uint64)
    numbers = data.view("<u4").astype(np.uint32)
    engine.reset()
    engine.write("x", 0, np.concatenate([np.zeros(1, np.uint32), numbers[161:192]]))
    engine.write("f", 0, numbers[128:160])
    engine.write("v", 0, data[:512])
    engine.write("mem", DATA, data)
    program, made = Program.of(words), []
    for at in range(len(words)):
        engine.run(program, fuel=1, start=at)
        if at % CHECKPOINT == CHECKPOINT - 1:
            made.append(digest(engine))
    return made


@pytest.mark.parametrize("number", PROGRAMS)
def test_states_are_those_of_spike(golden, number):
    assert digests(golden, number) == STORED[f"digests{number}"].tolist()


@pytest.mark.slow
def test_states_of_the_native_engine_are_those_of_spike(simulators):
    if find_compiler() is None:
        pytest.skip("no C compiler")
    engine = NativeEngine(load(isa), simulators)
    assert [digests(engine, number) for number in PROGRAMS] == [STORED[f"digests{number}"].tolist() for number in PROGRAMS]
