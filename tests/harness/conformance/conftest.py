"""Benches of toy backends, as if they were registered as ``toy``."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.backend import Backend
from harness.conformance.bench import Bench
from harness.errors import unknown
from harness.testing import toy_suite

sys.path.insert(0, str(Path(__file__).parent))  # for `broken`, which tests share


@pytest.fixture
def bench_of() -> Callable[..., Bench]:
    """``bench_of(Broken)``: a bench over instances of a class, on both tasks of the toy suite."""

    def make(kind: Callable[[], Backend], **settings: object) -> Bench:
        def create(options: Mapping[str, str]) -> Backend:
            for name in options:
                raise unknown("backend option", name, [], "backend 'toy'")
            return kind()

        workloads = [task.workload(c) for task in toy_suite().tasks for c in task.configurations]
        return Bench("toy", create, workloads, registered=False, **settings)

    return make
