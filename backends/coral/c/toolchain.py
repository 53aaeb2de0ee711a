"""From C to an ELF file: clang and lld of one version, with fixed flags, in the sandbox.

What they make is data to a simulator and never runs here, but compilers read text that a model wrote.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from backends.cpu.toolchain import COMPILE_ENVIRONMENT, COMPILE_LIMITS
from harness.errors import InfraError
from harness.record import digest
from harness.sandbox import Completed, Sandbox

CLANG, LINKER = "clang-19", "ld.lld-19"
"""The programs: one version everywhere, so that results compare."""
PACKAGES = "apt-get install clang-19 lld-19"
INCLUDE = Path(__file__).parent / "include"
"""The library of kernels."""
ISA = ("--target=riscv32", "-march=rv32imf_zve32x_zvl128b_zicsr_zifencei_zbb", "-mabi=ilp32")
LANGUAGE = (
    "-std=c11",
    "-O2",  # -O3 unrolls beyond instruction memory
    "-ffp-contract=fast",  # a*b + c is one instruction, in kernel and baseline alike
    "-fno-math-errno",  # sqrtf is an instruction; no value changes
    "-fno-trapping-math",  # comparisons need not keep exceptions; no value changes
)
VECTORIZER_OFF = ("-fno-vectorize", "-fno-slp-vectorize")
"""Vector instructions are then those that the text asks for."""
WARNINGS = (
    "-Wall",
    "-Wextra",
    "-Wdouble-promotion",  # a double is a call into a library that does not exist
    "-Wno-unknown-pragmas",
    "-Werror=incompatible-pointer-types",
    "-fdiagnostics-color=never",
    "-fdiagnostics-parseable-fixits",
)
ALONE = (
    "-ffreestanding",
    "-nostdinc",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
    "-g1",  # lines for profiles and faults; no code changes
    "-include",
    "kernel.h",
)
LINK = (
    "-static",
    "-nostdlib",
    "-Wl,-T,link.ld",
    "-Wl,--gc-sections",
    "-Wl,--enable-non-contiguous-regions",
    "-Wl,-z,max-page-size=16",  # no page tables: files need no gaps
)
_REMEMBERED = 64
_TRIVIAL = {
    "kernel.h": "#include <riscv_vector.h>\nvoid kernel(float *y);\n",
    "kernel.c": "void kernel(float *y) { y[0] = (float)__riscv_vsetvlmax_e32m1(); }\n",
    "start.s": ".globl _start\n_start: call kernel\n",
    "link.ld": "ENTRY(_start)\n",
}


class Compiled(NamedTuple):
    """What came of a text."""

    program: bytes | None
    """The ELF file, or None."""
    messages: str
    """What compiler and linker said."""
    timed_out: bool
    seconds: float
    """Wall time of the box."""


class Toolchain:
    """Clang and lld of this machine, confined."""

    def __init__(self, sandbox: Callable[[], Sandbox], *, autovectorize: bool) -> None:
        self.sandbox = sandbox
        self.language = LANGUAGE if autovectorize else (*LANGUAGE, *VECTORIZER_OFF)
        """Flags that decide what a text becomes."""
        self.autovectorize = autovectorize
        self._checked = False
        self._remembered = lru_cache(_REMEMBERED)(self._compile)

    @cached_property
    def versions(self) -> tuple[str, str]:
        """First lines of ``--version``. InfraError names the packages where a program is missing."""
        return _version(CLANG), _version(LINKER)

    @cached_property
    def digest(self) -> str:
        """Digest of programs and flags."""
        return digest(self.versions, ISA, self.language, ALONE, LINK)

    def compile(self, files: Mapping[str, str]) -> Compiled:
        """The ELF file of ``kernel.c`` with ``kernel.h``, ``start.s`` and ``link.ld``. InfraError where not even a trivial kernel
        can be compiled."""
        self._check()
        done = self._remembered(tuple(files.items()))
        if done.timed_out:
            self._remembered.cache_clear()  # the machine may have been busy
        return done

    def _compile(self, files: tuple[tuple[str, str], ...]) -> Compiled:
        done = self._run(dict(files))
        program = None if done.returncode else done.files.get("kernel.elf")
        return Compiled(program, done.stderr.decode("utf-8", "replace"), done.timed_out, done.seconds)

    def _run(self, files: Mapping[str, str]) -> Completed:
        clang, headers = _path(CLANG), self._headers
        library = {path.name: path.read_bytes() for path in INCLUDE.iterdir()}
        flags = (*ISA, *self.language, *WARNINGS, *ALONE, "-isystem", ".", "-isystem", headers, *LINK)
        return self.sandbox().run(
            [clang, *flags, f"--ld-path={_path(LINKER)}", "kernel.c", "string.c", "start.s", "-o", "kernel.elf"],
            files=library | {name: text.encode() for name, text in files.items()},
            collect=["kernel.elf"], environment=COMPILE_ENVIRONMENT, limits=COMPILE_LIMITS,
        )  # fmt: skip

    @cached_property
    def _headers(self) -> str:
        return f"{_ask(_path(CLANG), '--print-resource-dir')}/include"

    def _check(self) -> None:
        """Compiles a known kernel, once, so that a broken compiler is never a kernel's failure."""
        if self._checked:
            return
        done = self._run(_TRIVIAL)
        if done.returncode or "kernel.elf" not in done.files:
            text = "it took too long" if done.timed_out else done.stderr.decode("utf-8", "replace").strip()
            raise InfraError(f"{CLANG} and {LINKER} cannot make a trivial kernel: {text!r}", PACKAGES)
        self._checked = True


def _version(name: str) -> str:
    return _ask(_path(name), "--version")


def _path(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise InfraError(f"the coral-c backend found no {name}", PACKAGES)
    return path


def _ask(program: str, option: str) -> str:
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        raise InfraError(f"{program} {option} failed: {done.stderr.strip()!r}", PACKAGES)
    return done.stdout.splitlines()[0].strip()
