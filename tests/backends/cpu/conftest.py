"""One cpu backend per session, in the strongest sandbox of this machine, and kernels built with or without its gates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backends.cpu.backend import CpuBackend
from backends.cpu.prelude import prelude
from backends.cpu.toolchain import Artifact
from harness.backend import BackendContext, Build, Execution, Limits
from harness.sandbox import Sandbox
from harness.task import Workload
from tasks import core

TASKS = {task.id: task for task in core().tasks}


@pytest.fixture(scope="session")
def backend(cache: Path, sandbox: Sandbox) -> CpuBackend:
    return CpuBackend(BackendContext(cache, lambda: sandbox))


@pytest.fixture(scope="session")
def add() -> Workload:
    """y[i] = a[i] + b[i], 1024 elements."""
    return TASKS["P01"].workload("C2")


@pytest.fixture(scope="session")
def relu() -> Workload:
    return TASKS["P04"].workload("C2")


Run = Callable[..., Execution]


@pytest.fixture(scope="session")
def run(backend: CpuBackend) -> Run:
    """Builds and executes a text on one input set; ``gates=False`` skips the checks of text and object, for the layers below."""

    def run(source: str, workload: Workload, *, gates: bool = True, wall_s: float = 5.0, sets: int = 1) -> Execution:
        build = backend.build(source, workload) if gates else unchecked(backend, source, workload)
        assert build.outcome == "built", build.diagnostics
        rng = np.random.default_rng(7)
        executions = backend.execute(build, [workload.draw(rng) for _ in range(sets)], Limits(wall_s=wall_s))
        return executions[-1]

    return run


def unchecked(backend: CpuBackend, source: str, workload: Workload) -> Build:
    """A build that no gate has seen: inline assembly and all of libc may be used."""
    header = prelude(workload, source).partition("#pragma GCC poison")[0]
    done = backend._toolchain.compile(source, header)
    assert "kernel.so" in done.files, done.stderr.decode()
    library = backend._toolchain._cache / f"unchecked-{hashlib.sha256(source.encode()).hexdigest()[:12]}.so"
    library.parent.mkdir(parents=True, exist_ok=True)
    library.write_bytes(done.files["kernel.so"])
    return Build(Artifact(library, hashlib.sha256(done.files["kernel.so"]).hexdigest(), source, workload))
