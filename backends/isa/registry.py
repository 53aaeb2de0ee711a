"""Finds instruction sets: registered ones by name, others by the path of their file.

A package registers an `Isa` under the entry-point group ``kernelwright.isas`` (``name = "package.module:isa"``). Nothing is
imported before it is asked for.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from backends.isa.architecture import Architecture
from backends.isa.crashes import raised_at, said
from backends.isa.define import Isa
from backends.isa.errors import DefinitionError
from harness.errors import UsageError, unknown
from harness.record import digest

GROUP = "kernelwright.isas"


def registered() -> dict[str, EntryPoint]:
    """Entry points by name; nothing is imported. UsageError if two packages claim one name."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise UsageError(f"instruction set {entry.name!r} is registered twice: {other.value} and {entry.value}")
    return found


def find(name: str) -> Isa:
    """The definition of that name, or in that file (or in ``isa.py`` of that folder).

    UsageError if there is none; DefinitionError if its file cannot be imported or holds no `Isa`.
    """
    path = Path(name)
    if path.is_dir():
        path /= "isa.py"
    if path.suffix == ".py" or path.is_file():
        return _in_module(_import_file(path), str(path))
    entries = registered()
    if name not in entries:
        error = unknown("instruction set", name, entries)
        raise UsageError(error.message, f"{error.hint}; or give the path of an isa.py")
    try:
        loaded = entries[name].load()
    except DefinitionError:
        raise
    except (Exception, SystemExit) as error:  # a module that exits must not end ours
        message = f"{said(error)}, at {raised_at(error)}"
        raise DefinitionError(message, "importing it failed", where=entries[name].value) from error
    if not isinstance(loaded, Isa):
        raise DefinitionError(f"it is {type(loaded).__name__}, not an Isa", f"register one in {GROUP}", where=entries[name].value)
    return loaded


def open_architecture(
    name: str, profile: str | None = None, timing: str | None = None, overrides: Mapping[str, int | str] = {}
) -> Architecture:
    """The instruction set on its machine, with the defaults of its machine.toml unless told otherwise. Errors as in `find`."""
    from backends.isa.bind import load

    return load(find(name), profile, timing, overrides)


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"{str(path)!r} does not exist", "the path of an isa.py, or the name of a registered instruction set")
    # A name of its own for each file, so that two files called isa.py do not meet; helpers beside it can be imported.
    module_name = f"isa_{digest(str(path.resolve()))[:12]}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path.resolve())
    if spec is None or spec.loader is None:
        raise UsageError(f"{str(path)!r} is not a Python file", "a definition is a module such as isa.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[module_name]
        if isinstance(error, DefinitionError) or not isinstance(error, (Exception, SystemExit)):
            raise
        where = raised_at(error, path.resolve()).replace(str(path.resolve()), str(path)) or str(path)
        right = "the file cannot be imported"
        if isinstance(error, NameError):
            right = "declare it above; operands have a meaning only in bodies"
        raise DefinitionError(said(error), right, where=where) from error
    return module


def _in_module(module: ModuleType, where: str) -> Isa:
    found = {id(value): value for value in vars(module).values() if isinstance(value, Isa)}
    if len(found) != 1:
        raise DefinitionError(f"{len(found)} instruction sets in one file", "a definition file has one Isa(...)", where=where)
    return next(iter(found.values()))
