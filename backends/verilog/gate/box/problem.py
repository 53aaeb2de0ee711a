"""What the gate says about a text, as plain data that can leave the box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MOST = 20
"""Problems reported of one text."""
_TEXT = 500


@dataclass(frozen=True, order=True)
class Problem:
    """One finding, with its place in the kernel's own text."""

    line: int
    """1-based; 0 where no single line is to blame."""
    column: int
    """1-based; 0 likewise."""
    failure: str
    """The value of a `backends.verilog.classes.Failure`; empty for a warning."""
    message: str
    """What is wrong."""
    hint: str = ""
    """What to write instead."""


class RefusedError(Exception):
    """The text is refused, and looking further would say nothing more."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(len(problems))
        self.problems = problems


def stop_at(problems: Sequence[Problem]) -> None:
    """Raises `RefusedError` if any of the problems is more than a warning."""
    if any(problem.failure for problem in problems):
        raise RefusedError(problems)


def portable(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """The problems as JSON: in the order of the text, each once, errors only if there are any, and not too many of them."""
    errors = [problem for problem in problems if problem.failure]
    chosen = sorted(set(errors or problems))[:MOST]
    return [{**asdict(p), "failure": p.failure or None, "message": _plain(p.message), "hint": _plain(p.hint)} for p in chosen]


def _plain(text: str) -> str:
    """One line of printable ASCII, not too long."""
    return "".join(c if " " <= c <= "~" else " " for c in text)[:_TEXT]
