"""Finding in finished runs what a person names: a trial, or the two sides of a comparison.

Nothing here runs, resumes or changes anything; a run is read as it lies on disk.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from harness.errors import UsageError, unknown
from harness.run.journal import read_events
from harness.run.store import Store, kernel_file, read_kernel, read_lock, read_trial
from harness.run.trial import JOURNAL
from harness.scoring.attempts import Attempt, attempts
from harness.scoring.comparison import Comparison, adjusted, compare, differences
from harness.trial import Event, Trial

TRANSCRIPT = "transcript.jsonl"
"""Name of a finished trial's transcript in its folder."""


@dataclass(frozen=True)
class TrialFolder:
    """A finished trial as it lies on disk."""

    path: Path
    """Its folder."""
    trial: Trial
    """Its record."""

    @cached_property
    def events(self) -> list[Event]:
        """Everything that happened. IntegrityError if the transcript is damaged; empty if there is none."""
        found = next((self.path / name for name in (TRANSCRIPT, JOURNAL) if (self.path / name).exists()), None)
        return read_events(found)[0] if found else []

    @cached_property
    def attempts(self) -> list[Attempt]:
        """The kernels that it showed to the judge."""
        return attempts(self.events)

    @property
    def kernel_path(self) -> Path | None:
        """File of the kernel that was graded; None if there is none."""
        return kernel_file(self.path)

    @property
    def kernel(self) -> str | None:
        """Text of the kernel that was graded."""
        return read_kernel(self.kernel_path) if self.kernel_path else None


def trial_folders(run: Path) -> list[TrialFolder]:
    """The finished trials of a run, in the order of its plan. UsageError if the folder is no run."""
    lock = read_lock(run)
    found = ((run / "trials" / spec.id, spec) for spec in lock.trials())
    return [TrialFolder(path, trial) for path, spec in found if (trial := read_trial(path, spec))]


def find_trial(name: Path) -> TrialFolder:
    """A trial by its folder, or by ``RUN/NAME`` with the folder's name or the beginning of it that only one trial of the run has.
    UsageError that says what is there."""
    if name.is_dir() and (trial := read_trial(name)):
        return TrialFolder(name, trial)
    if (name / "lock.json").exists():
        known = [folder.path.name for folder in trial_folders(name)]
        raise UsageError(f"{name} is a run, not a trial", f"name one of its trials: {_some(known, name)}")
    run = name.parent.parent if name.parent.name == "trials" else name.parent
    if not (run / "lock.json").exists():
        raise UsageError(f"there is no trial {str(name)!r}", "give the folder of a trial, or RUN/NAME with a trial of that run")
    folders = {folder.path.name: folder for folder in trial_folders(run)}
    matching = [key for key in folders if key == name.name] or [key for key in folders if key.startswith(name.name)]
    if len(matching) == 1:
        return folders[matching[0]]
    if matching:
        raise UsageError(f"{name.name!r} is the beginning of {len(matching)} trials in {run}", f"one of: {_some(matching, run)}")
    raise unknown("trial", name.name, folders, str(run))


def _some(names: Sequence[str], run: Path) -> str:
    shown = [str(run / name) for name in names[:6]]
    return ", ".join(shown) + (f" and {len(names) - 6} more" if len(names) > 6 else "") if names else "none has ended yet"


# The sides of a comparison


@dataclass(frozen=True)
class Chosen:
    """One model of one run."""

    store: Store
    model: str

    def trials(self, backend: str) -> list[Trial]:
        """Its finished trials on a backend."""
        return [t for t in self.store.trials() if (t.spec.model, t.spec.backend) == (self.model, backend)]


