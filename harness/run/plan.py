"""What a run is going to do, pinned before its first trial: the options, the workloads, and a digest of everything that decides a
score.

A `Lock` is a pure function of the `Options`, the secret and what is installed. `resume` and `grade` make it again and compare, so
an edited lock file and a changed installation are noticed alike, and named. Trials are the product of models, backends, workloads
and repeats; they are listed lazily and never stored.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

import harness
from harness.agent import prompts
from harness.backend import Backend, BackendInfo, Support
from harness.errors import IntegrityError, UsageError
from harness.record import Name, Record, digest
from harness.task import Workload
from harness.trial import AgentSettings, TrialSpec

SCHEMA_VERSION = 1
PACKAGES = ("kernelwright", "numpy", "ml-dtypes", "pydantic", "openai", "anthropic")
"""Distributions whose versions a lock records."""
UNSCORED = ("cli", "scoring")
"""Subpackages of the harness that read results and decide none; their sources are not part of the digest."""
NAME_LIMIT = 240
"""Bytes of a trial's folder name: 255 on every common file system, less what the store puts in front."""


class Options(Record):
    """What the user asked for; together with what is installed, it decides everything else."""

    models: tuple[str, ...]
    """Models as named on the command line."""
    suite: str = ""
    """Suite to choose from; empty for all that are registered."""
    tasks: tuple[str, ...] = ()
    """Selectors (`harness.run.selection`); empty for the whole suite."""
    backends: tuple[str, ...] = ()
    """Backend names; empty where only one is registered."""
    repeats: int = Field(default=1, ge=1)
    """Trials of each model on each workload."""
    settings: AgentSettings = AgentSettings()
    """How the agent is run."""
    model_options: dict[str, str] = {}
    """``key`` or ``model:key`` to value."""
    backend_options: dict[str, str] = {}
    """``key`` or ``backend:key`` to value."""
    sandbox: str = ""
    """Preferred sandbox tier; empty for the strongest that works."""
    unsafe: bool = False
    """Whether to go on without a sandbox where none works."""


class BackendRecord(Record):
    """A backend as a lock remembers it."""

    version: str
    """Version of its package."""
    sandbox: str
    """Tier that untrusted code runs in."""
    workloads: tuple[str, ...]
    """Ids of the planned workloads, in suite order."""
    unsupported: dict[str, str] = {}
    """Ids of workloads that were asked for and that the target cannot hold, with its reason."""


class Lock(Record):
    """``lock.json``: what a run consists of and what decided its scores."""

    schema_version: Literal[1] = 1
    created_at: str
    """ISO 8601, UTC."""
    command: tuple[str, ...] = ()
    """The command line that made the run."""
    options: Options
    """What was asked for."""
    suite: Name
    """Name of the suite, when the run covers exactly its workloads; empty for any other selection."""
    models: dict[Name, dict[str, object]]
    """Models in order of the command line, with the settings that shape their answers."""
    backends: dict[Name, BackendRecord]
    """Backends in order of the command line."""
    versions: dict[str, str]
    """Versions of Python and of the packages that take part."""
    digests: dict[str, str]
    """SHA-256 of each thing that decides a score: ``task P15``, ``backend cpu``, ``manual cpu``, ``baselines cpu``,
    ``prompts``, ``harness``, ``settings``, ``models``, ``workloads``, ``numerics``, ``sandbox``, ``secret``."""
    checksum: str = ""
    """SHA-256 of all other fields."""

    def sealed(self) -> Lock:
        """The same with its checksum."""
        return self.model_copy(update={"checksum": self._checksum()})

    def check_seal(self) -> None:
        """IntegrityError if a field was edited."""
        if self.checksum != self._checksum():
            raise IntegrityError(
                "lock.json was edited: its checksum does not match its contents",
                "restore the file, or start a new run; a lock is never changed by hand",
            )

    def _checksum(self) -> str:
        return digest(self.model_copy(update={"checksum": ""}))

    def trials(self) -> Iterator[TrialSpec]:
        """Every trial of the run, in the order in which they start: whole passes over the workloads, so that a run which
        is stopped early has covered each model about equally."""
        for repeat in range(self.options.repeats):
            for backend, record in self.backends.items():
                for workload in record.workloads:
                    for model in self.models:
                        yield TrialSpec(model=model, backend=backend, workload=workload, repeat=repeat)

    @property
    def size(self) -> int:
        """Number of trials."""
        return self.options.repeats * len(self.models) * sum(len(record.workloads) for record in self.backends.values())


