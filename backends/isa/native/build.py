"""Compiles generated C to a library, once per text, compiler, flags and processor.

The file's name is a digest of all of these, so that a cache shared by unlike machines never gives one the code of another.
Writers work on a temporary file and rename it: any number of processes may build the same library at once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache as memoise
from importlib import resources
from pathlib import Path

from backends.processor import x86_level
from harness.errors import InfraError

FLAGS = (
    "-std=gnu11", "-O3", "-g0", "-fPIC", "-w", "-fno-strict-aliasing", "-ffp-contract=off", "-fwrapv",
    "-fno-math-errno", "-fno-trapping-math", "-fno-semantic-interposition",
)  # fmt: skip
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-O1")
SANITIZE_VARIABLE = "KERNELWRIGHT_ISA_SANITIZE"
"""Environment variable; set, it builds with AddressSanitizer and UndefinedBehaviorSanitizer (their runtime must be preloaded)."""
_OLDEST_CLANG = 12
"""The first that knows the levels of x86-64."""
_PACKAGE = "apt-get install gcc libc6-dev, or pip install ziglang"


@dataclass(frozen=True)
class Compiler:
    """A C compiler that works here."""

    command: tuple[str, ...]
    version: str
    """First line of its ``--version``."""
    tuning: tuple[str, ...]
    """Flags for this processor."""

    def flags(self) -> tuple[str, ...]:
        """All flags, in order."""
        return (*FLAGS, *self.tuning, *(SANITIZE if os.environ.get(SANITIZE_VARIABLE) else ()))


@dataclass(frozen=True)
class Part:
    """A translation unit of a text."""

    flags: str = ""
    """Those that only it has."""
    lanes: bool = False
    """Whether it is instructions with loops over elements; see `find_vectorizer`."""


@memoise
def find_compiler() -> Compiler | None:
    """cc, gcc or clang, else the compiler in the ``ziglang`` package; None where there is none of them."""
    commands: list[tuple[str, ...]] = [(found,) for found in map(shutil.which, ("cc", "gcc", "clang")) if found]
    if importlib.util.find_spec("ziglang") is not None:
        commands.append((sys.executable, "-m", "ziglang", "cc"))
    return next(filter(None, map(_compiler, commands)), None)


@memoise
def find_vectorizer() -> Compiler | None:
    """The compiler for loops over elements: clang where there is one, else `find_compiler`.

    Measured with gcc 12 and clang 19 on products of tiles, stores of scaled blocks and compiling itself: 1.9, 4 and 1.4 times
    as fast. Dispatch and scalar instructions stay with cc, whose code for a core with a pipeline is 1.35 times as fast.
    """
    for command in filter(None, map(shutil.which, ("clang-19", "clang"))):
        found = _compiler((command,))
        release = re.search(r"clang version (\d+)", found.version) if found else None
        if release and int(release[1]) >= _OLDEST_CLANG:
            return found
    return find_compiler()


def _compiler(command: tuple[str, ...]) -> Compiler | None:
    """The compiler behind a command, if it runs."""
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        return None
    return Compiler(command, done.stdout.splitlines()[0], _tuning(x86_level(), is_zig="ziglang" in command))


def _tuning(level: int | None, is_zig: bool) -> tuple[str, ...]:
    """Flags for the vector instructions of a level of x86-64."""
    if level is None or level < 3:
        return ()
    march = f"-mcpu=x86_64_v{level}" if is_zig else f"-march=x86-64-v{level}"
    return (march, "-mprefer-vector-width=512") if level >= 4 else (march,)


def compile_unit(text: str, cache: Path, parts: Sequence[Part] = (Part(),)) -> Path:
    """The library of a text, from the cache if it is there. InfraError with the compiler's words if it fails.

    Each part is the text with its place among ``parts`` as PART.
    """
    compiler = find_compiler()
    if compiler is None:
        raise InfraError("no C compiler for the native engine", _PACKAGE)
    # A library has one runtime of the sanitizers.
    vectorizer = None if os.environ.get(SANITIZE_VARIABLE) else find_vectorizer()
    compilers = [vectorizer if part.lanes and vectorizer else compiler for part in parts]
    header = (resources.files("backends.isa.native") / "runtime.h").read_text(encoding="utf-8")
    made_by = [(one.version, shlex.join(one.flags()), part.flags) for one, part in zip(compilers, parts, strict=True)]
    known = (text, header, platform.machine(), *(word for words in made_by for word in words))
    digest = hashlib.sha256("\0".join(f"{len(part)}\0{part}" for part in known).encode()).hexdigest()[:24]
    folder = cache / "isa"
    target = folder / f"engine-{digest}.so"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".engine-", dir=folder) as scratch:
        source, made = Path(scratch) / "engine.c", Path(scratch) / "engine.so"
        source.write_text(text, encoding="utf-8")
        (Path(scratch) / "runtime.h").write_text(header, encoding="utf-8")
        objects = [str(source.with_name(f"part{number}.o")) for number in range(len(parts))]
        commands = [
            [*one.flags(), *shlex.split(part.flags), f"-DPART={number}", "-c", str(source), "-o", object_]
            for number, (one, part, object_) in enumerate(zip(compilers, parts, objects, strict=True))
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda one, arguments: _run(one, arguments, cache), compilers, commands))
        _run(compiler, [*compiler.flags(), "-shared", *objects, "-o", str(made), "-lm"], cache)
        made.replace(target)
    return target


def _run(compiler: Compiler, arguments: Sequence[str], cache: Path) -> None:
    """One call of the compiler. InfraError if it fails."""
    # zig keeps what it has made of libc, by default in the user's home, which need not be there.
    zig = {name: str(cache / "zig") for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR") if name not in os.environ}
    done = subprocess.run([*compiler.command, *arguments], capture_output=True, text=True, check=False, env=os.environ | zig)
    if done.returncode:
        raise InfraError(f"{compiler.command[0]} cannot compile the native engine: {done.stderr.strip()[:2000]}", _PACKAGE)
