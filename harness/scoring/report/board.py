"""The public page of a leaderboard: its rows, and one click away what each cell rests on.

It is the page of a report whose runs are the rows' evidence. A cell of the heat map opens the trial: its judgement, the text of
its kernel, the digests that decided it, and the command that judges it again. A model opens the provenance of its row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import IntegrityError, UsageError
from harness.scoring.leaderboard import Evidence, Row, evidence_path, lines, load, load_evidence, target
from harness.scoring.report.html import Collection, Run, page_of
from harness.scoring.report.page import charts, tables
from harness.scoring.report.page.data import Source
from harness.scoring.report.table import Line

VERIFY = (
    "Every row can be recomputed and its kernels judged again, without any model: check out the repository and run the command "
    "that stands with the row. Nothing in the table is typed in."
)


def board_page(leaderboard: Path, title: str = "Leaderboard", names: Mapping[str, str] = {}) -> str:
    """The page of a leaderboard file, whose evidence lies beside it. ``names`` are the names of tasks by id.

    UsageError if it has no row or the plots cannot be drawn; IntegrityError if evidence is missing or not the row's.
    """
    charts.check_installed()
    rows = load(leaderboard).rows
    if not rows:
        raise UsageError(f"{leaderboard} has no row", "add a run first: kernelwright leaderboard add RUN")
    entries = lines(rows)
    collection, runs = Collection(), []
    for row, line in zip(rows, entries, strict=True):
        evidence, digest = load_evidence(evidence_path(leaderboard, row.id))
        if digest != row.evidence:
            raise IntegrityError(
                f"the evidence of row {row.id} was changed: its SHA-256 is {digest[:12]}, the row states {row.evidence[:12]}",
                "restore it from version control",
            )
        agent = _agent(row, line)
        run = _run(row, line, agent)
        runs.append(run)
        for source in _sources(row, line, evidence, run.name):
            collection.add(source, agent)
    links = {_key(line): f"#row-{row.id}" for row, line in zip(rows, entries, strict=True)}
    return page_of(collection, runs, tables.board(entries, lambda line: links[_key(line)]), title, names, VERIFY)


def _agent(row: Row, line: Line) -> str:
    """The model, with what tells the row from another one of the same model."""
    return f"{line.model} [{row.id[:6]}]" if row.id[:6] in line.marks else line.model


def _key(line: Line) -> tuple[str, str, tuple[str, ...]]:
    """What no two lines of a leaderboard share."""
    return line.model, line.where, line.marks


def _run(row: Row, line: Line, agent: str) -> Run:
    identity = row.identity
    facts = [
        ("row", row.id),
        ("verify with", _verify(row)),
        ("model", identity.model),
        ("suite", identity.suite),
        ("backend", target(identity)),
        ("trials", f"{row.metrics.graded} graded of {row.planned} planned"),
        ("sandboxes", ", ".join(row.sandboxes)),
        ("marks", ", ".join(line.marks)),
        ("made by", row.command),
        ("started", row.date),
        ("evidence", f"evidence/{row.id}.json, SHA-256 {row.evidence}"),
        ("settings", json.dumps(identity.settings, sort_keys=True)),
        *((f"version of {name}", version) for name, version in sorted(row.versions.items())),
    ]
    known = [(name, value) for name, value in facts if value]
    return Run(f"row-{row.id}", f"{agent}, {line.where}", [identity.model], known, identity.digests)


def _sources(row: Row, line: Line, evidence: Evidence, run: str) -> Iterator[Source]:
    for trial in evidence.trials:
        kernel = evidence.kernels.get(trial.final.kernel) if trial.final else None
        yield Source(run, trial, kernel=kernel, where=line.where, verify=_verify(row))


def _verify(row: Row) -> str:
    return f"kernelwright leaderboard verify {row.id}"
