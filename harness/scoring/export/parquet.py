"""The flat records of trials as a Parquet file: typed columns, unknown as null, the run's schema version in the metadata."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.scoring.report.flat import trial_record
from harness.trial import SCHEMA_VERSION, Trial

COLUMNS = {
    "model": "string", "backend": "string", "workload": "string", "task": "string", "repeat": "int64", "status": "string",
    "graded": "bool", "verdict": "string", "passed": "bool", "failure": "string", "speedup": "float64", "speedup_low": "float64",
    "speedup_high": "float64", "credited_speedup": "float64", "cycles": "float64", "baseline_cycles": "float64",
    "bound_share": "float64", "alarms": "string", "iterations": "int64", "first_pass": "int64", "turns": "int64",
    "tool_calls": "int64", "input_tokens": "int64", "cached_tokens": "int64", "output_tokens": "int64",
    "reasoning_tokens": "int64", "cost": "float64", "model_seconds": "float64", "tool_seconds": "float64", "started_at": "string",
    "sandbox": "string", "kernel": "string", "detail": "string",
}  # fmt: skip
"""Name and Arrow type of every column: those of `trial_record`, written down so that a column of nulls has its type too."""


def write(trials: Iterable[Trial], path: Path) -> int:
    """Writes a Parquet file and returns its number of rows. UsageError if pyarrow is missing or the file cannot be written."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("Parquet needs the package pyarrow", "pip install 'kernelwright[export]'") from error
    records = [trial_record(trial) for trial in trials]
    fields = [(name, getattr(arrow, "bool_" if kind == "bool" else kind)()) for name, kind in COLUMNS.items()]
    schema = arrow.schema(fields, metadata={"kernelwright.schema_version": str(SCHEMA_VERSION)})
    try:
        pyarrow.parquet.write_table(arrow.Table.from_pylist(list(map(_encodable, records)), schema=schema), path)
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror or error}", "name another file with --out") from error
    return len(records)


def _encodable(record: dict[str, Any]) -> dict[str, Any]:
    """Without lone surrogates, which a model's text may hold and UTF-8 has no bytes for."""
    return {k: v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for k, v in record.items()}
