"""The baselines of the backend that is registered under an instruction set's name, judged as kernels of anybody are.

The judge is not the toolkit's to call (backends see contracts, never the judge), so this asks the ``kernelwright`` command, as a
person would: one run of the offline model that submits the baseline.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from backends.isa.architecture import Architecture
from backends.isa.check.result import Result, result
from backends.isa.tools import diagnostic_line
from harness.backend import Diagnostic

BACKENDS, SUITES = "kernelwright.backends", "kernelwright.tasks"
"""Entry points of the harness."""
SUITE = "core"
SMALLEST = "*/C1"
"""Selector of the smallest configuration of every task."""


def check(name: str, profile: str, machines: Sequence[Architecture], quick: bool) -> Iterator[Result]:
    """All workloads on the first timing of the default ``profile``, the smallest ones on its others; machines of other profiles
    are skipped, and said."""
    usual = [architecture for architecture in machines if architecture.machine.profile == profile]
    others = dict.fromkeys(architecture.machine.profile for architecture in machines if architecture.machine.profile != profile)
    if not usual:
        yield Result("baselines", "", "skipped", f"they are kernels of the default profile, {profile}")
        return
    if not any(entry.name == name for entry in entry_points(group=BACKENDS)):
        yield Result("baselines", "", "skipped", f"no backend is registered as {name!r}")
        return
    if not any(entry.name == SUITE for entry in entry_points(group=SUITES)):
        yield Result("baselines", "", "skipped", f"there is no task suite {SUITE!r}")
        return
    for number, architecture in enumerate(usual):
        machine = architecture.machine
        options = [f"profile={machine.profile}", f"timing={machine.timing.name}"]
        tasks = SMALLEST if quick or number else SUITE
        yield judged(name, f"{machine.profile}, {machine.timing.name}", options, tasks)
    if others:
        why = f"baselines are kernels of the default profile, {profile}"
        yield Result("baselines", ", ".join(others), "skipped", f"{len(others)} of the profiles not judged: {why}")


def judged(name: str, machine: str, options: Sequence[str], tasks: str) -> Result:
    """One run of all baselines that a selector stands for."""
    with tempfile.TemporaryDirectory(prefix="isa-check-") as folder:
        command = [sys.executable, "-c", "from harness.cli import main; main()", "run", "--model", "compiler", "--backend", name]
        command += ["--suite", SUITE, "--tasks", tasks, "--out", str(Path(folder) / "run"), "--json"]
        command += [word for option in options for word in ("--backend-option", option)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            row = json.loads(done.stdout)["rows"][0]
        except (ValueError, LookupError):
            return result("baselines", machine, "the run did not finish", [_last_line(done)])
        return result("baselines", machine, _seen(row), list(_problems(row, Path(folder) / "run")))


def _seen(row: dict[str, Any]) -> str:
    share = row["metrics"]["bound_share"]
    light = f", on average at {share:.2%} of the speed of light" if isinstance(share, float) else ""
    return f"{row['passed']} of {row['planned']} judged right on hidden inputs{light}; {row['metrics']['alarms']} alarms"


def _problems(row: dict[str, Any], folder: Path) -> Iterator[str]:
    """Trials that did not pass, or that were faster than the bound."""
    if row["passed"] < row["planned"] or row["metrics"]["alarms"]:
        for path in sorted(folder.glob("**/trial.json")):
            trial = json.loads(path.read_text(encoding="utf-8"))
            final = trial.get("final") or {}
            if final.get("verdict") != "passed" or final.get("alarms"):
                said = [*map(_diagnostic, final.get("diagnostics") or ())] or [final.get("summary") or _ended(trial)]
                yield f"{trial['spec']['workload']}: {'; '.join([*said, *(final.get('alarms') or ())])}"


def _diagnostic(found: dict[str, Any]) -> str:
    diagnostic = Diagnostic.model_validate(found)
    return f"its baseline, {diagnostic_line(diagnostic)}" + (f": {diagnostic.snippet!r}" if diagnostic.snippet else "")


def _ended(trial: dict[str, Any]) -> str:
    return ": ".join(filter(None, (trial["status"], trial.get("detail"))))


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Why there was no run: the error that ``--json`` reports, or else the last that was said."""
    try:
        error = json.loads(done.stdout)
        return "; ".join(filter(None, (error["message"], error["hint"])))
    except (ValueError, LookupError, TypeError):
        pass
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"it ended with exit code {done.returncode} and said nothing"