def make_lock(
    options: Options,
    secret: str,
    backends: Mapping[str, Backend],
    workloads: list[Workload],
    support: Mapping[str, Mapping[str, Support]],
    models: Mapping[str, dict[str, object]],
    *,
    suite: str = "",
    command: tuple[str, ...] = (),
) -> Lock:
    """The sealed lock of a run. UsageError if there is nothing to run or a trial could not have a folder.
    ``support`` says for each backend and workload id whether it is run."""
    for name in models:
        if not name.isprintable():
            raise UsageError(f"model name {name!r} holds characters that do not print", "they would act on terminals and reports")
    records = {name: _backend_record(backend, support[name]) for name, backend in backends.items()}
    if not any(record.workloads for record in records.values()):
        reasons = {reason for record in records.values() for reason in record.unsupported.values()}
        raise UsageError("nothing to run: no backend supports any chosen workload", "; ".join(sorted(reasons)[:3]))
    by_id = {workload.id: workload for workload in workloads}
    lock = Lock(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        options=options,
        suite=suite,
        models=dict(models),
        backends=records,
        versions=_versions(),
        digests={
            **{f"task {workload.task.id}": workload.task.digest for workload in workloads},
            **{key: value for name in backends for key, value in _backend_digests(name, backends[name], records[name], by_id)},
            "workloads": digest({name: record.model_dump(mode="json") for name, record in records.items()}),
            "models": digest(dict(models)),
            "settings": digest(options.settings),
            "prompts": prompts.digest(),
            "harness": folder_digest(Path(harness.__file__).parent, ("*.py", "*.c", "*.h", "*.json", "*.toml"), UNSCORED),
            "numerics": digest({name: importlib.metadata.version(name) for name in ("numpy", "ml-dtypes")}),
            "sandbox": digest({name: record.sandbox for name, record in records.items()}),
            "secret": secret_digest(secret),
        },
    )
    _check_folder_names(lock)
    return lock.sealed()


def check_unchanged(recorded: Lock, now: Lock) -> None:
    """IntegrityError naming every digest of a stored lock that what is installed now does not reproduce."""
    if changed := changes(recorded, now):
        raise IntegrityError(
            f"this run was made with something else than what is here now; changed: {', '.join(changed)}",
            "restore what changed (same versions, options and machine set-up), or start a new run: "
            "scores made under different conditions are never mixed",
        )


def check_backend(recorded: Lock, name: str, info: BackendInfo) -> None:
    """IntegrityError if a backend made for a trial is not the one that the lock pins: its package changed while the run went on,
    or its digest depends on the process that it is asked in."""
    for kind, now in (("backend", info.digest), ("manual", info.manual.digest)):
        pinned = recorded.digests[f"{kind} {name}"]
        if now != pinned:
            raise IntegrityError(
                f"the {kind} of {name!r} has digest {now[:12]!r} in this worker, and the run's lock pins {pinned[:12]!r}",
                "was a package changed while the run went on? a digest must be the same in every process",
            )


def changes(recorded: Lock, now: Lock) -> list[str]:
    """Names of the digests that differ, in alphabetical order."""
    names = sorted({*recorded.digests, *now.digests})
    return [name for name in names if recorded.digests.get(name) != now.digests.get(name)]


def secret_digest(secret: str) -> str:
    """What a lock says of the run's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def folder_digest(folder: Path, patterns: tuple[str, ...], leave_out: tuple[str, ...] = ()) -> str:
    """SHA-256 over the names and contents of the files in a folder, but for some of its subfolders."""
    files = sorted({path.relative_to(folder) for pattern in patterns for path in folder.rglob(pattern)})
    total = hashlib.sha256()
    for path in files:
        if path.parts[0] not in leave_out:
            content = hashlib.sha256((folder / path).read_bytes()).hexdigest()
            total.update(f"{path.as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def _backend_record(backend: Backend, support: Mapping[str, Support]) -> BackendRecord:
    return BackendRecord(
        version=backend.info.version,
        sandbox=backend.info.sandbox,
        workloads=tuple(id for id, answer in support.items() if answer.supported),
        unsupported={id: answer.reason for id, answer in support.items() if not answer.supported},
    )


def _backend_digests(
    name: str, backend: Backend, record: BackendRecord, workloads: Mapping[str, Workload]
) -> Iterator[tuple[str, str]]:
    yield f"backend {name}", backend.info.digest
    yield f"manual {name}", backend.info.manual.digest
    yield f"baselines {name}", digest({id: backend.baseline(workloads[id]) for id in record.workloads})


def _versions() -> dict[str, str]:
    installed = {name: _version(name) for name in PACKAGES}
    return {"python": platform.python_version(), **{name: version for name, version in installed.items() if version}}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _check_folder_names(lock: Lock) -> None:
    seen: dict[str, TrialSpec] = {}
    for model in lock.models:
        for backend, record in lock.backends.items():
            for workload in record.workloads:
                spec = TrialSpec(model=model, backend=backend, workload=workload, repeat=lock.options.repeats - 1)
                other = seen.setdefault(spec.id, spec)
                if other != spec:
                    raise UsageError(f"models {other.model!r} and {model!r} would share a folder", "run them separately")
                if len(spec.id.encode()) > NAME_LIMIT:
                    raise UsageError(f"model name {model!r} is too long for a folder name", "use a shorter alias")
