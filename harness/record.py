"""The base of every record that is written to disk or crosses a contract: frozen, strict about unknown fields, versioned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError(f"{name!r} holds characters that do not print")
    return name


Name = Annotated[str, AfterValidator(_printable)]
"""A name that programs print: one that would move a terminal's cursor or reorder its text makes the record an invalid one."""


class Record(BaseModel):
    """A frozen pydantic model; unknown fields are errors, so that a typo or a newer format is never silently dropped."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        ser_json_inf_nan="strings",  # pydantic's default writes null, which does not load again
    )


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: the text that digests are taken of."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(*parts: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of the parts."""
    return hashlib.sha256("\0".join(canonical_json(part) for part in parts).encode()).hexdigest()


def file_digests(folder: Path, suffixes: Collection[str]) -> dict[str, str]:
    """SHA-256 (hex) of the text of every file below a folder with one of these suffixes, by path: what decides a score."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in suffixes)
    return {str(path.relative_to(folder)): digest(path.read_text(encoding="utf-8")) for path in files}
