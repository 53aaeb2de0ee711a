"""The leaderboard: rows that anybody can recompute, and the evidence they are computed from.

``leaderboard.json`` holds one `Row` per model on a suite and backend. ``evidence/<row id>.json`` beside it holds an `Evidence`:
the run's secret (no longer one, the run being over), every trial record, and the text of every kernel that was graded. A row is
a pure function of its evidence, `row_of`: nothing in it can be typed in, and `harness.scoring.verify` recomputes all of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import StringConstraints, TypeAdapter, ValidationError

from harness.errors import IntegrityError, UsageError
from harness.files import write_atomically
from harness.record import Name, Record, digest
from harness.scoring.comparison import Comparison, tournament
from harness.scoring.metrics import Metrics, compute, task_id
from harness.scoring.report.table import UNSAFE, Line
from harness.trial import Status, Trial, Verdict

_R = TypeVar("_R", bound=Record)

SCHEMA_VERSION = 2
"""Version of ``leaderboard.json``; raised with every change of it. Rows of older ones are computed anew from their evidence."""
EVIDENCE_VERSION = 1
"""Version of evidence files; raised with every incompatible change."""


class Identity(Record):
    """What was measured: two rows that agree in all of it measured the same thing."""

    model: Name
    """Model as named on the command line."""
    settings: dict[str, Any]
    """Model options and agent settings: whatever shapes the answers."""
    suite: Name
    """Name of the task suite."""
    backend: Name
    """Backend name."""
    digests: dict[str, str]
    """SHA-256 of each thing that decided the score: ``task P15``, ``backend cpu``, ``manual cpu``, ``prompts``, ``harness``."""


class Evidence(Record):
    """Everything that a row is computed from and can be verified with."""

    schema_version: Literal[1] = 1
    identity: Identity
    """What was measured."""
    workloads: tuple[str, ...]
    """Ids of the workloads that the run was to cover."""
    repeats: int
    """Trials that it was to make of each."""
    secret: str
    """The run's secret, from which all hidden inputs follow."""
    secret_digest: str
    """SHA-256 of the secret as the run's lock pinned it before the first trial."""
    command: str
    """The command that made the run."""
    versions: dict[str, str]
    """Versions of the harness, Python and the tools, by name."""
    date: str
    """When the run was started, ISO 8601, UTC."""
    kernels: dict[str, str]
    """Text of every graded kernel by its SHA-256."""
    trials: tuple[Trial, ...]
    """Every trial record, in the order of the plan."""

    @property
    def planned(self) -> int:
        """Trials that the run was to make for this row."""
        return self.repeats * len(self.workloads)


class Entry(Record):
    """One trial of a row."""

    workload: str
    """`Workload.id`."""
    repeat: int
    """0-based repetition."""
    status: Status
    """Why it ended."""
    verdict: Verdict | None
    """Verdict on the final kernel; None where none was judged."""
    speedup: float | None
    """Baseline cycles over cycles; None unless passed."""
    speedup_low: float | None
    """Lower end of its 95% interval."""
    speedup_high: float | None
    """Upper end."""
    cycles: float | None
    """Cycles of the kernel; None unless passed."""
    bound_share: float | None
    """Bound cycles over cycles."""
    alarms: tuple[str, ...]
    """Reasons to distrust the pass."""
    kernel: str | None
    """SHA-256 of the final kernel's text."""
    iterations: int
    """Kernels shown to the judge."""
    first_pass: int | None
    """1-based index of the first of them that passed on public inputs."""


