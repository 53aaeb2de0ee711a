"""Everyday synthesizable style passes the gate, and what passes is read by every tool behind it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from backends.verilog.synthesis.modules import YOSYS
from backends.verilog.synthesis.wasm import Wasm
from harness.errors import InfraError
from harness.sandbox import Sandbox
from tests.backends.verilog.gate.conftest import Look

ORDINARY = sorted((Path(__file__).parent / "ordinary").glob("*.v"))
WARNED = {"attributes_and_comments", "memory_dual_port"}


@pytest.fixture(scope="module")
def canonical(look: Look) -> dict[str, str]:
    return {path.stem: look(path.read_text())["text"] or "" for path in ORDINARY}


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(ORDINARY) >= 70


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.stem)
def test_passes(path: Path, look: Look) -> None:
    answer = look(path.read_text())
    assert answer["text"] is not None, answer["problems"]
    said: list[Any] = [problem["message"] for problem in answer["problems"]]
    assert said == (["attributes (* ... *) are ignored"] if path.stem in WARNED else [])


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
def test_icarus_reads_every_canonical_text(canonical: dict[str, str], tmp_path: Path) -> None:
    complaints = {}
    for name, text in canonical.items():
        (tmp_path / "kernel.v").write_text(text)
        command = ["iverilog", "-g2012", "-Wno-timescale", "-s", "kernel", "-o", "program", "kernel.v"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        if done.returncode:
            complaints[name] = done.stderr
    assert complaints == {}


def test_yosys_reads_every_canonical_text(canonical: dict[str, str], sandbox: Sandbox, cache: Path) -> None:
    files, script = {}, []
    for name, text in canonical.items():
        files[f"{name}.v"] = text.encode()
        script += ["design -reset", f"read_verilog -sv {name}.v", "hierarchy -check -top kernel", "proc", "check -assert"]
    files["all.ys"] = "\n".join(script).encode()
    try:
        done = Wasm(lambda: sandbox, cache).run(YOSYS, ["-q", "-s", "all.ys"], files=files, collect=[], seconds=60)
    except InfraError as error:
        pytest.skip(f"no Yosys: {error}")
    assert done.returncode == 0, done.stderr.decode()[-500:]
