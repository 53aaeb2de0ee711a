"""What an assembler says: located problems with a stable cause, collected until all are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from harness.backend import Diagnostic

Cause = Literal[
    "syntax", "unknown_mnemonic", "not_offered", "operand_count", "operand_kind", "register_class", "register_range",
    "zero_register", "immediate_range", "immediate_multiple", "undefined_symbol", "duplicate_symbol", "directive",
    "data_range", "macro", "limit",
]  # fmt: skip
"""Categories of problems; messages may change, these do not."""
MOST = 50
"""Problems shown before the rest is only counted."""


@dataclass(frozen=True)
class Place:
    """A spot in the source: where a line stands, and from which macro call it came."""

    line: int
    """1-based."""
    text: str
    """The line as written."""
    via: str = ""
    """``macro LOAD, line 3`` for a line that a macro made; `line` is then that of the call."""


@dataclass(frozen=True)
class Problem:
    """One located problem."""

    cause: Cause
    diagnostic: Diagnostic


@dataclass
class Problems:
    """Collects problems of one text."""

    found: list[Problem] = field(default_factory=list)
    unshown: int = 0

    def add(
        self,
        cause: Cause,
        place: Place,
        column: int,
        message: str,
        hint: str = "",
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Notes a problem at a 1-based column of a place."""
        if len(self.found) >= MOST:
            self.unshown += severity == "error"
            return
        said = f"{message} (in {place.via})" if place.via else message
        diagnostic = Diagnostic(
            severity=severity, message=said, line=place.line, column=column, snippet=place.text.strip()[:200], hint=hint
        )
        self.found.append(Problem(cause, diagnostic))

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return self.unshown > 0 or any(problem.diagnostic.severity == "error" for problem in self.found)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """In source order, with a last line that counts those not shown."""
        shown = sorted((p.diagnostic for p in self.found), key=lambda d: (d.line or 0, d.column or 0))
        if not self.unshown:
            return tuple(shown)
        return (
            *shown,
            Diagnostic(severity="error", message=f"{self.unshown} more errors are not shown", hint="mend these first"),
        )
