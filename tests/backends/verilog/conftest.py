"""One sandbox and one cache per session, small workloads of both profiles, and kernels that tests change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backends.verilog.simulate.conductor import Conductor
from harness.backend import BackendContext
from harness.errors import InfraError
from harness.sandbox import Sandbox
from harness.task import Params, Step, Task, Tensors, Work, Workload, elem, i8, i32, standard_inputs
from tasks import every_task

if TYPE_CHECKING:
    from backends.verilog.backend import VerilogBackend

KERNELS = Path(__file__).parent / "kernels"


@pytest.fixture(scope="session")
def conductor(sandbox: Sandbox, cache: Path) -> Conductor:
    made = Conductor(lambda: sandbox, cache)
    try:
        assert "Icarus" in made.icarus.version
    except InfraError as error:
        pytest.skip(f"no simulator: {error}")
    return made


@pytest.fixture(scope="session")
def backend(sandbox: Sandbox, cache: Path, conductor: Conductor) -> VerilogBackend:
    """The whole backend; for tests that have made sure of the rtl extra."""
    from backends.verilog.backend import VerilogBackend

    return VerilogBackend(BackendContext(cache, lambda: sandbox))


@pytest.fixture(scope="session")
def add() -> Workload:
    """The stream profile: y[i] = a[i] + b[i], 64 elements of 32 bits."""
    return every_task()["P01"].workload("C1", i32)


@pytest.fixture(scope="session")
def copy() -> Workload:
    """The memory profile: y[i] = x[i], 27 elements of 8 bits, so that the last word is not full."""
    return COPY.workload("C1")


@pytest.fixture(scope="session")
def kernel() -> Callable[..., str]:
    """``kernel("add", ("old", "new"))``: a kernel with pieces of its text replaced, each of which must be there once."""

    def text(name: str, *changes: tuple[str, str]) -> str:
        found = (KERNELS / f"{name}.v").read_text()
        for old, new in changes:
            assert found.count(old) == 1, f"{old!r} is {found.count(old)} times in {name}.v"
            found = found.replace(old, new)
        return found

    return text


def _copy(_p: Params, step: Step, x: np.ndarray) -> Tensors:
    return {"y": step("copy", x + 0, x * 0)}


COPY = Task(
    id="T90", name="copy", level="primitive", category="pooling", statement="y[i] = x[i].",
    inputs={"x": elem["N"]}, outputs={"y": elem["N"]}, configurations={"C1": {"N": 27}}, held_out={},
    generate=standard_inputs, adversarial=standard_inputs, reference=_copy, work=lambda p: Work({"add": p.N}), dtypes=(i8,),
)  # fmt: skip
