"""The benchmark's interpreter against the conformance programs."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np
import pytest

DATA = Path(__file__).parents[2] / "data" / "plena"
PROGRAMS = sorted(p.parent for p in DATA.glob("*/expect.json"))
FAULTS = sorted(p.parent for p in DATA.glob("faults/*/expect.json"))
DTYPES = {"u8": np.uint8, "u32": np.uint32, "bf16": ml_dtypes.bfloat16, "f16": np.float16, "f32": np.float32}
IMAGES: dict[str, Any] = {"hbm": np.uint8, "int_sram": np.uint32, "fp_sram": np.float16, "vram": ml_dtypes.bfloat16}
# The word is written by hand, because no assembler makes it.
RUNNABLE = [f for f in FAULTS if json.loads((f / "expect.json").read_text())["stage"] == "execute" and "opcode" not in f.name]


def space(machine: Any, name: str) -> Any:
    return np.asarray(machine.gp) if name == "gp" else getattr(machine, name).reshape(-1)


def test_the_conformance_set_is_there() -> None:
    assert len(PROGRAMS) == 24
    assert len(FAULTS) == 16


@pytest.mark.parametrize("folder", PROGRAMS, ids=lambda p: p.name)
def test_a_program_ends_as_published(folder: Path, plena_numpy: ModuleType) -> None:
    expect = json.loads((folder / "expect.json").read_text())
    machine = plena_numpy.Machine(expect["profile"])
    for name, file in expect["inputs"].items():
        values = np.fromfile(folder / file, IMAGES[name])
        memory = space(machine, name)
        memory[: len(values)] = values.astype(memory.dtype)
    machine.run(plena_numpy.parse((folder / "program.s").read_text())[0])
    assert machine.instructions == expect["dynamic_instructions"]
    assert machine.counts == expect["instruction_counts"]
    if not expect["hbm_ops"]:
        assert machine.cycles == expect["cycles_without_hbm"]
    for check in expect["checks"]:
        got = space(machine, check["space"])[check["start"] : check["start"] + check["count"]].astype(np.float64)
        if "file" in check:
            want = np.fromfile(folder / check["file"], DTYPES[check["dtype"]]).astype(np.float64)
        else:
            want = np.array([float(v) for v in check["values"]])
        exact = check["compare"] == "exact"
        np.testing.assert_allclose(
            got, want, 0 if exact else check["rtol"], 0 if exact else check["atol"], err_msg=check["label"]
        )


@pytest.mark.parametrize("folder", RUNNABLE, ids=lambda p: p.name)
def test_a_fault_has_its_cause_and_place(folder: Path, plena_numpy: ModuleType) -> None:
    expect = json.loads((folder / "expect.json").read_text())
    machine = plena_numpy.Machine(expect["profile"])
    with pytest.raises(plena_numpy.PlenaFault) as caught:
        machine.run(plena_numpy.parse((folder / "program.s").read_text())[0])
    assert caught.value.cause == expect["cause"]
    assert caught.value.pc in expect.get("pc_any_of", [expect.get("pc")])
