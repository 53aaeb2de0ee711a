"""From runs on disk to the formats of other programs: reads what each of them needs, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.run.reading import TrialFolder, find_trial, trial_folders
from harness.run.store import read_lock
from harness.scoring.export import inspect_log, kernels, parquet, perfetto
from harness.trial import Trial


def write_parquet(runs: Sequence[Path], out: Path) -> int:
    """The flat records of runs as a Parquet file; returns how many. UsageError if pyarrow is missing."""
    return parquet.write(_trials(runs), out)


def perfetto_trace(path: Path) -> str:
    """The timeline of a trial, or of all trials of a run, as a Perfetto trace."""
    folders = trial_folders(path) if (path / "lock.json").exists() else [find_trial(path)]
    return perfetto.trace((folder.trial, folder.events) for folder in folders)


def write_kernels(run: Path, out: Path) -> int:
    """Every kernel of a run as files under ``out``; returns how many. UsageError if ``out`` is not empty."""
    return kernels.write(map(_kernels, trial_folders(run)), out)


def write_inspect(run: Path, out: Path) -> list[Path]:
    """The logs of a run for Inspect, one for each model on each backend. UsageError if inspect-ai is missing."""
    lock = read_lock(run)
    settings = {
        "agent": lock.options.settings.model_dump(mode="json"),
        "models": lock.models,
        "backend": lock.options.backend_options,
        "digests": lock.digests,
    }
    header = inspect_log.Header(lock.created_at, lock.suite, settings, lock.versions)
    samples = [inspect_log.Sample(f.trial, f.events, f.kernel) for f in trial_folders(run)]
    return inspect_log.write(samples, header, out)


def _trials(runs: Sequence[Path]) -> Iterator[Trial]:
    return (folder.trial for run in runs for folder in trial_folders(run))


def _kernels(folder: TrialFolder) -> kernels.Source:
    suffix = folder.kernel_path.suffix if folder.kernel_path else ".txt"
    return kernels.Source(folder.trial, folder.attempts, folder.kernel, suffix)
