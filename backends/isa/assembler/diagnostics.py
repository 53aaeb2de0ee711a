"""What is wrong with a text: causes, places, and a reporter that keeps the first ones and counts the rest."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn

from harness.backend import Diagnostic

MOST = 50
"""Messages kept of one text, errors and warnings each."""
ENOUGH = 5000
"""Errors after which reading stops: a text that is wrong everywhere must not take long to refuse."""
_CANDIDATES = 500
_LONGEST_NAME = 60

Severity = Literal["error", "warning"]
Cause = Literal[
    "unknown_mnemonic", "not_offered", "operand_count", "operand_literal", "register_class", "register_range", "zero_register",
    "immediate_range", "immediate_multiple", "undefined_symbol", "duplicate_symbol", "reserved_name", "expression", "syntax",
    "unknown_directive", "directive", "macro", "block", "data_space", "data_type", "data_range", "data_overlap", "too_large",
    "more",
]  # fmt: skip
"""Categories of messages; ``more`` is the last one of a long list, which says how many were left out."""


@dataclass(frozen=True)
class Problem:
    """One located problem."""

    cause: Cause
    """Its category: stable, for programs that act on it."""
    diagnostic: Diagnostic


@dataclass(frozen=True)
class Frame:
    """A macro call that is being expanded."""

    macro: str
    line: int
    """Line of the call."""
    parent: Frame | None


class Place(NamedTuple):
    """Where a statement stands."""

    line: int
    text: str
    """The line; inside a macro, with its arguments put in."""
    frame: Frame | None = None


class Mistake(Exception):  # noqa: N818 - of the text, not of this program
    """One thing that is wrong with a statement."""

    def __init__(self, cause: Cause, message: str, hint: str | Callable[[], str] = "", column: int | None = None) -> None:
        super().__init__(message)
        self.cause: Cause = cause
        self.message = message
        self.hint = hint
        """Text, or a function that makes it when the message is kept: looking for near names is slow."""
        self.column = column
        """0-based offset in the line."""

    def shifted(self, offset: int) -> Mistake:
        """The same mistake in a text that starts at this offset of the line."""
        return Mistake(self.cause, self.message, self.hint, offset + (self.column or 0))


class Enough(Exception):  # noqa: N818 - not an error of this program
    """There are so many errors that the rest of the text is not read."""


class Reporter:
    """Collects problems."""

    def __init__(self) -> None:
        self.count = {"error": 0, "warning": 0}
        self.complete = True
        """Whether the whole text was read."""
        self._kept: dict[Severity, list[Problem]] = {"error": [], "warning": []}
        self._seen: set[tuple[int, int | None, str]] = set()

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return self.count["error"] > 0

    def error(self, place: Place, mistake: Mistake) -> None:
        """Takes note of an error. Raises `Enough` when there are too many."""
        self._keep("error", place, mistake)
        if self.count["error"] > ENOUGH:
            self.complete = False
            raise Enough

    def fatal(self, place: Place, mistake: Mistake) -> NoReturn:
        """Takes note of an error after which reading stops."""
        self.error(place, mistake)
        self.complete = False
        raise Enough

    def warning(self, place: Place, mistake: Mistake) -> None:
        """Takes note of a warning."""
        self._keep("warning", place, mistake)

    def problems(self) -> tuple[Problem, ...]:
        """Errors, then warnings, in source order; after those kept one more that counts the others."""
        listed: list[Problem] = []
        for severity, kept in self._kept.items():
            listed += sorted(kept, key=lambda p: (p.diagnostic.line or 0, p.diagnostic.column or 0))
            more = self.count[severity] - len(kept)
            if more > 0:
                at_least = "" if self.complete else "at least "
                text = f"and {at_least}{more} more {severity}{'s' if more > 1 else ''}"
                listed.append(
                    Problem("more", Diagnostic(severity=severity, message=text, hint="correct the first ones", cause="more"))
                )
        return tuple(listed)

    def _keep(self, severity: Severity, place: Place, mistake: Mistake) -> None:
        message = mistake.message + calls(place.frame)
        column = None if mistake.column is None else mistake.column + 1
        if (place.line, column, message) in self._seen:
            return  # the same line again, in a repeat
        if len(self._seen) < ENOUGH:
            self._seen.add((place.line, column, message))
        self.count[severity] += 1
        if len(self._kept[severity]) < MOST:
            hint = mistake.hint if isinstance(mistake.hint, str) else mistake.hint()
            diagnostic = Diagnostic(
                severity=severity, message=message, line=place.line, column=column, snippet=place.text.strip()[:200], hint=hint,
                cause=mistake.cause,
            )  # fmt: skip
            self._kept[severity].append(Problem(mistake.cause, diagnostic))


def calls(frame: Frame | None) -> str:
    """`` (in macro 'row', called at line 12)``, innermost first."""
    chain = []
    while frame is not None:
        chain.append(f"macro {quote(frame.macro)}, called at line {frame.line}")
        frame = frame.parent
    if len(chain) > 4:
        chain[2:-1] = [f"{len(chain) - 3} more"]
    return f" (in {'; in '.join(chain)})" if chain else ""


def quote(text: str) -> str:
    """A name or operand as messages show it: quoted, cut when long."""
    return repr(text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 3] + "...")


def near(name: str, known: Iterable[str], otherwise: str = "") -> Callable[[], str]:
    """A hint that names the nearest of the known names, or else ``otherwise``; found when it is asked for."""

    def hint() -> str:
        names = list(known)
        if len(names) > _CANDIDATES:
            names = [n for n in names if n[:1] == name[:1]][:_CANDIDATES]
        short = name[:_LONGEST_NAME]
        by_lower = {n.lower(): n for n in names}
        if short.lower() in by_lower and short not in names:
            return f"did you mean {by_lower[short.lower()]!r}? upper and lower case differ"
        close = [by_lower[n] for n in difflib.get_close_matches(short.lower(), by_lower, n=2, cutoff=0.6)]
        return f"did you mean {' or '.join(map(repr, close))}?" if close else otherwise

    return hint
