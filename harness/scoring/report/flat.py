"""Results for other programs: one flat record per trial (CSV or JSON), and the metrics of each agent as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.scoring import failures
from harness.scoring.metrics import credited_speedup, task_of
from harness.scoring.report.table import lines_of
from harness.trial import Trial


def trial_record(trial: Trial) -> dict[str, Any]:
    """One trial without nesting; None where a value is unknown or does not apply."""
    final, usage = trial.final, trial.usage
    return {
        "model": trial.spec.model,
        "backend": trial.spec.backend,
        "workload": trial.spec.workload,
        "task": task_of(trial.spec.workload),
        "repeat": trial.spec.repeat,
        "status": trial.status.value,
        "graded": trial.status.is_graded,
        "verdict": final.verdict.value if final and final.verdict else None,
        "passed": trial.status.is_graded and trial.passed,
        "failure": str(failures.of_trial(trial) or ""),
        "speedup": final.speedup if final else None,
        "speedup_low": final.speedup_low if final else None,
        "speedup_high": final.speedup_high if final else None,
        "credited_speedup": credited_speedup(final) if trial.status.is_graded else None,
        "cycles": final.cycles if final else None,
        "baseline_cycles": final.baseline_cycles if final else None,
        "bound_share": final.bound_share if final else None,
        "alarms": "; ".join(final.alarms) if final else "",
        "iterations": trial.iterations,
        "first_pass": trial.first_pass,
        "turns": trial.turns,
        "tool_calls": trial.tool_calls,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost": trial.cost,
        "model_seconds": trial.model_seconds,
        "tool_seconds": trial.tool_seconds,
        "started_at": trial.started_at,
        "sandbox": final.sandbox if final else None,
        "kernel": final.kernel if final else None,
        "detail": trial.detail,
    }


def trials_csv(trials: Iterable[Trial]) -> str:
    """One line per trial under a header; None is an empty field. A text that a spreadsheet would run as a formula is quoted."""
    buffer = io.StringIO(newline="")
    writer: csv.DictWriter[str] | None = None
    for trial in trials:
        record = {name: _cell(value) for name, value in trial_record(trial).items()}
        if writer is None:
            writer = csv.DictWriter(buffer, list(record), lineterminator="\n")
            writer.writeheader()
        writer.writerow(record)
    return buffer.getvalue()


def trials_json(trials: Iterable[Trial]) -> str:
    """The same records as a JSON list."""
    return json.dumps([trial_record(trial) for trial in trials], indent=2) + "\n"


def agents_json(trials: Iterable[Trial]) -> str:
    """The metrics and failure classes of each model on each backend as a JSON list."""
    trials = list(trials)
    failed = failures.counts(trials)
    return json.dumps(
        [
            {
                "model": line.model,
                "backend": line.backend,
                "marks": line.marks,
                "metrics": line.metrics.model_dump(mode="json"),
                "failures": {str(failure): n for failure, n in failed[line.model, line.backend].most_common()},
            }
            for line in lines_of(trials)
        ],
        indent=2,
    )


def write(path: Path, text: str) -> None:
    """Writes a file. UsageError if that is not possible."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}", "name another file with --out") from error


def _cell(value: Any) -> Any:
    """Messages of models and servers reach ``detail``: one that begins like a formula must stay a text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
