"""Compiles generated C to a library, once per text, compiler, flags and processor.

The file's name is a digest of all of these, so that a cache shared by unlike machines never gives one the code of another.
Writers work on a temporary file and rename it: any number of processes may build the same library at once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
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

from harness.errors import InfraError

FLAGS = (
    "-std=gnu11", "-O3", "-g0", "-fPIC", "-shared", "-w", "-fno-strict-aliasing", "-ffp-contract=off", "-fwrapv",
    "-fno-math-errno", "-fno-trapping-math", "-fno-semantic-interposition",
)  # fmt: skip
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-O1")
SANITIZE_VARIABLE = "KERNELWRIGHT_ISA_SANITIZE"
"""Environment variable; set, it builds with AddressSanitizer and UndefinedBehaviorSanitizer (their runtime must be preloaded)."""
_AVX2 = {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe", "abm"}
"""Flags of /proc/cpuinfo that x86-64-v3 needs."""
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


@memoise
def find_compiler() -> Compiler | None:
    """cc, gcc or clang, else the compiler in the ``ziglang`` package; None where there is none of them."""
    commands: list[tuple[str, ...]] = [(found,) for found in map(shutil.which, ("cc", "gcc", "clang")) if found]
    if importlib.util.find_spec("ziglang") is not None:
        commands.append((sys.executable, "-m", "ziglang", "cc"))
    for command in commands:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout:
            return Compiler(command, done.stdout.splitlines()[0], _tuning("ziglang" in command))
    return None


def _tuning(is_zig: bool) -> tuple[str, ...]:
    """Flags for the vector instructions that every x86-64-v3 processor has, where this is one."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return ()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    flags = next((line.split(":", 1)[1].split() for line in text.splitlines() if line.startswith("flags")), [])
    if not set(flags) >= _AVX2:
        return ()
    return ("-mcpu=x86_64_v3",) if is_zig else ("-march=x86-64-v3",)


def compile_unit(text: str, cache: Path, parts: Sequence[str] = ("",)) -> Path:
    """The library of a text, from the cache if it is there. InfraError with the compiler's words if it fails.

    Each of ``parts`` is a translation unit, the text with PART as its number, and says which flags it has beside all others'.
    """
    compiler = find_compiler()
    if compiler is None:
        raise InfraError("no C compiler for the native engine", _PACKAGE)
    header = (resources.files("backends.isa.native") / "runtime.h").read_text(encoding="utf-8")
    flags = compiler.flags()
    known = (text, header, compiler.version, shlex.join(flags), platform.machine(), *(parts if len(parts) > 1 else ()))
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
        inputs = [source]
        if len(parts) > 1:
            inputs = [source.with_name(f"part{number}.o") for number in range(len(parts))]
            alone = [flag for flag in flags if flag != "-shared"]
            commands = [
                [*alone, *shlex.split(extra), f"-DPART={number}", "-c", str(source), "-o", str(inputs[number])]
                for number, extra in enumerate(parts)
            ]
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda arguments: _run(compiler, arguments, cache), commands))
        _run(compiler, [*flags, *map(str, inputs), "-o", str(made), "-lm"], cache)
        made.replace(target)
    return target


def _run(compiler: Compiler, arguments: Sequence[str], cache: Path) -> None:
    """One call of the compiler. InfraError if it fails."""
    # zig keeps what it has made of libc, by default in the user's home, which need not be there.
    zig = {name: str(cache / "zig") for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR") if name not in os.environ}
    done = subprocess.run([*compiler.command, *arguments], capture_output=True, text=True, check=False, env=os.environ | zig)
    if done.returncode:
        raise InfraError(f"{compiler.command[0]} cannot compile the native engine: {done.stderr.strip()[:2000]}", _PACKAGE)
