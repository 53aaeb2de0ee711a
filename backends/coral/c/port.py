"""The calling convention of C kernels: one function with the tensors as arguments, and the sizes as macros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from backends.coral.c.brief import brief
from backends.coral.c.diagnostics import diagnose
from backends.coral.c.link import linker_script, start_file
from backends.coral.c.prelude import C_TYPES, macros, prelude, signature
from backends.coral.c.specimens import specimens
from backends.coral.c.toolchain import Compiled, Toolchain
from backends.coral.port import CoralPort
from backends.cpu import baselines
from backends.cpu.diagnostics import check_text
from backends.isa.architecture import Architecture
from backends.isa.elf import read_elf
from harness.backend import BackendInfo, Build, Diagnostic, Manual, ManualSection, Specimen
from harness.errors import InfraError, UsageError
from harness.record import digest, file_digests
from harness.task import Workload

HERE = Path(__file__).parent
SOURCES = frozenset({".py", ".c", ".h", ".j2"})
SOURCE_LIMIT = 256 * 1024
"""Largest kernel text, bytes."""


class CPort(CoralPort):
    """Tensors as in assembly kernels; programs made by a toolchain; baselines that are those of the processor's backend."""

    title = "Coral NPU class of core, in C with vector intrinsics"
    extension = "c"

    def __init__(self, architecture: Architecture, toolchain: Toolchain) -> None:
        super().__init__(architecture)
        self._toolchain = toolchain
        self._halt = next(i.match for i in architecture.instructions if i.mnemonic == "mpause")
        itcm = next(r for m in architecture.memories.values() for r in m.regions if r.name == "itcm")
        self._code = range(itcm.start, itcm.start + itcm.size)

    def describe(self, assembly: BackendInfo) -> BackendInfo:
        """The backend of C kernels; it needs the toolchain, and says so where it is missing."""
        vectorizer = ", auto-vectorized" if self._toolchain.autovectorize else ""
        pages = [*Manual.read(HERE / "manual").sections, *map(_quoted, assembly.manual.sections)]
        cpu = HERE.parents[1] / "cpu"
        shared = [file_digests(folder, SOURCES) for folder in (HERE.parent, cpu / "baselines")]
        return replace(
            assembly,
            name="coral-c",
            title=f"{assembly.title}{vectorizer}",
            language="C11 with RISC-V vector intrinsics",
            digest=digest(assembly.digest, self._toolchain.digest, shared, (cpu / "prelude.py").read_text("utf-8")),
            manual=Manual(sections=tuple(pages)),
            sandbox=self._tier(),
            source_limit=SOURCE_LIMIT,
        )

    def support(self, workload: Workload) -> str | None:
        """None, or why memory or the language cannot hold the workload."""
        tensors = (*workload.inputs.values(), *workload.outputs.values())
        foreign = sorted({tensor.dtype.name for tensor in tensors} - set(C_TYPES))
        if foreign:
            return f"C has no type for {', '.join(foreign)}; it has {', '.join(C_TYPES)}"
        taken = sorted(macros(workload).keys() & {tensor.name for tensor in tensors})
        if taken:
            return f"{', '.join(taken)} would be both a tensor and a size macro"
        try:
            self.layout(workload)
        except ValueError as error:
            return str(error)
        return baselines.supported(workload)

    def brief(self, workload: Workload) -> tuple[str, str]:
        """The declaration of the function, and the rules of the language."""
        return brief(workload, self.layout(workload), self._toolchain.language, len(self._code))

    def baseline(self, workload: Workload) -> str:
        """Plain loops, the same as for the processor's backend."""
        return baselines.render(workload)

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """Kernels that end badly."""
        return specimens(workload)

    def compile(self, source: str, workload: Workload) -> Build:
        """Compiles and links in the sandbox. InfraError where the toolchain is missing or broken."""
        problems = check_text(source, SOURCE_LIMIT)
        if problems:
            return Build(diagnostics=tuple(problems), outcome="build_error")
        layout = self.layout(workload)
        done = self._toolchain.compile({
            "kernel.c": source, "kernel.h": prelude(workload), "start.s": start_file(layout, self._halt),
            "link.ld": linker_script(layout, self._code),
        })  # fmt: skip
        diagnostics = diagnose(done.messages, source, signature(workload), len(self._code))
        if done.timed_out:
            message = "the compiler took too long and was stopped"
            diagnostics = [_error(message, "expand fewer macros, unroll less"), *diagnostics]
            return Build(diagnostics=tuple(diagnostics), seconds=done.seconds, outcome="timeout")
        if done.program is None:
            return _failed(done, diagnostics)
        try:
            program = read_elf(done.program, self._architecture, "kernel.c")
        except UsageError as error:
            return _failed(done, [_error(error.message, "remove what shapes the object file itself"), *diagnostics])
        return Build(replace(program, source=source), tuple(diagnostics), done.seconds)

    def _tier(self) -> str:
        try:
            return self._toolchain.sandbox().name
        except InfraError:
            return "none works"


def _quoted(page: ManualSection) -> ManualSection:
    """A page of the assembly's manual, whose programs are no kernels here."""
    return page.model_copy(update={"text": page.text.replace("```asm", "```gas")})


def _failed(done: Compiled, diagnostics: list[Diagnostic]) -> Build:
    if not any(one.severity == "error" for one in diagnostics):
        lines = done.messages.strip().splitlines()
        diagnostics = [
            _error(f"the compiler failed: {lines[0] if lines else 'it said nothing'}", "simplify the text"),
            *diagnostics,
        ]
    return Build(diagnostics=tuple(diagnostics), seconds=done.seconds, outcome="build_error")


def _error(message: str, hint: str) -> Diagnostic:
    return Diagnostic(severity="error", message=message, hint=hint, cause="compiler_limit")
