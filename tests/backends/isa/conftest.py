"""A backend that the toolkit made, and a way to run kernels on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from backends.isa.backend import IsaBackend
from backends.plena import create
from harness.backend import BackendContext, Execution, Limits
from harness.task import Workload
from tasks import core

TASKS = {task.id: task for task in core().tasks}
Run = Callable[..., Execution]


def no_sandbox():
    raise AssertionError("kernels are data to a simulator")


@pytest.fixture(scope="session")
def make_backend(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., IsaBackend]:
    """Backends with options; compiled libraries are shared."""
    cache = tmp_path_factory.mktemp("isa-cache")
    return lambda **options: create(BackendContext(cache, no_sandbox, options))


@pytest.fixture(scope="session")
def backend(make_backend: Callable[..., IsaBackend]) -> IsaBackend:
    return make_backend()


@pytest.fixture(scope="session")
def add() -> Workload:
    """y[i] = a[i] + b[i], 64 elements."""
    return TASKS["P01"].workload("C1")


@pytest.fixture(scope="session")
def run(backend: IsaBackend, add: Workload) -> Run:
    """Builds and executes a text on input sets drawn from one seed; the last execution."""

    def run(source: str, *, on: IsaBackend = backend, sets: int = 1, seed: int = 7, **limits) -> Execution:
        build = on.build(source, add)
        assert build.outcome == "built", build.diagnostics
        rng = np.random.default_rng(seed)
        return on.execute(build, [add.draw(rng) for _ in range(sets)], Limits(**limits))[-1]

    return run
