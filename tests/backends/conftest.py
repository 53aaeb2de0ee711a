"""What tests of targets that need a sandbox share."""

from pathlib import Path

import pytest

from harness.errors import InfraError
from harness.sandbox import Sandbox
from harness.sandbox.choose import choose


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
