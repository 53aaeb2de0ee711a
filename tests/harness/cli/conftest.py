"""The command line in this process, with the toy plugins that the tests of runs use."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from harness import plugins
from harness.cli import build_app
from harness.errors import KernelwrightError

PLUGINS = Path(__file__).parents[1] / "run" / "plugins"


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    error: KernelwrightError | None
    err: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def toy_plugins(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH")])))
    forget = plugins.entries.cache_clear  # a test may put another function in its place
    forget()
    yield
    forget()


@pytest.fixture
def kernelwright(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """``kernelwright("manual", "toy")`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["kernelwright", *map(str, arguments)])
        result = CliRunner().invoke(build_app(), list(map(str, arguments)))
        if isinstance(result.exception, KernelwrightError):
            return Result(result.exception.exit_code, result.stdout, result.exception)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Result(result.exit_code, result.stdout, None, result.stderr)

    return call
