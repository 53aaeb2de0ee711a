"""Compiling kernels: one pinned list of flags, a confined compiler, diagnostics, the check of the object, a cache by content."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from backends.cpu.diagnostics import check_text, parse, snippet
from backends.cpu.elf import Finding, inspect
from backends.cpu.prelude import prelude, signature
from backends.processor import x86_level
from harness.backend import Build, Diagnostic
from harness.errors import InfraError
from harness.files import write_atomically
from harness.record import digest
from harness.sandbox import BoxLimits, Completed, Sandbox
from harness.task import Workload

FLAGS = (
    "-std=c11",
    "-D_DEFAULT_SOURCE",  # M_PI and its like
    "-O3",
    "-ffp-contract=fast",  # a*b + c may be one rounding, in kernel and baseline alike
    "-fno-math-errno",  # sqrtf is an instruction; no value changes
    "-fno-trapping-math",  # comparisons may become masks; no value changes
    "-fno-stack-protector",  # distributions differ in their defaults
    "-U_FORTIFY_SOURCE",
    "-g1",  # line tables for profiles and faults; no code changes
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-nostartfiles",  # an object without start-up code: whatever remains there is the kernel's own
    "-Wl,-z,now",
    "-Wl,--as-needed",
    "-Wall",
    "-Wextra",
    "-Wno-unknown-pragmas",
    "-Werror=implicit-function-declaration",
    "-Werror=incompatible-pointer-types",
    "-fdiagnostics-color=never",
    "-fdiagnostics-parseable-fixits",
)
"""What every kernel and baseline is compiled with, before the machine's own flags. No fast-math: the text decides the values."""

COMPILE_LIMITS = BoxLimits(wall_s=20.0, cpu_s=20, memory_bytes=2 << 30, file_bytes=64 << 20, processes=16)
"""What compiling one kernel may use."""
COMPILE_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TMPDIR": "."}


def machine_flags(machine: str | None = None, level: int | None = None) -> tuple[str, ...]:
    """Instruction set of a machine, by default this one: x86-64-v3 where it can, never more, so that results compare."""
    machine = machine or platform.machine()
    if machine == "x86_64":
        march = "-march=x86-64-v3" if (level or x86_level() or 1) >= 3 else "-march=x86-64"
        return (march, "-mtune=generic")
    return ("-march=armv8-a",) if machine == "aarch64" else ()


@dataclass(frozen=True)
class Artifact:
    """A compiled kernel."""

    library: Path
    """The shared object, in the cache."""
    sha256: str
    """Digest of its content, checked before each use."""
    source: str
    """The kernel's text."""
    workload: Workload
    """What it was compiled for."""

    def verify(self) -> Path:
        """The library's path; InfraError if the cached file is not what was compiled."""
        content = self.library.read_bytes() if self.library.exists() else b""
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise InfraError(f"compiled kernel {self.library} is missing or was changed", "delete the cache folder")
        return self.library