def sides(names: Sequence[str]) -> tuple[Chosen, Chosen]:
    """A and B from what a person wrote: ``RUN:MODEL`` twice, a run for each if it has one model, or one run of two models.

    UsageError that says which models there are.
    """
    if len(names) not in (1, 2):
        raise UsageError(f"a comparison has two sides, {len(names)} were given", "name two runs, or one run of two models")
    chosen = [_models(name) for name in names]
    if len(names) == 1:
        store, models = chosen[0]
        if len(models) != 2:
            hint = "name two sides: " + " ".join(f"{store.folder}:{model}" for model in (models * 2)[:2])
            raise UsageError(f"{names[0]} has {len(models)} model(s): {', '.join(models)}; one run alone needs two", hint)
        return Chosen(store, models[0]), Chosen(store, models[1])
    for name, (store, models) in zip(names, chosen, strict=True):
        if len(models) > 1:
            raise UsageError(f"{name} has {len(models)} models: {', '.join(models)}", f"choose one: {store.folder}:{models[0]}")
    a, b = (Chosen(store, models[0]) for store, models in chosen)
    if (a.store.folder.resolve(), a.model) == (b.store.folder.resolve(), b.model):
        raise UsageError(f"both sides are {a.model!r} of {a.store.folder}", "name two different ones")
    return a, b


def _models(name: str) -> tuple[Store, list[str]]:
    """The run that a side names and those of its models that are meant. Names of models and folders may hold colons."""
    parts = name.split(":")
    cuts = [at for at in range(len(parts), 0, -1) if (Path(":".join(parts[:at])) / "lock.json").exists()]
    if not cuts:
        read_lock(Path(name))  # raises what there is to say
    folder, model = Path(":".join(parts[: cuts[0]])), ":".join(parts[cuts[0] :])
    store = Store.open(folder)
    if model and model not in store.lock.models:
        raise unknown("model", model, store.lock.models, str(folder))
    return store, [model] if model else list(store.lock.models)


def compare_sides(a: Chosen, b: Chosen, backend: str = "", *, mixed: bool = False) -> list[Comparison]:
    """One comparison for each backend that both sides ran on, or for the named one, corrected for there being several.

    UsageError if they have none in common, or were judged by different tasks or tools, unless ``mixed``.
    """
    both = [name for name in a.store.lock.backends if name in b.store.lock.backends]
    if backend and backend not in both:
        raise unknown("backend", backend, both, "both runs")
    if not both:
        ran = " and on ".join(", ".join(side.store.lock.backends) for side in (a, b))
        raise UsageError(f"the two sides share no backend: they ran on {ran}", "compare runs on the same backend")
    found = [_compare_on(name, a, b, mixed=mixed) for name in ([backend] if backend else both)]
    return adjusted(found)


def _compare_on(backend: str, a: Chosen, b: Chosen, *, mixed: bool) -> Comparison:
    trials = [side.trials(backend) for side in (a, b)]
    planned = [set(side.store.lock.backends[backend].workloads) for side in (a, b)]
    # Some digests cover a whole run: they only say something about runs that cover the same.
    whole = {f"baselines {backend}"} if planned[0] != planned[1] else set()
    whole |= {"sandbox"} if a.store.lock.backends.keys() != b.store.lock.backends.keys() else set()
    fatal, notes = differences(_digests(a, backend, whole), _digests(b, backend, whole), planned[0] & planned[1])
    if fatal and not mixed:
        raise UsageError(
            f"{a.store.folder} and {b.store.folder} were judged with different things: {', '.join(fatal)}",
            "scores made under different conditions do not compare; run one again, or insist with --mixed",
        )
    remarks = [f"judged with another {name}" for name in fatal] + [f"another {name}" for name in notes]
    return compare(*trials, labels=_labels(a, b), notes=remarks)


def _digests(side: Chosen, backend: str, left_out: Container[str]) -> dict[str, str]:
    """Digests that concern a backend: those of other backends in the same run say nothing here."""
    kinds = ("backend", "manual", "baselines")
    others = {f"{kind} {name}" for kind, name in product(kinds, side.store.lock.backends) if name != backend}
    return {name: value for name, value in side.store.lock.digests.items() if name not in others and name not in left_out}


def _labels(a: Chosen, b: Chosen) -> tuple[str, str]:
    """Models; with their runs where the models are the same."""
    if a.model != b.model:
        return a.model, b.model
    return f"{a.model} ({a.store.folder.name})", f"{b.model} ({b.store.folder.name})"
