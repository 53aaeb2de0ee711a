"""The command line in this process, in an empty folder."""

import json
import sys
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from harness.cli import build_app
from harness.errors import KernelwrightError


class Result(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def isa_cache(tmp_path_factory):
    """Compiled libraries, shared by the tests of this folder."""
    return tmp_path_factory.mktemp("isa-cache")


@pytest.fixture
def isa(monkeypatch, tmp_path, isa_cache):
    """``isa("run", "plena", "program.s")``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("KERNELWRIGHT_CACHE", str(isa_cache))

    def call(*arguments: object) -> Result:
        words = ["isa", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", ["kernelwright", *words])
        result = CliRunner().invoke(build_app(), words)
        if isinstance(result.exception, KernelwrightError):
            error = result.exception
            return Result(error.exit_code, result.stdout, f"{result.stderr}error: {error.message}\n  hint: {error.hint}\n")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Result(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def program(tmp_path):
    """Writes a program and returns its name."""

    def write(text: str, name: str = "program.s") -> str:
        (tmp_path / name).write_text(text)
        return name

    return write
