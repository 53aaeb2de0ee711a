"""A Python with slang that a box can run: which program, and what must be mounted for it.

The harness's own Python will do where any user may read it. One that lies in somebody's home does not (a box runs under a uid of
its own); then a Python of the system with the same version can load the same compiled modules, and where there is none either,
what is needed of ours is copied to a folder that boxes can read, once per process.
"""

from __future__ import annotations

import atexit
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import InfraError
from harness.sandbox.system import FOLDERS, is_public

FOLDER = "/kernelwright"
"""Where the packages are in a box."""
_PACKAGES = ("nanobind_backend", "pyslang")
_LOAD = """\
import importlib.util, sys
for folder in sys.argv[1:]:
    name = folder.rpartition("/")[2]
    spec = importlib.util.spec_from_file_location(name, folder + "/__init__.py", submodule_search_locations=[folder])
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
import box.{module}
box.{module}.main()
"""
"""Loads packages by their own folders: a box may not be allowed to look into the folder that they lie in."""
_HERE = Path(__file__).parent
_UNNEEDED = (
    "site-packages",
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "config-*",
    "__pycache__",
)


@dataclass(frozen=True)
class Python:
    """A program and its mounts."""

    program: str
    """Path in the box."""
    mounts: Mapping[str, Path]
    """Path in the box to path of the host."""

    def command(self, module: str) -> list[str]:
        """The arguments that run ``main`` of a module of the ``box`` package, without the user's or the machine's settings."""
        folders = [f"{FOLDER}/{name}" for name in (*_PACKAGES, "box")]
        return [self.program, "-I", "-S", "-B", "-c", _LOAD.format(module=module), *folders]


@cache
def find() -> Python:
    """The Python to use. InfraError where slang is not installed."""
    mounts = {f"{FOLDER}/box": _readable(_HERE / "box")}
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise InfraError(f"the source gate needs the Python package {name!r}", "pip install 'kernelwright[rtl]'")
        mounts[f"{FOLDER}/{name}"] = _readable(Path(spec.origin).parent)
    for program in (Path(sys.base_prefix) / "bin" / _NAME, Path("/usr/bin") / _NAME):
        if program.exists() and any(program.resolve().is_relative_to(folder) for folder in FOLDERS):
            return Python(str(program), mounts)
    base = Path(sys.base_prefix)
    mounts[str(base)] = _copy(base, _UNNEEDED) if not is_public(base) else base
    return Python(str(base / "bin" / _NAME), mounts)


_NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"


def _readable(folder: Path) -> Path:
    """The folder, or a copy that any user may read."""
    return folder if is_public(folder) else _copy(folder, ("__pycache__",))


def _copy(folder: Path, without: tuple[str, ...]) -> Path:
    """A copy for everyone, deleted when this process ends."""
    place = Path(tempfile.mkdtemp(prefix="kernelwright-python-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    target = place / folder.name
    if without == _UNNEEDED:
        for part in ("bin", "lib"):
            shutil.copytree(folder / part, target / part, symlinks=True, ignore=shutil.ignore_patterns(*without))
    else:
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns(*without))
    for path in (place, target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    return target
