"""Discovery of backends, task suites, models, executors and commands through entry points.

Built-ins are registered in this distribution's own pyproject.toml, on the same path that an outside package uses. Names are
listed without importing anything; an entry is imported on first use, and one that fails to import is a clear error for the
person who asks for it and a line in ``kernelwright doctor`` for everyone else.

| group | object an entry names |
|---|---|
| ``kernelwright.backends`` | ``create(context: BackendContext) -> Backend`` |
| ``kernelwright.tasks`` | ``() -> Suite`` |
| ``kernelwright.models`` | ``create(context: ModelContext) -> Model``; with ``create.offline = True`` it is given the baseline |
| ``kernelwright.executors`` | ``create(workers: int) -> Executor`` |
| ``kernelwright.importers`` | ``(ImportRequest) -> ImportReport``: makes a suite folder of a problem set (`harness.suites`) |
| ``kernelwright.folders`` | ``(Path) -> Suite``: opens suite folders of the format that the entry is named after |
| ``kernelwright.commands`` | a `typer.Typer`: a group of commands; its module is imported at every start, so it must be light |
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from harness.errors import KernelwrightError, UsageError, lacking, line_of, told, unknown

Kind = Literal["backend", "task suite", "model", "executor", "importer", "suite format", "command group"]
GROUPS: dict[Kind, str] = {
    "backend": "kernelwright.backends",
    "task suite": "kernelwright.tasks",
    "model": "kernelwright.models",
    "executor": "kernelwright.executors",
    "importer": "kernelwright.importers",
    "suite format": "kernelwright.folders",
    "command group": "kernelwright.commands",
}


@contextmanager
def printing_to_stderr() -> Iterator[None]:
    """What packages print on the way goes to stderr: stdout is the caller's, and may be one JSON document."""
    with redirect_stdout(sys.stderr):
        yield


@cache
def entries(kind: Kind) -> dict[str, EntryPoint]:
    """Registered entries by name, nothing imported. UsageError if two packages claim one name."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUPS[kind]):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            packages = " and ".join(sorted({origin(other), origin(entry)}))
            raise UsageError(f"{kind} {entry.name!r} is registered twice: {packages}", "uninstall one of the packages")
    return found


def origin(entry: EntryPoint) -> str:
    """Distribution and version that an entry comes from."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def load(kind: Kind, name: str) -> Any:
    """The object behind an entry. UsageError if there is none, it cannot be imported, or is not callable."""
    known = entries(kind)
    if name not in known:
        raise unknown(kind, name, known)
    entry = known[name]
    try:
        with printing_to_stderr():
            loaded = entry.load()
    except (Exception, SystemExit) as error:  # a module that exits must not end ours
        raise UsageError(
            f"{kind} {name!r} ({origin(entry)}) cannot be loaded: {told(error)}{_at(error, entry)}",
            f"it is registered as {entry.value!r}; reinstall or uninstall {origin(entry)}",
        ) from error
    if not callable(loaded):
        raise UsageError(f"{kind} {name!r} ({origin(entry)}) is {type(loaded).__name__}, not a factory function")
    return loaded


def make(kind: Kind, name: str, context: object, protocol: type) -> Any:
    """What the factory behind an entry makes of its context. UsageError if it raises, or makes what lacks a part of the
    protocol; errors for people pass through."""
    create, entry = load(kind, name), entries(kind)[name]
    try:
        with printing_to_stderr():
            made = create(context)
    except KernelwrightError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{kind} {name!r} ({origin(entry)}) cannot be made: {told(error)}{_at(error, entry)}",
            f"mend {entry.value}, or uninstall {origin(entry)}",
        ) from error
    if missing := lacking(made, protocol):
        raise UsageError(
            f"{kind} {name!r} ({origin(entry)}) is {type(made).__name__}, which has no {missing}",
            f"{protocol.__module__} says what a {protocol.__name__} has",
        )
    return made


def _at(error: BaseException, entry: EntryPoint) -> str:
    """`` (port.py:12)``: the line of an entry's package, if it was reached."""
    package = entry.module.partition(".")[0]
    place = line_of(error, lambda module: module.partition(".")[0] == package)
    return f" ({place})" if place else ""
