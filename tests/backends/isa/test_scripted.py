"""The offline agent on simulated targets: it repairs what the assembler refuses, what traps, and what is wrong."""

import json
import subprocess
import sys

import pytest

RUN = [sys.executable, "-c", "from harness.cli import main; main()", "run", "--model", "scripted", "--suite", "core", "--json"]
CAUSES = {"plena": "loop_end_without_start", "tiny": "pc_out_of_range"}


@pytest.mark.parametrize("backend", CAUSES)
def test_the_scripted_agent_repairs_an_error_a_fault_and_a_mismatch(tmp_path, backend):
    command = [*RUN, "--backend", backend, "--tasks", "P15/C2", "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (trial,) = (tmp_path / "run" / "trials").iterdir()
    lines = (trial / "evaluations.jsonl").read_text().splitlines()
    found = [record.get("evaluation", record) for record in map(json.loads, lines)]
    verdicts = [one["verdict"] or "built" for one in found]
    assert verdicts == ["build_error", "built", "fault", "passed", "wrong", "passed", "passed"]
    error, fault, mismatches = found[0], found[2]["fault"], found[4]["mismatches"]
    assert error["diagnostics"][0]["line"]
    assert fault["cause"] == CAUSES[backend]
    assert mismatches[0]["output"] == "y"
    assert found[-1]["stage"] == "final"
