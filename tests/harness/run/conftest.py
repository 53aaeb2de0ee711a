"""The toy plugin distribution: on sys.path like any installed one, so that worker processes find it too."""

import os
import sys
from pathlib import Path

import pytest

from harness import plugins

sys.path.insert(0, str(Path(__file__).parent))
from killing import COMMAND, PLUGINS, ToyRun


@pytest.fixture(autouse=True)
def toy_plugins(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH")])))
    plugins.entries.cache_clear()
    yield
    plugins.entries.cache_clear()


class Cli(ToyRun):
    """The command line: in this process when called, in a process of its own when started."""

    command = COMMAND

    def __init__(self, folder, monkeypatch, capsys):
        super().__init__(folder)
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(folder)

    def __call__(self, *arguments):
        """Return code, stdout, stderr."""
        from harness.cli import main

        self._monkeypatch.setattr(sys, "argv", ["kernelwright", *map(str, arguments)])
        self._capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return code, *self._capsys.readouterr()


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    return Cli(tmp_path, monkeypatch, capsys)
