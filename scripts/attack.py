"""`make redteam` and `make fuzz`: everything that attacks this project, one thing after the other, and its figures at the end.

`redteam` tries the exploit corpus on every backend, task and configuration, kills runs at random instants, and puts every backend
through the conformance kit. `fuzz` feeds random and mutated bytes to every parser, and random programs to the engines of every
instruction set. Exit code 1 if anything leaks, is lost, crashes, or does not conform.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
KERNELWRIGHT = str(Path(sys.executable).with_name("kernelwright"))
KILLING = str(ROOT / "tests" / "harness" / "run" / "killing.py")
PARSERS = str(ROOT / "tests" / "harness" / "redteam" / "parsers.py")


class Attack(NamedTuple):
    """One command and where its figures are."""

    title: str
    command: Sequence[str]
    figures: str = ""
    """What the line with the figures begins with; the last line if empty."""


def redteam(kill_points: int, *, quick: bool) -> list[Attack]:
    """Exploits, kills, and the conformance of every backend of this machine."""
    few = ["--quick"] * quick
    backends = [row["name"] for row in _listed("backends") if not row["problem"]]
    return [
        Attack("exploits", [KERNELWRIGHT, "redteam", *few]),
        Attack("kills", [sys.executable, KILLING, "--kill-points", str(kill_points)]),
        *(Attack("conformance", [KERNELWRIGHT, "backends", "check", name, "--quick"]) for name in backends),
    ]


def fuzz(seconds: float) -> list[Attack]:
    """Parsers for half of the time, and the engines of all instruction sets for the other half."""
    names = [row["name"] for row in _listed("isa")]
    each = str(seconds / 2 / max(1, len(names)))
    return [
        Attack("parsers", [sys.executable, "-W", "ignore", PARSERS, "--seconds", str(seconds / 2)]),
        *(Attack(f"programs of {name}", [KERNELWRIGHT, "isa", "check", name, "--quick", "--seconds", each], "ok       agreement")
          for name in names),
    ]  # fmt: skip


def _listed(what: str) -> list[dict[str, str]]:
    done = subprocess.run([KERNELWRIGHT, what, "list", "--json"], capture_output=True, text=True, check=True)
    rows: list[dict[str, str]] = json.loads(done.stdout)
    return rows


def carry_out(attack: Attack) -> tuple[int, str]:
    """Runs it in the open; its exit code and the line with its figures."""
    print(f"\n== {attack.title}: {' '.join(attack.command[1:])}", flush=True)
    process = subprocess.Popen(attack.command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    figures = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        if line.strip() and line.startswith(attack.figures):
            figures = line.removeprefix(attack.figures).strip()
    return process.wait(), figures or "no figures"


def main() -> int:
    """Carries out all attacks of a kind, also after one that finds something."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    corpus = kinds.add_parser("redteam")
    corpus.add_argument("--kill-points", type=int, default=50)
    corpus.add_argument("--quick", action="store_true", help="only the first workload of each exploit")
    kinds.add_parser("fuzz").add_argument("--seconds", type=float, default=600.0)
    chosen = parser.parse_args()
    attacks = fuzz(chosen.seconds) if chosen.kind == "fuzz" else redteam(chosen.kill_points, quick=chosen.quick)
    done = [(attack.title, *carry_out(attack)) for attack in attacks]
    print("\n== figures")
    for title, code, figures in done:
        print(f"{'FAILED' if code else 'ok':<7}{title:<20}{figures}")
    return 1 if any(code for _, code, _ in done) else 0


if __name__ == "__main__":
    raise SystemExit(main())
