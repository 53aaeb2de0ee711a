"""The built wheel carries everything it needs: an empty environment runs a trial from a folder far from the clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORPUS = """\
from harness.grading.redteam import corpus_folder, read_corpus
folder = corpus_folder()
assert {cheat.backend for cheat in read_corpus(folder)} == {"coral", "coral-c", "cpu", "plena", "tiny", "verilog"}
print(folder)
"""
"""Prints where an installed package finds its exploit corpus, which must be whole."""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_wheel_in_an_empty_environment_runs_a_trial_from_elsewhere(tmp_path):
    def run(*argv: str | Path) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(argv, cwd=elsewhere, env=clean, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"{argv}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", ROOT)
    (wheel,) = (tmp_path / "dist").glob("kernelwright-*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    run(tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    kernelwright = tmp_path / "venv/bin/kernelwright"

    where = run(tmp_path / "venv/bin/python", "-c", "import harness, tasks; print(harness.__file__, tasks.__file__)")
    assert str(ROOT) not in where
    corpus = Path(run(tmp_path / "venv/bin/python", "-c", CORPUS).strip())
    assert corpus == Path(where.split()[0]).parent / "grading" / "cheats"
    tried = json.loads(run(kernelwright, "redteam", "--backend", "tiny", "--cheat", "nan", "--quick", "--workers", "1", "--json"))
    assert [attempt["verdict"] for attempt in tried["attempts"]] == ["wrong"]

    result = json.loads(
        run(kernelwright, "run", "--backend", "cpu", "--model", "scripted", "--tasks", "P01/C1", "--out", "out", "--json")
    )
    assert result["rows"][0]["passed"] == 1
    assert (elsewhere / "out" / "lock.json").exists()
    run(kernelwright, "leaderboard", "add", "out")
    assert "scripted" in run(kernelwright, "leaderboard", "show")
