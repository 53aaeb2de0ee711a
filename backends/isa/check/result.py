"""What a check found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

MOST = 10
"""Problems of one check that are shown."""


class Result(NamedTuple):
    """One check of one machine."""

    check: str
    """Name of the check."""
    machine: str
    """Profile and timing, or "" for what does not depend on them."""
    status: Literal["ok", "wrong", "skipped"]
    seen: str
    """What was tried, and what was seen."""
    problems: tuple[str, ...] = ()
    """What is wrong, the first of them."""


def result(check: str, machine: str, seen: str, problems: Sequence[str]) -> Result:
    """The result of a check that ran."""
    shown = list(problems[:MOST])
    if len(problems) > MOST:
        shown.append(f"and {len(problems) - MOST} more")
    return Result(check, machine, "wrong" if problems else "ok", seen, tuple(shown))
