"""The benchmarks of the simulators run as their docstrings say, and agree with each other while they measure."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from backends.isa.native.build import find_compiler

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler")


def run(name, *arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)


@pytest.mark.slow
def test_the_simulator_benchmark_prints_every_figure():
    done = run("simulator.py", "--quick", "--spike", "no-such-spike")
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    figures = re.findall(r"^ *([^:\n]+): [0-9.]+ ?(?:x|us|s|k lines/s)$", done.stdout, re.MULTILINE)
    kinds = ("numpy / native", "stated roundings", "reset and run", "timing, ", "profile, ", "cold", "warm", "assembling")
    assert [sum(kind in figure for figure in figures) for kind in kinds] == [3, 3, 1, 2, 2, 1, 1, 1]
    assert "the scalar loop is not compared" in done.stdout


@pytest.mark.slow
def test_the_core_suite_benchmark_grades_baselines():
    done = run("core_suite.py", "--tasks", "P01", "--workers", "1")
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    assert re.search(r"^[1-9]\d* baselines on plena, 0 failed; [0-9.]+ s with 1 processes", done.stdout, re.MULTILINE)
