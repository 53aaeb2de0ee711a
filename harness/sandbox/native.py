"""Our own C programs, compiled once by the machine's compiler and kept in the cache folder.

Only for sources that ship with the benchmark or with a backend: they run with the harness's rights. A program is named by a
digest of everything that went into it, so that an edit, another compiler or other flags never meet an old binary.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache as memoise
from pathlib import Path

from harness.errors import InfraError

HERE = Path(__file__).parent
_FLAGS = ("-std=c11", "-O2", "-g0", "-Wall", "-Wextra", "-fstack-protector-strong", f"-I{HERE}")
_LIBRARIES = ("-lm", "-ldl")
_PACKAGE = "apt-get install gcc libc6-dev"


@memoise
def compiler() -> tuple[Path, str]:
    """The machine's C compiler and the first line of its ``--version``; InfraError naming the package where there is none."""
    found = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if found is None:
        raise InfraError("no C compiler (cc, gcc or clang) to build the sandbox's launcher with", _PACKAGE)
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        raise InfraError(f"{found} --version failed: {done.stderr.strip()!r}", _PACKAGE)
    return Path(found), done.stdout.splitlines()[0]


def compile_trusted(source: Path, cache: Path, *, shared: bool = False) -> Path:
    """Compiles a C file of ours to a program, or with ``shared`` to a library for `ctypes`, and returns its path.

    Headers may lie beside the source or in this folder (``confine.h``). The result is world-readable and executable, as boxes
    run under another uid. Safe to call from many processes at once. InfraError with the compiler's words if it fails.
    """
    program, version = compiler()
    flags = (*_FLAGS, *(("-shared", "-fPIC") if shared else ("-pie", "-fPIE")))
    folder = cache / "native"
    target = folder / f"{source.stem}-{_digest(source, version, flags)}{'.so' if shared else ''}"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{source.stem}-", dir=folder)
    os.close(descriptor)
    try:
        argv = [str(program), *flags, str(source), "-o", name, *_LIBRARIES]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InfraError(f"{program} cannot compile {source.name}: {done.stderr.strip()}", _PACKAGE)
        Path(name).chmod(0o755)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
    return target


def _digest(source: Path, version: str, flags: tuple[str, ...]) -> str:
    """Of the source, every header it could include, the compiler and the flags."""
    digest = hashlib.sha256("\0".join((version, *flags, *_LIBRARIES)).encode())
    headers = sorted({*source.parent.glob("*.h"), *HERE.glob("*.h")})
    for path in (source, *headers):
        content = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]
