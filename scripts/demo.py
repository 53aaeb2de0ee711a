"""`make demo`: a built-in suite with both offline models on every backend that this machine can run, then the leaderboard.

Everything goes through the `kernelwright` command, exactly as a person would type it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

KERNELWRIGHT = Path(sys.executable).with_name("kernelwright")
MODELS = ("compiler", "scripted")


def kernelwright(*arguments: str | Path) -> int:
    """Runs one command in the open, showing it first."""
    print(f"\n$ kernelwright {' '.join(map(str, arguments))}", flush=True)
    return subprocess.run([KERNELWRIGHT, *arguments], check=False).returncode


def backends() -> tuple[list[str], list[str]]:
    """Backends that can run here, and a line for each that cannot."""
    report = answer("doctor")["backends"]
    off = [f"backend {b['name']} is off here: {b['detail']}" for b in report if not b["works"]]
    return [b["name"] for b in report if b["works"]], off


def answer(*arguments: str) -> Any:
    """What a command says in JSON; None if it fails."""
    done = subprocess.run([KERNELWRIGHT, *arguments, "--json"], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.stdout else None


def suite_for(backend: str) -> str:
    """The core suite; the one in whole numbers for a backend that can hold none of it."""
    core = {f"{task['id']}/{name}" for task in answer("tasks", "list", "--suite", "core") for name in task["configurations"]}
    return "core" if core & set(answer("backends", "show", backend)["supported"]) else "rtl"


def main() -> int:
    """0 when every trial was graded and every row could be added."""
    usable, off = backends()
    if not usable:
        print("\n".join([*off, "no backend can run here; `kernelwright doctor` says how to turn one on"]))
        return 1
    started, status = time.monotonic(), 0
    models = [word for model in MODELS for word in ("--model", model)]
    for backend in usable:
        out = Path("results/runs") / f"demo-{backend}-{time.strftime('%Y%m%d-%H%M%S')}"
        status |= kernelwright("run", *models, "--suite", suite_for(backend), "--backend", backend, "--out", out)
        status |= kernelwright("leaderboard", "add", "--replace", out)
    kernelwright("leaderboard", "show")
    print("\n".join(["", *off, f"demo: {time.monotonic() - started:.0f} s; results/leaderboard.json is written"]))
    return status


if __name__ == "__main__":
    sys.exit(main())
