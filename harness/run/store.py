"""A run on disk: one folder, in which a finished trial is a folder that appeared by one rename.

```
lock.json               what the run is (harness.run.plan.Lock)
secret                  seeds are derived from it; mode 0600, its digest is in the lock
run.lock                held (flock) by the process that runs, resumes or grades this run
trials/ID/              finished trials: trial.json, transcript.jsonl, kernel.*, evaluations.jsonl
trials/.pending-ID/     trials in progress: journal.jsonl and whatever the trial has written so far
evaluations/KEY.json    evaluations by content, safe to delete
regrades/WHEN/          evaluations of a regrade and its summary
```

A trial that ended without being graded (provider, infra, ...) is finished too, and stays readable until it is tried again: then
its folder becomes the pending one, so that its journal goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.errors import InfraError, IntegrityError, UsageError
from harness.files import write_atomically
from harness.record import Record
from harness.run.plan import SCHEMA_VERSION, Lock, secret_digest
from harness.trial import SCHEMA_VERSION as TRIAL_VERSION
from harness.trial import Evaluation, Trial, TrialSpec

FREE_BYTES = 64 << 20
"""Free space below which a run does not start, and drains once a write has failed."""
PROBE_BYTES = 2 << 20
"""What is written to try whether another trial has room: more than a journal reserves."""
OWN = {"lock.json", "secret", "run.lock", "trials", "evaluations", "regrades"}

R = TypeVar("R", bound=Record)
Migration = Callable[[dict[str, Any]], dict[str, Any]]
LOCK_MIGRATIONS: Mapping[int, Migration] = {}
"""From a schema version of ``lock.json`` to the function that makes the next version of it."""
TRIAL_MIGRATIONS: Mapping[int, Migration] = {}
"""The same for ``trial.json``."""


class Store:
    """The folder of one run."""

    def __init__(self, folder: Path, lock: Lock, secret: str) -> None:
        self.folder = folder
        self.lock = lock
        self.secret = secret
        self.cache = DiskCache(folder / "evaluations")

    @classmethod
    def create(cls, folder: Path, lock: Lock, secret: str) -> Store:
        """Makes the folder of a new run. UsageError if it is not empty, cannot be written, or its disk is full."""
        check_new(folder)
        with _refusing(folder):
            for part in ("trials", "evaluations"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            write_atomically(folder / "secret", secret, mode=0o600)
            write_atomically(folder / "lock.json", lock.model_dump_json(indent=2) + "\n")
        return cls(folder, lock, secret)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """A run that exists. UsageError if there is none; IntegrityError if its lock or secret was edited."""
        lock = read_lock(folder)
        try:
            secret = (folder / "secret").read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise IntegrityError(f"{folder / 'secret'} cannot be read: {error}", "without it no kernel can be graded") from error
        if secret_digest(secret) != lock.digests.get("secret"):
            raise IntegrityError(f"{folder / 'secret'} is not the secret this run began with", "restore it, or start a new run")
        return cls(folder, lock, secret)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Holds the run for this process. UsageError, naming the holder, if another process has it."""
        with _refusing(self.folder):
            descriptor = os.open(self.folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise UsageError(
                f"{self.folder} is in use by process {holder}", "wait for it or stop it; two runs never share a folder"
            ) from None
        finally:
            os.close(descriptor)

    # Trials

    def finished_folder(self, spec: TrialSpec) -> Path:
        """Where a trial lies once it has ended."""
        return self.folder / "trials" / spec.id

    def pending_folder(self, spec: TrialSpec) -> Path:
        """Where a trial works."""
        return self.folder / "trials" / f".pending-{spec.id}"

    def trial(self, spec: TrialSpec) -> Trial | None:
        """The finished trial, graded or not; None if it has not ended yet. IntegrityError if another one lies in its place."""
        return read_trial(self.finished_folder(spec), spec)

    def trials(self) -> Iterator[Trial]:
        """Finished trials in the order of the plan, read one at a time."""
        return (trial for spec in self.lock.trials() if (trial := self.trial(spec)))

    def is_graded(self, spec: TrialSpec) -> bool:
        """Whether this trial needs no more work."""
        trial = self.trial(spec)
        return trial is not None and trial.status.is_graded

    def kernel(self, spec: TrialSpec) -> str | None:
        """Text of the graded kernel; None if the trial left none. IntegrityError if it is not the text that was graded."""
        found = kernel_file(self.finished_folder(spec))
        return read_kernel(found) if found else None

    @contextlib.contextmanager
    def working_on(self, spec: TrialSpec) -> Iterator[Path]:
        """The pending folder of a trial, held by this process alone: new, or as an earlier attempt left it."""
        pending, finished = self.pending_folder(spec), self.finished_folder(spec)
        if finished.exists() and not self.is_graded(spec):
            shutil.rmtree(pending, ignore_errors=True)
            finished.rename(pending)
        check_plain(pending)
        pending.mkdir(exist_ok=True)
        descriptor = os.open(pending, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # a worker of a killed run may take a moment to die
            yield pending
        finally:
            os.close(descriptor)

    def publish(self, spec: TrialSpec) -> None:
        """Turns the pending folder into the finished one: everything is on disk first, then one rename."""
        pending = self.pending_folder(spec)
        for path in [*pending.rglob("*"), pending]:
            _sync(path)
        pending.rename(self.finished_folder(spec))
        _sync(pending.parent)

    def check_space(self) -> None:
        """InfraError if the folder cannot take another trial."""
        with _refusing(self.folder, InfraError):
            check_free(self.folder)
            with tempfile.NamedTemporaryFile(dir=self.folder) as probe:
                probe.write(bytes(PROBE_BYTES))
                probe.flush()


class CacheEntry(Record):
    """One file of the evaluation cache."""

    key: str
    """The key it was stored under."""
    checksum: str
    """SHA-256 of ``evaluation``, so that damage is noticed."""
    evaluation: str
    """The `Evaluation` as JSON."""


class DiskCache:
    """Evaluations by content key, one file each; a damaged entry counts as absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Evaluation | None:
        """The evaluation stored under this key, if it is there and whole."""
        try:
            entry = CacheEntry.model_validate_json((self.folder / f"{key}.json").read_bytes())
            if entry.key == key and entry.checksum == _sha256(entry.evaluation):
                return Evaluation.model_validate_json(entry.evaluation)
        except (OSError, ValidationError):
            pass
        return None

    def put(self, key: str, evaluation: Evaluation) -> None:
        """Stores an evaluation; what is read is either all of it or nothing."""
        text = evaluation.model_dump_json()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(
            self.folder / f"{key}.json", CacheEntry(key=key, checksum=_sha256(text), evaluation=text).model_dump_json()
        )


def check_new(folder: Path) -> None:
    """UsageError if a run cannot begin in this folder. What a start that never got to its lock left behind is no obstacle."""
    with _refusing(folder):
        if (folder / "lock.json").exists():
            raise UsageError(f"{folder} already holds a run", f"go on with it: kernelwright resume {folder}")
        if folder.exists() and (foreign := sorted({path.name for path in folder.iterdir()} - OWN)):
            raise UsageError(f"{folder} is not empty: it holds {foreign[0]!r}", "name a new folder with --out")
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        check_free(folder)


def check_free(folder: Path) -> None:
    """OSError if the disk of a folder is as good as full."""
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES:
        raise OSError(f"only {free >> 20} MiB are free, a run needs {FREE_BYTES >> 20} MiB")


def read_lock(folder: Path) -> Lock:
    """The lock of a run, its seal checked."""
    path = folder / "lock.json"
    check_plain(folder, may_be_linked=True)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{folder} is not a run: {error.strerror}: {path}", "give the folder that 'run' printed") from error
    lock = read_versioned(path, text, Lock, SCHEMA_VERSION, LOCK_MIGRATIONS)
    lock.check_seal()
    return lock


def read_trial(folder: Path, spec: TrialSpec | None = None) -> Trial | None:
    """The trial in a folder, which must be that of ``spec`` if one is given; None if the folder holds none that ended."""
    path = folder / "trial.json"
    check_plain(folder)
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    trial = read_versioned(path, text, Trial, TRIAL_VERSION, TRIAL_MIGRATIONS)
    if spec is not None and trial.spec != spec:
        raise IntegrityError(f"{path} is the record of {trial.spec.id}", "it was moved or copied here; delete the trial")
    return trial


def kernel_file(folder: Path) -> Path | None:
    """The graded kernel in a trial's folder, if there is one."""
    return next(iter(sorted(folder.glob("kernel.*"))), None)


def read_kernel(path: Path) -> str:
    """Text of a kernel, lone surrogates included, as a model may have sent them. IntegrityError for bytes that no kernel has."""
    try:
        return path.read_bytes().decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{path} is damaged: {error}", "restore it or delete the trial") from error


def check_plain(folder: Path, *, may_be_linked: bool = False) -> None:
    """IntegrityError if a folder of a run, or something in it, is a link: whoever made it could have files outside of the run
    read into reports and evidence, or written to. A run as a whole may be linked to."""
    linked = [folder] if folder.is_symlink() and not may_be_linked else []
    with contextlib.suppress(OSError):  # it is not there, or no folder; who reads it says so
        linked += [Path(entry) for entry in os.scandir(folder) if entry.is_symlink()]
    for path in linked:
        raise IntegrityError(f"{path} is a link to {str(path.readlink())!r}", "a run has none: put there what it stands for")


def read_versioned(path: Path, text: bytes, kind: type[R], current: int, migrations: Mapping[int, Migration]) -> R:
    """A record of any version this program can read. IntegrityError, naming the file, for anything else."""
    try:
        data = json.loads(text)
        version = data["schema_version"]
        while version != current and version in migrations:
            data = migrations[version](data)
            version = data["schema_version"]
        if version != current:
            raise IntegrityError(
                f"{path} has schema version {version!r}; this program reads version {current}",
                "use the kernelwright that made it" if isinstance(version, int) and version < current else "upgrade kernelwright",
            )
        return kind.model_validate(data)
    except (ValueError, TypeError, KeyError, RecursionError) as error:  # pydantic's and json's errors are ValueErrors
        first = str(error).splitlines()[0]
        raise IntegrityError(f"{path} is damaged: {type(error).__name__}: {first}", "restore it or delete the trial") from error


@contextlib.contextmanager
def _refusing(folder: Path, kind: type[UsageError] | type[InfraError] = UsageError) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise kind(f"cannot write to {folder}: {reason}", "free some space, or name another folder with --out") from error


def _sync(path: Path) -> None:
    if path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
