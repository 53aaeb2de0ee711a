"""What tests of several targets share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.backend import Backend, Limits
from harness.errors import InfraError
from harness.grading import seeds
from harness.grading.compare import compare
from harness.grading.tolerance import allowed_error
from harness.sandbox import Sandbox
from harness.sandbox.choose import choose
from harness.task import Workload


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory, simulators: Path) -> Path:
    folder = tmp_path_factory.mktemp("backend-cache")
    (folder / "isa").symlink_to(simulators)
    return folder


@pytest.fixture(scope="session")
def sandbox(cache: Path) -> Sandbox:
    try:
        return choose(None, cache).chosen
    except InfraError as error:
        pytest.skip(f"no sandbox: {error}")


@pytest.fixture
def right_on_many_draws() -> Callable[[Backend, Workload, str], None]:
    """Judges a simulated target's baseline on a dozen input sets of each kind that a grade draws."""

    def check(backend: Backend, workload: Workload, secret: str) -> None:
        build = backend.build(backend.baseline(workload), workload)
        for index in range(12):
            for kind in ("grading", "adversarial"):
                inputs = seeds.draw(secret, workload, kind, index)
                expected = workload.compute(inputs)
                allowed = allowed_error(workload, inputs, expected, backend.info.formats)
                (execution,) = backend.execute(build, [inputs], Limits())
                assert compare(workload, execution.outputs or {}, expected, allowed, kind) == ()

    return check
