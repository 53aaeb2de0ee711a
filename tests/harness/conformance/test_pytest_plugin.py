"""``pytest --kernelwright-backend NAME`` in a folder of a plugin author's."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from harness.conformance.kit import CHECKS

PLUGIN = "harness.conformance.pytest_plugin"
PLUGINS = Path(__file__).parents[1] / "run" / "plugins"
ENTRY = [entry for entry in entry_points(group="pytest11") if entry.value == PLUGIN]


@pytest.fixture
def run(tmp_path):
    def call(*arguments: str) -> tuple[int, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        paths = [str(PLUGINS), environment.get("PYTHONPATH", "")]
        # As its entry point does; where the installed package is older than that, by name.
        plugin = [] if ENTRY else ["-p", PLUGIN]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-v", *plugin, *arguments],
            cwd=tmp_path, env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}, capture_output=True, text=True,
            check=False, timeout=240,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return call


def test_every_check_is_a_test_beside_the_authors_own(run, tmp_path):
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    code, out = run("--kernelwright-backend", "toy", "--kernelwright-tasks", "T01/C1")
    for check in CHECKS:
        assert re.search(rf"kernelwright\[toy-{check}\] (PASSED|FAILED|SKIPPED)", out), f"no test for {check}:\n{out}"
    assert "test_own.py::test_own PASSED" in out
    assert "kernelwright[toy-baseline] PASSED" in out
    assert "kernelwright[toy-faults] SKIPPED" in out
    assert "Traceback" not in out
    assert (code == 0) == (" failed" not in out)


def test_one_check_can_be_chosen(run):
    code, out = run("--kernelwright-backend", "toy", "--kernelwright-tasks", "T01/C1", "-k", "baseline")
    assert code == 0
    assert f"1 passed, {len(CHECKS) - 1} deselected" in out


def test_a_wrong_result_is_shown_without_a_traceback(run, tmp_path):
    (tmp_path / "conftest.py").write_text(
        "import toyplugin\nfrom harness.task import Formats\nfrom dataclasses import replace\n"
        "real = toyplugin.Toy.info.fget\n"
        "toyplugin.Toy.info = property(lambda self: replace(real(self), formats=Formats(slack=99.0)))\n"
    )
    code, out = run("--kernelwright-backend", "toy", "--kernelwright-tasks", "T01/C1", "-k", "formats")
    assert code == 1
    assert "formats.slack is 99; sane values are 1 to 16" in out
    assert "fix: declare the types" in out
    assert "Traceback" not in out


def test_an_unknown_backend_is_a_usage_error(run):
    code, out = run("--kernelwright-backend", "tay")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "did you mean 'toy'" in out


def test_without_the_option_nothing_is_added(run, tmp_path):
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    code, out = run()
    assert code == 0
    assert "1 passed" in out
