"""Where the cycles of a run went: by source line, by cause, by unit. Every run counts, so a profile costs nothing extra."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backends.isa.engine import CAUSES, Outcome, Program
from harness.backend import Profile, ProfileLine

MAX_LINES = 100
"""Most lines in a profile; the hottest are kept."""


def profile(outcome: Outcome, program: Program) -> Profile:
    """The run by source line, hottest first. Bare words count as line 1 + their address; where others have lines, words without
    one (those of a compiler's runtime) enter the totals only."""
    lines = _line_numbers(program)
    size = int(lines.max(initial=0)) + 1
    stalls = np.zeros((size, len(CAUSES)), np.int64)
    np.add.at(stalls, lines, outcome.stalls)
    counts = np.zeros(size, np.int64)
    np.maximum.at(counts, lines, outcome.counts)
    cycles = stalls.sum(axis=1)
    executed = np.flatnonzero(counts[1:]) + 1
    # By cycles, then by executions, then in the order of the text: the same for the same run on every machine.
    hottest = executed[np.lexsort((executed, -counts[executed], -cycles[executed]))][:MAX_LINES]
    made = tuple(
        ProfileLine(line=int(line), cycles=float(cycles[line]), count=int(counts[line]), causes=_by_cause(stalls[line]))
        for line in hottest
    )
    return Profile(
        unit="cycles",
        total=float(outcome.cycles),
        lines=made,
        causes=_by_cause(outcome.stalls.sum(axis=0)),
        occupancy={unit: busy / outcome.cycles if outcome.cycles else 0.0 for unit, busy in outcome.busy.items()},
    )


def counters(outcome: Outcome) -> dict[str, float]:
    """Counted events by name: instructions, busy cycles by unit, cycles by cause."""
    return {
        "instructions": float(outcome.instructions),
        **{f"busy.{unit}": float(busy) for unit, busy in outcome.busy.items()},
        **{f"stall.{cause}": cycles for cause, cycles in _by_cause(outcome.stalls.sum(axis=0)).items()},
    }


def table(profile: Profile, source: str, limit: int = 10) -> str:
    """The profile for people: totals by cause and unit, then the hottest lines with their text."""
    return "\n".join(_rows(profile, source.split("\n"), limit))


def _rows(profile: Profile, text: list[str], limit: int) -> Iterator[str]:
    yield "cycles by cause  " + _shares(profile.causes, profile.total)
    busy = {unit: share * profile.total for unit, share in profile.occupancy.items() if share}
    yield "units busy       " + _shares(busy, profile.total)
    yield f"{'line':>6} {'count':>10} {'cycles':>12} {'share':>6}  causes"
    for line in profile.lines[:limit]:
        share = line.cycles / profile.total if profile.total else 0.0
        causes = " ".join(f"{cause} {cycles:.0f}" for cause, cycles in line.causes.items())
        source = text[line.line - 1].strip()[:60] if 0 < line.line <= len(text) else ""
        yield f"{line.line:>6} {line.count or 0:>10} {line.cycles:>12.0f} {share:>6.1%}  {causes:<24} | {source}".rstrip(" |")
    if len(profile.lines) > limit:
        yield f"       {len(profile.lines) - limit} more lines"


def _shares(amounts: dict[str, float], total: float) -> str:
    largest = sorted(amounts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {amount:.0f} ({amount / total:.1%})" for name, amount in largest) or "none"


def _by_cause(stalls: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[str, float]:
    return {cause: float(cycles) for cause, cycles in zip(CAUSES, stalls, strict=True) if cycles}


def _line_numbers(program: Program) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if program.lines.any():
        return program.lines.astype(np.int64)
    return np.arange(1, len(program.words) + 1, dtype=np.int64)
