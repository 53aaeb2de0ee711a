"""Every kernel of a run as a file, for people who read kernels: to audit what passed, and to see how it came about.

One folder per trial holds the attempts in order, each named by its tool and outcome, and the graded kernel. ``index.csv`` lists
them all with their digests, so that kernels that several trials share stand out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.errors import UsageError
from harness.scoring import failures
from harness.scoring.attempts import FINAL, Attempt
from harness.trial import Trial

COLUMNS = ("file", "sha256", "model", "backend", "workload", "repeat", "attempt", "tool", "outcome", "cycles", "speedup")


class Source(NamedTuple):
    """The kernels of one trial."""

    trial: Trial
    """Its record."""
    attempts: Sequence[Attempt]
    """What it showed to the judge."""
    kernel: str | None
    """Text of the graded kernel."""
    suffix: str
    """File extension of kernels, with the dot."""


def write(sources: Iterable[Source], folder: Path) -> int:
    """Writes the kernels into a new or empty folder; returns how many. UsageError if the folder holds something or is refused."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{str(folder)!r} is not empty", "name a new folder with --out")
    rows: list[tuple[object, ...]] = []
    try:
        for source in sources:
            rows += _write_trial(source, folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.csv").write_text(_index(rows), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {str(folder)!r}: {error.strerror}", "name another folder with --out") from error
    return len(rows)


def _write_trial(source: Source, folder: Path) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    spec = source.trial.spec
    for attempt in source.attempts:
        is_final = attempt.tool == FINAL
        text = source.kernel if is_final else attempt.source
        if text is None:
            continue
        outcome = failures.outcome(attempt)
        name = f"{'graded' if is_final else f'{attempt.number:02}-{attempt.tool}'}-{outcome}"
        path = folder / spec.id / (re.sub(r"[^\w.-]", "_", name) + source.suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = text.encode("utf-8", "surrogatepass")
        path.write_bytes(content)
        e = attempt.evaluation
        rows.append(
            (path.relative_to(folder).as_posix(), hashlib.sha256(content).hexdigest(), spec.model, spec.backend, spec.workload,
             spec.repeat, attempt.number, attempt.tool, outcome, e.cycles if e else None, e.speedup if e else None)
        )  # fmt: skip
    return rows


def _index(rows: Iterable[tuple[object, ...]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return buffer.getvalue()
