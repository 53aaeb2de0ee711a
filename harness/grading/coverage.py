"""What the bands of many workloads come to: for each task and arithmetic, how many mistakes of each kind the judge sees.

`markdown` is the generated part of ``docs/design/tolerances.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from harness.grading.band import Band, MistakeCheck
from harness.grading.mistakes import KINDS, Kind
from harness.record import Record

NONE = "-"
"""Where a kind of mistake cannot be made."""


class Count(NamedTuple):
    """How many of some kernels were judged as they should be."""

    judged: int
    made: int

    def __str__(self) -> str:
        return f"{self.judged}/{self.made}" if self.made else NONE


class Row(Record):
    """One task in one arithmetic."""

    arithmetic: str
    """As in `Band`."""
    task: str
    """Task with its element type: ``P04.i8``."""
    backends: tuple[str, ...]
    """Those that compute so."""
    right: Count
    """Right kernels that pass, and all of them."""
    margin: float
    """Largest error over allowed error of a right kernel."""
    counts: tuple[Count, ...]
    """By kind, in the order of `KINDS`."""


class Missed(Record):
    """Mistakes of one kind that one task cannot tell from a right kernel."""

    arithmetic: str
    task: str
    kind: Kind
    configurations: tuple[str, ...]
    """Where there is one."""
    names: tuple[str, ...]
    """Which mistakes."""
    largest: float
    """Largest error of any of them over the allowed one."""


def rows(bands: Iterable[Band]) -> list[Row]:
    """A row for each arithmetic and task."""
    return [_row(arithmetic, task, several) for (arithmetic, task), several in _grouped(bands).items()]


def _grouped(bands: Iterable[Band]) -> dict[tuple[str, str], list[Band]]:
    found: dict[tuple[str, str], list[Band]] = {}
    for band in bands:
        found.setdefault((band.arithmetic, band.workload.split("/")[0]), []).append(band)
    return dict(sorted(found.items()))


def _row(arithmetic: str, task: str, bands: Sequence[Band]) -> Row:
    checks = [check for band in bands for check in band.mistakes]
    right = [check for band in bands for check in band.right]
    return Row(
        arithmetic=arithmetic,
        task=task,
        backends=_backends(bands),
        right=Count(sum(check.passed for check in right), len(right)),
        margin=max(check.ratio for check in right),
        counts=tuple(_count([check for check in checks if check.kind == kind]) for kind in KINDS),
    )


def _backends(bands: Iterable[Band]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for band in bands for name in band.backends))


def _count(checks: Sequence[MistakeCheck]) -> Count:
    return Count(sum(check.caught for check in checks), len(checks))


def total(rows: Iterable[Row]) -> tuple[Count, ...]:
    """By kind, over all rows."""
    columns = zip(*(row.counts for row in rows), strict=True)
    return tuple(Count(sum(one.judged for one in column), sum(one.made for one in column)) for column in columns)


def missed(bands: Iterable[Band]) -> Iterator[Missed]:
    """What no set of a grade can tell from a right kernel."""
    for (arithmetic, task), several in _grouped(bands).items():
        for kind in KINDS:
            found = [(band, one) for band in several for one in band.mistakes if one.kind == kind and not one.caught]
            if found:
                yield Missed(
                    arithmetic=arithmetic,
                    task=task,
                    kind=kind,
                    configurations=tuple(dict.fromkeys(band.workload.split("/")[1] for band, _ in found)),
                    names=tuple(f"{band.workload}: {one.name}" for band, one in found),
                    largest=max(one.ratio for _, one in found),
                )


def markdown(bands: Sequence[Band]) -> str:
    """A table for each arithmetic, the totals, and what is missed."""
    every = rows(bands)
    parts = []
    for arithmetic in dict.fromkeys(row.arithmetic for row in every):
        own = [row for row in every if row.arithmetic == arithmetic]
        names = dict.fromkeys(name for row in own for name in row.backends)
        parts.append(f"### {arithmetic} ({', '.join(names)})\n\n{_table(own)}")
    passes = [
        _line(one.task, one.arithmetic, one.kind, len(one.names), " ".join(one.configurations), f"{one.largest:.2f}")
        for one in missed(bands)
    ]
    heading = [_line("task", "arithmetic", "mistake", "how many", "configurations", "largest error/allowed"), "|---" * 6 + "|"]
    parts.append("### What passes\n\n" + ("\n".join([*heading, *passes]) if passes else "Nothing."))
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Row]) -> str:
    passing = Count(*(sum(row.right[i] for row in rows) for i in (0, 1)))
    return "\n".join([
        _line("task", "right pass", *KINDS),
        "|---" * (len(KINDS) + 2) + "|",
        *(_line(row.task, row.right, *row.counts) for row in rows),
        _line("all", passing, *total(rows)),
    ])  # fmt: skip


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
