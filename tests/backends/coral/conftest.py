"""The native engine takes long to build, so these tests share one backend."""

from pathlib import Path

import pytest

from backends.coral import create
from backends.isa.backend import IsaBackend
from harness.backend import BackendContext
from harness.grading.evaluate import Judge
from harness.task import Task
from tasks import every_task

SECRET = "coral"


def context(cache: Path, **options: str) -> BackendContext:
    def no_sandbox() -> object:
        raise AssertionError("kernels are data to a simulator")

    return BackendContext(cache, no_sandbox, options)


@pytest.fixture(scope="session")
def coral(cache: Path) -> IsaBackend:
    return create(context(cache))


@pytest.fixture(scope="session")
def golden(cache: Path) -> IsaBackend:
    return create(context(cache, engine="golden"))


@pytest.fixture(scope="session")
def judge(coral: IsaBackend) -> Judge:
    return Judge(coral, SECRET)


@pytest.fixture(scope="session")
def tasks() -> dict[str, Task]:
    return every_task()
