"""The toy plugin distribution: on sys.path like any installed one, so that worker processes find it too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import plugins

PLUGINS = Path(__file__).parent / "plugins"
COMMAND = [sys.executable, "-P", "-c", "from harness.cli import main; main()"]


@pytest.fixture(autouse=True)
def toy_plugins(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH")])))
    plugins.entries.cache_clear()
    yield
    plugins.entries.cache_clear()


class Cli:
    """The command line: in this process when called, in a process of its own when started."""

    command = COMMAND

    def __init__(self, folder, monkeypatch, capsys):
        self.folder = folder
        self.log = folder / "payments"
        self.out = folder / "run"
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

    def start(self, *arguments, **options):
        """The same as a child process."""
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip

    def run_arguments(self, *arguments, suite="toy", **settings):
        """A run of the toy agent; settings are its options."""
        chosen = [f"--model-option={key}={value}" for key, value in ({"log": self.log} | settings).items()]
        toy = ["--model", "toyagent", "--backend", "toy", "--suite", suite, "--workers", "2", "--out", self.out]
        return ["run", *toy, *chosen, *arguments]

    def payments(self):
        """What the model was paid for, in order."""
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    return Cli(tmp_path, monkeypatch, capsys)
