"""One backend of C kernels per session; where the compiler is missing these tests are skipped, all but those of that."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backends.coral.c import create
from backends.coral.c.prelude import signature
from backends.coral.c.toolchain import CLANG, LINKER
from backends.isa.backend import IsaBackend
from harness.backend import BackendContext, Build, Execution, Limits
from harness.grading.evaluate import Judge
from harness.sandbox import Sandbox
from harness.task import Task, Tensors, Workload, f32, i32

MISSING = [name for name in (CLANG, LINKER) if shutil.which(name) is None]
SECRET = "coral-c"


@pytest.fixture(scope="session")
def coral_c(cache: Path, sandbox: Sandbox) -> IsaBackend:
    if MISSING:
        pytest.skip(f"{' and '.join(MISSING)} missing: apt-get install clang-19 lld-19")
    return create(BackendContext(cache, lambda: sandbox))


@pytest.fixture(scope="session")
def judge_c(coral_c: IsaBackend) -> Judge:
    return Judge(coral_c, SECRET)


@pytest.fixture
def make(coral_c: IsaBackend) -> Callable[[Workload, str], Build]:
    """``make(workload, "y[0] = x[0];")``: a build of a kernel with that body; ``before`` comes before the function."""

    def build(workload: Workload, body: str, before: str = "") -> Build:
        return coral_c.build(f"{before}\n{signature(workload)}\n{{\n{body}\n}}\n", workload)

    return build


@pytest.fixture
def run(coral_c: IsaBackend, make: Callable[..., Build]) -> Callable[..., Execution]:
    """Builds and runs a body on inputs."""

    def call(workload: Workload, body: str, inputs: Tensors, before: str = "") -> Execution:
        build = make(workload, body, before)
        assert build.outcome == "built", build.diagnostics
        return coral_c.execute(build, [inputs], Limits())[0]

    return call


@pytest.fixture(scope="session")
def floats(tasks: dict[str, Task]) -> Workload:
    """y[i] = max(x[i], 0): one input, one output, floats. Only the addresses matter to most kernels here."""
    return tasks["P04"].workload("C2", f32)


@pytest.fixture(scope="session")
def add(tasks: dict[str, Task]) -> Workload:
    """y[i] = a[i] + b[i], 32-bit integers."""
    return tasks["P01"].workload("C2", i32)
