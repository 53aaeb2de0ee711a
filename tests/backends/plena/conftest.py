"""Kernels of these tests run on the benchmark's numpy interpreter, which shares no code with the backend."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest

from backends.plena.layout import Layout
from backends.plena.port import PlenaPort
from harness.task import Tensors, Workload

ROOT = Path(__file__).parents[3]
HBM_BYTES = 1 << 20


class Ran(NamedTuple):
    outputs: Tensors
    intact: bool
    cycles: int


@pytest.fixture(scope="session")
def plena_numpy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("plena_numpy", ROOT / "benchmarks" / "plena_numpy.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run_kernel(plena_numpy: ModuleType) -> Callable[[str, Workload, Tensors], Ran]:
    """Runs a kernel on inputs; outputs are NaN beforehand. Returns them, whether what lay in HBM is unchanged, and the cycles."""
    port = PlenaPort()

    def run(source: str, workload: Workload, inputs: Tensors) -> Ran:
        machine = plena_numpy.Machine("SPEC", HBM_BYTES)
        vram = machine.vram.reshape(-1)
        for place in Layout.of(workload).outputs.values():
            vram[place.address : place.address + place.size] = np.nan
        images = port.images(workload, inputs)
        for image in images:
            machine.hbm[image.start : image.start + len(image.data)] = image.data
        program, data = plena_numpy.parse(source)
        machine.load(data)
        machine.run(program)
        outputs = port.outputs(workload, lambda _space, start, count: vram[start : start + count])
        intact = all((machine.hbm[i.start : i.start + len(i.data)] == i.data).all() for i in images)
        return Ran(outputs, intact, machine.cycles)

    return run
