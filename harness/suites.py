"""Task suites that are a folder, made from somebody else's problem set by an importer.

An importer (entry point group ``kernelwright.importers``) is a function ``(ImportRequest) -> ImportReport``: it reads a checkout
of a problem set and writes a folder whose `MANIFEST` names a format. An opener (group ``kernelwright.folders``, by the name of
the format) is a function ``(Path) -> Suite`` that makes tasks of such a folder; ``--suite FOLDER`` finds it. Nothing of a
problem set is part of this repository.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.record import Record

if TYPE_CHECKING:
    from harness.sandbox import Sandbox

MANIFEST = "suite.json"
"""The file that makes a folder a suite: a JSON object with at least ``format``."""


@dataclass(frozen=True)
class ImportRequest:
    """What an importer is asked for."""

    checkout: Path
    """Folder with the problem set, as its authors publish it."""
    out: Path
    """Folder for the suite; it exists and is empty."""
    style: str | None
    """Which of the set's prompt styles; None for its usual one."""
    sandbox: Callable[[], Sandbox]
    """Where the set's own programs run."""
    say: Callable[[str], None]
    """Tells a person how far it is."""


class Skipped(Record):
    """A problem that was left out."""

    name: str
    """As its authors call it."""
    reason: str
    """Why: mostly that its own reference does not pass its own bench here."""


class ImportReport(Record):
    """What an importer did."""

    suite: str
    """Name of the suite that was written."""
    backend: str = ""
    """The backend that runs these tasks; empty where any may."""
    imported: tuple[str, ...]
    """Ids of its tasks."""
    skipped: tuple[Skipped, ...]
    """Problems that were left out."""


def is_folder(name: str) -> bool:
    """Whether the name of a suite is that of a folder: a path, or one that is a suite."""
    return "/" in name or (Path(name) / MANIFEST).is_file()


def format_of(folder: Path) -> str:
    """The format that a folder's manifest names. UsageError if it is no suite."""
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{str(folder)!r} is no task suite: {error}", "make one with: kernelwright import") from error
    if not isinstance(found, dict) or not isinstance(found.get("format"), str):
        raise UsageError(f"{path} is no manifest of a suite: it has no 'format'", "make one with: kernelwright import")
    return str(found["format"])
