"""The frame of the command line: help, version, and how failures reach a person or a program."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

KERNELWRIGHT = Path(sys.executable).with_name("kernelwright")
VERBS = ["run", "resume", "grade", "eval", "report", "compare", "show", "manual", "redteam", "import", "doctor"]
GROUPS = {
    "leaderboard": ["add", "show", "build", "verify", "schema"],
    "tasks": ["list", "show", "lint"],
    "backends": ["list", "show", "check", "new"],
    "models": ["list", "check"],
    "export": ["csv", "parquet", "perfetto", "kernels", "inspect"],
    "isa": ["list", "show", "asm", "disasm", "run", "trace", "check"],
}
COMMANDS = [[verb] for verb in VERBS] + [[group, verb] for group, verbs in GROUPS.items() for verb in verbs]


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KERNELWRIGHT, *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command):
    done = call(*command, "--help")
    assert done.returncode == 0
    assert f"kernelwright {' '.join(command)}" in done.stdout.partition("Options:")[2], "no example after the options"


def test_the_list_of_commands_is_complete_and_untruncated():
    out = call("--help").stdout
    listed = out.partition("Commands:")[2]
    assert all(name in listed for name in [*VERBS, *GROUPS])
    assert "..." not in listed


def test_version():
    assert call("--version").stdout == f"kernelwright {version('kernelwright')}\n"


def test_an_expected_failure_is_one_message_and_an_exit_code():
    done = call("tasks", "show", "P99")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "'P99'" in done.stderr
    assert "did you mean" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failure_is_json_where_json_was_asked_for():
    done = call("tasks", "show", "P99", "--json")
    assert done.returncode == 2
    assert set(json.loads(done.stdout)) == {"error", "message", "hint"}


def test_an_unknown_command_or_option_is_named():
    assert "'frobnicate'" in call("frobnicate").stderr
    assert "--modle" in call("run", "--modle", "x").stderr


def test_a_reader_that_goes_away_is_met_in_silence():
    with subprocess.Popen([KERNELWRIGHT, "manual", "cpu"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        first.stdout.close()
        assert first.stderr.read() == b""


def test_help_imports_nothing_heavy():
    heavy = ("numpy", "pydantic", "openai", "rich")
    script = f"import sys, harness.cli; harness.cli.build_app(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