RowId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""A file is named by it, so that nothing else will do."""


class Row(Record):
    """One model on one suite and backend."""

    id: RowId
    """First 16 hex digits of the SHA-256 of identity and evidence: also the name of the evidence file."""
    identity: Identity
    """What was measured."""
    settings_digest: str
    """SHA-256 of ``identity.settings``: tells apart rows of one model."""
    evidence: str
    """SHA-256 of the evidence file."""
    planned: int
    """Trials that the run was to make."""
    is_partial: bool
    """Whether some of those are missing or were not graded, so that the rest may be a lucky part."""
    sandboxes: tuple[str, ...]
    """Tiers that the graded kernels ran in."""
    is_unsafe: bool
    """Whether any of them ran without confinement: it could have touched anything, this harness included."""
    command: str
    """The command that made the run."""
    versions: dict[str, str]
    """Versions of the harness, Python and the tools."""
    date: str
    """When the run was started, ISO 8601, UTC."""
    metrics: Metrics
    """What the trials add up to."""
    trials: tuple[Entry, ...]
    """Every trial, in the order of the plan."""


class Leaderboard(Record):
    """The file ``leaderboard.json``."""

    schema_version: Literal[2] = 2
    rows: tuple[Row, ...] = ()
    """In order of suite, backend, model, date."""


def json_schema() -> str:
    """The JSON schema of ``leaderboard.json``, as shipped in ``results/leaderboard.schema.json``."""
    return json.dumps(Leaderboard.model_json_schema(mode="serialization"), indent=2, sort_keys=True) + "\n"


def lines(rows: Sequence[Row]) -> list[Line]:
    """Rows as lines of a result table; rows of one model on one suite and backend are told apart by their ids."""
    named = Counter((row.identity.model, row.identity.suite, target(row.identity)) for row in rows)
    return [_line(row, named[row.identity.model, row.identity.suite, target(row.identity)] > 1) for row in rows]


def target(identity: Identity) -> str:
    """The backend with its options, which may change what a cycle is: ``plena (timing=overlapped)``. Only rows that agree in it
    are ranked together."""
    options = ", ".join(f"{key}={value}" for key, value in sorted(identity.settings.get("backend", {}).items()))
    return f"{identity.backend} ({options})" if options else identity.backend


def tournaments(rows: Sequence[Row], leaderboard: Path) -> dict[str, list[Comparison]]:
    """For each suite and target, every pair of its rows compared on their evidence (`harness.scoring.comparison.tournament`)."""
    groups: dict[str, list[tuple[str, Evidence]]] = defaultdict(list)
    for row, line in zip(rows, lines(rows), strict=True):
        label = " ".join([line.model, *(f"[{mark}]" for mark in line.marks)])
        groups[line.where].append((label, load_evidence(evidence_path(leaderboard, row.id))[0]))
    return {
        where: tournament({name: e.trials for name, e in found}, {name: e.identity.digests for name, e in found})
        for where, found in sorted(groups.items())
    }


def _line(row: Row, needs_id: bool) -> Line:
    marks = [row.id[:6]] * needs_id + ["unsafe sandbox"] * row.is_unsafe + ["partial"] * row.is_partial
    return Line(row.identity.model, target(row.identity), row.metrics, row.identity.suite, tuple(marks))


# From a run to a row


def evidence_problems(evidence: Evidence) -> list[str]:
    """What in the evidence contradicts itself; empty if it is sound."""
    found = []
    if hashlib.sha256(evidence.secret.encode()).hexdigest() != evidence.secret_digest:
        found.append("the secret is not the one that the run's lock pinned")
    for key, text in evidence.kernels.items():
        if hashlib.sha256(text.encode()).hexdigest() != key:
            found.append(f"the text stored as kernel {key[:12]} has another digest: it was swapped or edited")
    graded = {trial.final.kernel for trial in evidence.trials if trial.final}
    found += [f"no trial was graded with the kernel stored as {key[:12]}" for key in sorted(evidence.kernels.keys() - graded)]
    counts = Counter(trial.spec.id for trial in evidence.trials)
    found += [f"trial {name!r} appears {count} times" for name, count in counts.items() if count > 1]
    for trial in evidence.trials:
        found += [f"trial {trial.spec.id!r}: {problem}" for problem in _trial_problems(trial, evidence)]
    return found


def _trial_problems(trial: Trial, evidence: Evidence) -> Iterator[str]:
    identity, spec, final = evidence.identity, trial.spec, trial.final
    if (spec.model, spec.backend) != (identity.model, identity.backend):
        yield f"it is of {spec.model!r} on {spec.backend!r}, the row of {identity.model!r} on {identity.backend!r}"
    if spec.workload not in evidence.workloads or not 0 <= spec.repeat < evidence.repeats:
        yield "the run did not plan it"
    for kind, key in (
        ("task", f"task {task_id(spec.workload)}"),
        ("backend", f"backend {spec.backend}"),
        ("manual", f"manual {spec.backend}"),
    ):
        if kind in trial.digests and trial.digests[kind] != identity.digests.get(key):
            yield f"it was made with another {kind} than the run's lock pins"
    if final is None:
        return
    if (final.workload, final.backend, final.stage) != (spec.workload, spec.backend, "final"):
        yield f"its grade is the {final.stage} evaluation of {final.workload!r} on {final.backend!r}"
    # Text that is not Unicode cannot be stored; it never builds, so nothing is gained by losing it.
    if final.kernel not in evidence.kernels and final.verdict is not Verdict.build_error:
        yield f"the text of its graded kernel {final.kernel[:12]} is missing"


def row_of(evidence: Evidence, evidence_digest: str) -> Row:
    """The row that the evidence adds up to: a pure function."""
    finals = [trial.final for trial in evidence.trials if trial.final]
    metrics = compute(evidence.trials)
    sandboxes = tuple(sorted({final.sandbox for final in finals}))
    return Row(
        id=digest(evidence.identity, evidence_digest)[:16],
        identity=evidence.identity,
        settings_digest=digest(evidence.identity.settings),
        evidence=evidence_digest,
        planned=evidence.planned,
        is_partial=metrics.graded < evidence.planned,
        sandboxes=sandboxes,
        is_unsafe=UNSAFE in sandboxes,
        command=evidence.command,
        versions=evidence.versions,
        date=evidence.date,
        metrics=metrics,
        trials=tuple(_entry(trial) for trial in evidence.trials),
    )


def _entry(trial: Trial) -> Entry:
    final = trial.final
    return Entry(
        workload=trial.spec.workload,
        repeat=trial.spec.repeat,
        status=trial.status,
        verdict=final.verdict if final else None,
        speedup=final.speedup if final else None,
        speedup_low=final.speedup_low if final else None,
        speedup_high=final.speedup_high if final else None,
        cycles=final.cycles if final else None,
        bound_share=final.bound_share if final else None,
        alarms=final.alarms if final else (),
        kernel=final.kernel if final else None,
        iterations=trial.iterations,
        first_pass=trial.first_pass,
    )


# Files


def load(path: Path) -> Leaderboard:
    """The leaderboard at ``path``; an empty one where there is no file. UsageError for anything that is not one.

    A file of an older version is read as this one's; it is written as such when a row is next added. IntegrityError where the
    evidence that this takes is missing or was changed.
    """
    if not path.exists():
        return Leaderboard()
    return _read(path, Leaderboard, "a leaderboard", SCHEMA_VERSION, lambda old: _migrated(path, old))[0]


def _migrated(path: Path, old: dict[str, Any]) -> dict[str, Any]:
    """An older leaderboard's rows, computed anew from their evidence, which has not changed. IntegrityError where it has."""
    rows = []
    for row in old["rows"]:
        made = row_of(*load_evidence(evidence_path(path, TypeAdapter(RowId).validate_python(row["id"]))))
        if made.id != row["id"]:
            raise IntegrityError(
                f"the evidence of row {row['id']!r} was changed: it gives {made.id!r}", "restore it, or remove the row"
            )
        rows.append(made.model_dump(mode="json"))
    return {"schema_version": SCHEMA_VERSION, "rows": rows}