class Toolchain:
    """The C compiler of this machine, confined."""

    def __init__(self, sandbox: Callable[[], Sandbox], cache: Path, source_limit: int) -> None:
        self._sandbox = sandbox
        self._cache = cache / "builds"
        self._source_limit = source_limit

    @cached_property
    def compiler(self) -> Path:
        """The compiler's real path; InfraError names the package where there is none."""
        found = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
        if found is None:
            raise InfraError("the cpu backend found no C compiler (cc, gcc or clang)", "apt-get install gcc libc6-dev")
        return Path(found).resolve()

    @cached_property
    def version(self) -> str:
        """First line of ``cc --version``."""
        done = subprocess.run([self.compiler, "--version"], capture_output=True, text=True, check=False)
        if done.returncode or not done.stdout:
            raise InfraError(f"{self.compiler} --version failed: {done.stderr.strip()!r}")
        return done.stdout.splitlines()[0]

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """All flags, the machine's included."""
        return (*FLAGS, *machine_flags())

    @cached_property
    def digest(self) -> str:
        """Digest of compiler and flags."""
        return digest(self.version, self.flags)

    def build(self, source: str, workload: Workload) -> Build:
        """Compiles and inspects a kernel; what was built before comes from the cache."""
        problems = check_text(source, self._source_limit)
        if problems:
            return Build(diagnostics=tuple(problems), outcome="build_error")
        header = prelude(workload, source)
        key = digest(self.digest, header, source)
        cached = self._load(key, source, workload)
        if cached is not None:
            return cached
        self._self_test()
        done = self.compile(source, header)
        return self._judge(done, key, source, workload)

    def compile(self, source: str, header: str) -> Completed:
        """Runs the compiler on a text in a box; the object, if any, is ``files["kernel.so"]``."""
        argv = [str(self.compiler), *self.flags, "-include", "kernel.h", "kernel.c", "-o", "kernel.so", "-lm"]
        files = {"kernel.c": source.encode(), "kernel.h": header.encode()}
        return self._sandbox().run(
            argv, files=files, collect=["kernel.so"], environment=COMPILE_ENVIRONMENT, limits=COMPILE_LIMITS
        )  # fmt: skip

    def _judge(self, done: Completed, key: str, source: str, workload: Workload) -> Build:
        if done.timed_out:
            message = f"the compiler was stopped after {COMPILE_LIMITS.wall_s:g} s"
            problem = Diagnostic(
                severity="error", message=message, hint="expand fewer macros, unroll less", cause="compiler_limit"
            )
            return Build(diagnostics=(problem,), seconds=done.seconds, outcome="timeout")
        diagnostics = parse(done.stderr.decode("utf-8", "replace"), source, signature(workload))
        library = done.files.get("kernel.so")
        if done.returncode or library is None:
            if not any(d.severity == "error" for d in diagnostics):
                diagnostics = [_unexplained(done), *diagnostics]
            return Build(diagnostics=tuple(diagnostics), seconds=done.seconds, outcome="build_error")
        findings = inspect(library)
        if findings:
            problems = [_diagnostic(finding, source) for finding in findings]
            breach = any(finding.breach for finding in findings)
            outcome: Literal["rejected", "build_error"] = "rejected" if breach else "build_error"
            return Build(diagnostics=(*problems, *diagnostics), seconds=done.seconds, outcome=outcome)
        return self._store(key, library, diagnostics, source, workload, done.seconds)

    def _self_test(self) -> None:
        """Compiles a known kernel once per compiler and flags, so that a broken compiler is never a kernel's failure."""
        marker = self._cache / f"works-{self.digest[:16]}"
        if marker.exists():
            return
        header = "void kernel(const float *restrict x, float *restrict y);\n"
        done = self.compile("void kernel(const float *restrict x, float *restrict y) { y[0] = x[0]; }\n", header)
        if done.returncode or "kernel.so" not in done.files:
            text = done.stderr.decode("utf-8", "replace").strip()
            raise InfraError(f"{self.compiler} cannot compile a trivial kernel: {text!r}", "apt-get install gcc libc6-dev")
        self._keep(marker, self.version)

    def _keep(self, path: Path, content: str | bytes) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content, durable=False)

    def _load(self, key: str, source: str, workload: Workload) -> Build | None:
        library, sidecar = self._cache / f"{key}.so", self._cache / f"{key}.json"
        try:
            record = json.loads(sidecar.read_bytes())
            content = library.read_bytes()
        except (OSError, ValueError):
            return None
        if hashlib.sha256(content).hexdigest() != record["sha256"]:
            return None
        diagnostics = tuple(Diagnostic.model_validate(d) for d in record["diagnostics"])
        return Build(Artifact(library, record["sha256"], source, workload), diagnostics)

    def _store(
        self, key: str, library: bytes, diagnostics: list[Diagnostic], source: str, workload: Workload, seconds: float
    ) -> Build:
        path, sha256 = self._cache / f"{key}.so", hashlib.sha256(library).hexdigest()
        record = {"sha256": sha256, "diagnostics": [d.model_dump() for d in diagnostics]}
        self._keep(path, library)
        self._keep(self._cache / f"{key}.json", json.dumps(record))
        return Build(Artifact(path, sha256, source, workload), tuple(diagnostics), seconds)


def _unexplained(done: Completed) -> Diagnostic:
    text = done.stderr.decode("utf-8", "replace").strip().splitlines()
    reason = text[0] if text else f"status {done.returncode}"
    hint = "the text may need too much memory"
    return Diagnostic(severity="error", message=f"the compiler failed: {reason}", hint=hint, cause="compiler_limit")


def _diagnostic(finding: Finding, source: str) -> Diagnostic:
    """A finding, at the first line that mentions the name it quotes."""
    quoted = re.search(r"'(\w+)'", finding.message)
    lines = source.split("\n") if quoted else []
    line = next((i for i, text in enumerate(lines, 1) if quoted and re.search(rf"\b{quoted[1]}\b", text)), None)
    return Diagnostic(
        severity="error", message=finding.message, line=line, snippet=snippet(source, line), hint=finding.hint,
        cause=finding.cause,
    )  # fmt: skip
