"""``isa check``: one line per check, with what was tried and what was seen."""

from __future__ import annotations

import json
import sys
from collections import Counter

from backends.isa.check import Result, check
from backends.isa.registry import find
from harness.paths import cache_dir


def report(
    name: str, profile: str | None, timing: str | None, seconds: float, seed: int, quick: bool, every_edge: bool, as_json: bool
) -> int:  # fmt: skip
    """Prints results as they come; returns the exit code: 1 if a check found something wrong, or failed."""
    results = []
    found_ones = check(
        find(name), cache_dir() / "isa",
        seconds=seconds, seed=seed, quick=quick, every_edge=every_edge, profile=profile, timing=timing,
    )  # fmt: skip
    for found in found_ones:
        results.append(found)
        if not as_json:
            print("\n".join(_lines(found)), flush=True)
    bad = Counter(found.status for found in results if found.status in ("wrong", "failed"))
    if as_json:
        print(json.dumps([found._asdict() for found in results], indent=2))
    elif bad:
        failed = f", {bad['failed']} failed" if bad["failed"] else ""
        print(f"{bad['wrong']} of {len(results)} checks found something wrong{failed}", file=sys.stderr)
    return 1 if bad else 0


def _lines(found: Result) -> list[str]:
    where = f"{found.machine}: " if found.machine else ""
    return [f"{found.status:<8} {found.check:<11} {where}{found.seen}", *(f"           {problem}" for problem in found.problems)]