def load_evidence(path: Path) -> tuple[Evidence, str]:
    """An evidence file with its SHA-256. IntegrityError if it is missing or not one."""
    if not path.is_file():
        raise IntegrityError(f"the evidence {str(path)!r} is missing")
    try:
        evidence, raw = _read(path, Evidence, "an evidence file", EVIDENCE_VERSION)
    except UsageError as error:
        raise IntegrityError(error.message) from error
    return evidence, hashlib.sha256(raw).hexdigest()


def _read(
    path: Path, model: type[_R], kind: str, version: int, migrate: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> tuple[_R, bytes]:  # fmt: skip
    """A file of a schema version, or of an older one that can be migrated, with its bytes; UsageError says why it is not one."""
    raw = path.read_bytes()
    hint = "move it away or restore it from version control; it was left as it was"
    try:
        loose = json.loads(raw)
        found = loose.get("schema_version") if isinstance(loose, dict) else None
        if isinstance(found, int) and found > version:
            raise UsageError(
                f"{str(path)!r} was written by a newer kernelwright: schema version {found}, this one reads {version}",
                "upgrade kernelwright; it was left as it was",
            )
        if migrate is not None and isinstance(found, int) and found < version:
            return model.model_validate_json(json.dumps(migrate(loose))), raw
        return model.model_validate_json(raw), raw
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        reason = f"{where}: {first['msg']} ({error.error_count()} problem(s) in all)"
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        reason = str(error)
    raise UsageError(f"{str(path)!r} is not {kind}: {reason}", hint)


def evidence_path(leaderboard: Path, row: str) -> Path:
    """Where the evidence of a row lies."""
    return leaderboard.parent / "evidence" / f"{row}.json"


def add(leaderboard: Path, evidences: Iterable[Evidence], *, allow_partial: bool = False, replace: bool = False) -> list[Row]:
    """Adds one row per evidence; all or none. Rows that are already there are written again, unchanged. With ``replace``, older
    rows of the same model, settings, suite and backend make room, whatever else their scores were made with.

    UsageError for an incomplete run unless ``allow_partial``; IntegrityError for evidence that contradicts itself.
    """
    prepared = [_prepare(evidence, allow_partial) for evidence in evidences]
    with _locked(leaderboard.parent):
        rows = {row.id: row for row in load(leaderboard).rows}
        for row, raw in prepared:
            evidence_path(leaderboard, row.id).parent.mkdir(exist_ok=True)
            write_atomically(evidence_path(leaderboard, row.id), raw)
            rows[row.id] = row
        new = {row.id: _place(row) for row, _ in prepared}
        old = [id for id, row in rows.items() if replace and id not in new and _place(row) in new.values()]
        _save(leaderboard, (row for id, row in rows.items() if id not in old))
        for id in old:
            evidence_path(leaderboard, id).unlink(missing_ok=True)
    return [row for row, _ in prepared]


def _place(row: Row) -> str:
    """What a reader of the table would take for the same thing."""
    return digest(row.identity.model_copy(update={"digests": {}}))


def _prepare(evidence: Evidence, allow_partial: bool) -> tuple[Row, bytes]:
    who = f"{evidence.identity.model} on {evidence.identity.backend}"
    if problems := evidence_problems(evidence):
        raise IntegrityError(f"the run of {who} contradicts itself: {problems[0]}", f"{len(problems)} problem(s) in all")
    raw = (evidence.model_dump_json(indent=1) + "\n").encode()
    row = row_of(evidence, hashlib.sha256(raw).hexdigest())
    if row.metrics.graded == 0:
        raise UsageError(f"the run of {who} has no graded trial: there is nothing to rank", "resume the run first")
    if row.is_partial and not allow_partial:
        raise UsageError(
            f"the run of {who} is incomplete: {row.metrics.graded} of {row.planned} trials are graded",
            "resume the run, or add it with --partial, which is recorded in the row",
        )
    return row, raw


def _save(path: Path, rows: Iterable[Row]) -> None:
    order = sorted(rows, key=lambda row: (row.identity.suite, row.identity.backend, row.identity.model, row.date, row.id))
    write_atomically(path, Leaderboard(rows=tuple(order)).model_dump_json(indent=1) + "\n")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time; the lock is on the folder itself, so that it leaves no file behind."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
