"""The Backend protocol: everything the benchmark knows about a target is behind these six methods.

``build`` turns kernel text into an artifact or diagnostics; ``execute`` runs it on input sets that did not exist before the
build. A backend never sees an expected output: comparing is the judge's work. What only some targets can do (timing by
interleaved pairs, storing inputs in another format, extra agent tools) are small optional protocols at the end of this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from harness import canary
from harness.record import Record, digest
from harness.task import Formats, Tensors, Workload

if TYPE_CHECKING:
    from harness.sandbox import Sandbox


class ManualSection(Record):
    """One page of a manual."""

    name: str
    """Short slug that ``read_manual`` takes."""
    title: str
    """Heading."""
    text: str
    """Markdown."""


class Manual(Record):
    """What an agent may read about a target."""

    sections: tuple[ManualSection, ...]
    """Pages in reading order."""

    @classmethod
    def read(cls, folder: Path) -> Manual:
        """The pages of a folder, ``*.md`` in order of file name: a leading number only orders, and the first line of a page,
        ``# Title``, is its heading."""
        sections = []
        for path in sorted(folder.glob("*.md")):
            title, _, text = path.read_text(encoding="utf-8").partition("\n")
            name = re.sub(r"^\d+[-_]", "", path.stem)
            sections.append(ManualSection(name=name, title=title.lstrip("# ").strip(), text=text.strip()))
        return cls(sections=tuple(sections))

    def find(self, name: str) -> ManualSection | None:
        """The section of that name or title, in any case; else the first with a row of a table about it: one that begins
        with code spans, among them one of that name."""
        wanted = name.strip().casefold()
        named = (s for s in self.sections if wanted in (s.name.casefold(), s.title.casefold()))
        row = re.compile(rf"^\| (?:`[^`|\n]*` )*`{re.escape(wanted)}[ `\[]", re.MULTILINE | re.IGNORECASE)
        return next(named, None) or next((s for s in self.sections if wanted and row.search(s.text)), None)

    @property
    def digest(self) -> str:
        """SHA-256 of the text: part of every result."""
        return digest(self)

    @property
    def text(self) -> str:
        """All pages as one document, with the mark that it can be found by."""
        return "\n\n".join([*(f"## {section.title}\n\n{section.text.strip()}" for section in self.sections), canary.LINE])


class ToolSpec(Record):
    """A tool as a model sees it."""

    name: str
    """Function name."""
    description: str
    """What it does and what it returns, for the model."""
    parameters: dict[str, Any]
    """JSON schema of the arguments (an object)."""


@dataclass(frozen=True, kw_only=True)
class BackendInfo:
    """What a target is."""

    name: str
    """The backend's name in commands and results."""
    title: str
    """One line for people."""
    language: str
    """Name of the kernel language, as a model should understand it: ``C11``."""
    extension: str
    """File extension of a kernel, without the dot; also the fence label in prompts."""
    version: str
    """Version of the backend's package."""
    digest: str
    """SHA-256 over everything of the backend that decides a score: simulator, flags, tools' versions, baselines."""
    manual: Manual
    """What an agent may read."""
    formats: Formats = field(default_factory=Formats)
    """The arithmetic that tolerances are expressed in."""
    deterministic: bool = True
    """Whether cycles repeat exactly. If not, the backend must offer `PairedTiming`."""
    generic_sizes: bool = False
    """Whether one kernel text serves any sizes, so that it is also graded at held-out ones."""
    sandbox: str = "none"
    """Name of the sandbox tier that untrusted code runs in; ``none`` where kernels are only data to a simulator."""
    tools: tuple[ToolSpec, ...] = ()
    """Extra agent tools; their calls go to `ToolProvider.call_tool`."""
    source_limit: int = 256 * 1024
    """Largest kernel text, in bytes of UTF-8."""


class Support(Record):
    """Whether a backend can hold a workload."""

    supported: bool
    """True, or see ``reason``."""
    reason: str = ""
    """Why not: a property of the target, not of any kernel."""


class Brief(Record):
    """What the prompt says about calling a kernel for one workload."""

    signature: str
    """The exact declaration or entry point that a kernel must provide."""
    text: str
    """Markdown: calling convention, memory layout, alignment, limits."""


class Diagnostic(Record):
    """One message of a compiler, assembler or gate."""

    severity: Literal["error", "warning"]
    """Errors stop the build."""
    message: str
    """What is wrong, with the value and what would be right."""
    line: int | None = None
    """1-based line of the kernel."""
    column: int | None = None
    """1-based column."""
    snippet: str = ""
    """The offending line of the kernel."""
    hint: str = ""
    """What to write instead."""
    cause: str = ""
    """Category, for programs that count failures: ``unknown_mnemonic``, ``syntax``, ...; a closed set per backend, or empty."""


@dataclass(frozen=True)
class Build:
    """A kernel made ready to execute, or the reasons why it could not be."""

    artifact: Any = None
    """The backend's own handle (path, program words); None when the build failed."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Messages in source order."""
    seconds: float = 0.0
    """Wall time spent in the target's own tools."""
    outcome: Literal["built", "build_error", "rejected", "timeout"] = "built"
    """``rejected`` is a breach of integrity rules (forbidden construct), not a mistake of the language."""

    @property
    def problem(self) -> str:
        """The first error and its line, in one line; the outcome where no error was said."""
        first = next((d for d in self.diagnostics if d.severity == "error"), None)
        where = f" (line {first.line})" if first and first.line else ""
        return (first.message if first else self.outcome) + where


class Fault(Record):
    """A typed trap of the target."""

    cause: str
    """Closed set per backend: ``segmentation``, ``illegal_instruction``, ``vram_bounds``, ..."""
    message: str
    """One sentence with the values."""
    pc: int | None = None
    """Program counter of the trapping instruction."""
    line: int | None = None
    """1-based kernel line."""
    operand: str = ""
    """Which operand."""
    address: int | None = None
    """Address touched, in the memory's own unit."""
    limit: int | None = None
    """The legal limit that was exceeded."""


class ProfileLine(Record):
    """What one source line cost."""

    line: int
    """1-based kernel line."""
    cycles: float
    """Cycles (or, where the target counts those, instructions) attributed to the line."""
    count: int | None = None
    """Times executed; None where the target does not tell."""
    causes: dict[str, float] = {}
    """Cycles by cause: issue, data hazard, unit busy, memory, DMA."""


class Profile(Record):
    """Where the cycles of an execution went."""

    unit: str
    """What the numbers count: ``cycles`` or ``instructions``."""
    total: float
    """Sum over the execution."""
    lines: tuple[ProfileLine, ...]
    """Hottest first."""
    causes: dict[str, float] = {}
    """Totals by stall cause."""
    occupancy: dict[str, float] = {}
    """Share of the time each unit was busy, 0 to 1."""


@dataclass(frozen=True)
class Limits:
    """What one execution may use; a backend honours all that apply to it and reports ``limit`` or ``timeout``."""

    wall_s: float = 10.0
    """Wall seconds per input set."""
    memory_bytes: int = 1 << 30
    """Address space of the kernel's process, or the size of a simulator's state."""
    cycles: int | None = None
    """Cycle budget; None lets the backend derive one from the baseline."""
    output_bytes: int = 64 * 1024
    """Bytes that a kernel may print; they are dropped beyond it and never parsed."""


@dataclass(frozen=True)
class Execution:
    """One run of one build on one input set."""

    outcome: Literal["completed", "fault", "timeout", "limit"]
    """Only ``completed`` has outputs."""
    outputs: Tensors | None = None
    """Every declared output as the target left it in memory (poisoned beforehand)."""
    inputs_intact: bool = True
    """Whether the target's copy of the inputs was unchanged afterwards."""
    cycles: float | None = None
    """Cost in cycles of the target; on hardware without a cycle counter of its own, reference cycles of the clock."""
    counters: Mapping[str, float] = field(default_factory=dict)
    """Counted events by name (instructions, bytes moved, stalls)."""
    profile: Profile | None = None
    """Where the cycles went, if the backend knows."""
    fault: Fault | None = None
    """The trap, when the outcome is ``fault`` or ``limit``."""
    seconds: float = 0.0
    """Wall time spent inside the target's own tools, boxes they start in included."""


class Bound(Record):
    """The least number of cycles that a target could take for a workload: its speed of light."""

    cycles: float
    """Lower bound on `Execution.cycles`."""
    limited_by: str
    """The unit or memory that sets it."""
    formula: str
    """The formula with its numbers filled in."""
    estimate: bool = False
    """True when it rests on measured peaks rather than on the machine's definition."""


class Backend(Protocol):
    """A target platform."""

    @property
    def info(self) -> BackendInfo:
        """What this target is; cheap, constant."""

    def support(self, workload: Workload) -> Support:
        """Whether the target can hold this workload, or why not."""

    def brief(self, workload: Workload) -> Brief:
        """What a prompt must say so that a kernel can be called."""

    def build(self, source: str, workload: Workload) -> Build:
        """Assembles or compiles; never raises for what the text contains. Raises InfraError when a tool is broken."""

    def execute(self, build: Build, batch: Sequence[Tensors], limits: Limits) -> Sequence[Execution]:
        """Runs a built kernel on each input set, in order, stopping after the first that does not complete.
        One call shares one sandbox, so it pays for the set-up once. Raises InfraError when the sandbox breaks."""

    def bound(self, workload: Workload) -> Bound:
        """Speed of light of the workload on this target."""

    def baseline(self, workload: Workload) -> str:
        """The frozen kernel that speed is measured against."""


class Race(Record):
    """A kernel timed against the baseline by interleaved pairs on fresh inputs."""

    outcome: Literal["completed", "fault", "timeout", "limit", "wrong"]
    """``wrong`` when a timed call left a wrong, missing or stale output."""
    detail: str = ""
    """What failed, when not completed."""
    speedup: float | None = None
    """Baseline time over candidate time: exp of the median log ratio of the pairs."""
    low: float | None = None
    """Lower end of the 95% paired-bootstrap interval of ``speedup``."""
    high: float | None = None
    """Upper end."""
    pairs: int = 0
    """Number of interleaved pairs measured."""
    cycles: float | None = None
    """Median cycles per call of the candidate."""
    baseline_cycles: float | None = None
    """Median cycles per call of the baseline."""
    seconds: float = 0.0
    """Wall time spent inside kernels, boxes they start in included."""


@runtime_checkable
class PairedTiming(Protocol):
    """For targets whose time is measured, not counted: speed comes from a race, not from two numbers."""

    def race(
        self,
        candidate: Build,
        baseline: Build,
        workload: Workload,
        seed: int,
        check: Callable[[Tensors, Tensors], str | None],
        *,
        pairs: int,
        limits: Limits,
    ) -> Race:
        """Times candidate and baseline in interleaved pairs of random order on inputs drawn from ``seed``.
        ``check(inputs, outputs)`` is the judge's: it returns None or what is wrong, and is applied to outputs of timed calls."""


@runtime_checkable
class StoresInputs(Protocol):
    """For targets that round inputs on the way in (block-scaled memories): the reference sees what the device sees."""

    def stored(self, workload: Workload, inputs: Tensors) -> Tensors:
        """The inputs as the device stores them, in the same types and shapes."""


@runtime_checkable
class Profiles(Protocol):
    """For targets whose profile costs extra and is made only on request."""

    def profile(self, build: Build, inputs: Tensors, limits: Limits) -> Profile | str:
        """Where one execution's cycles or instructions went, or the reason why that cannot be told here."""


@runtime_checkable
class Measures(Protocol):
    """For targets on which a kernel costs more than cycles: area, clock. Asked at the final grading only, because it is slow."""

    def measure(self, build: Build, cycles: float, baseline: Build, baseline_cycles: float) -> Mapping[str, float]:
        """These costs by name, with their unit in it, for a kernel that takes so many cycles; those of the baseline behind
        ``baseline_``; and how many times better the kernel is behind ``gain_``, which is 1 for a difference within what the
        tools scatter. Empty where costs are turned off or unknown. Raises InfraError when a tool is broken."""


@dataclass(frozen=True)
class ToolOutput:
    """A tool's answer with files that people may want: a waveform, a picture."""

    text: str
    """What the model reads."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Contents by plain file name; kept in the trial's folder, never shown to the model."""


@runtime_checkable
class ToolProvider(Protocol):
    """For backends with agent tools of their own."""

    def call_tool(self, name: str, arguments: Mapping[str, Any], workload: Workload, seed: int) -> str | ToolOutput:
        """The answer to one of `BackendInfo.tools` as text for the model; inputs may only be drawn from the public seed.
        ValueError, with a message for the model, if the arguments are wrong."""


class Specimen(Record):
    """A small kernel that ends in a known way: what a target's author knows about its language, for `Specimens`."""

    name: str
    """What it does: ``endless``, ``idle``, ``writes past the end``."""
    source: str
    """Kernel text."""
    ends: tuple[Literal["wrong", "fault", "build_error", "rejected", "timeout", "limit"], ...]
    """Outcomes that are right for it; never a pass."""
    cause: str = ""
    """`Fault.cause` or `Diagnostic.cause` that it must have; empty if any will do."""


@runtime_checkable
class Specimens(Protocol):
    """For the conformance kit: what only somebody who knows the target's language can say."""

    def vocabulary(self) -> Sequence[str]:
        """Every word that a manual must explain: mnemonics, built-in functions."""

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """Kernels of this workload that end badly; among them one that never ends, one that does nothing, one that traps."""


@dataclass(frozen=True)
class BackendContext:
    """What a backend's entry point (``create(context) -> Backend``) is given."""

    cache: Path
    """Folder for compiled artifacts, safe to delete."""
    sandbox: Callable[[], Sandbox]
    """The sandbox tier chosen for this session; calling it probes on first use, raising InfraError where none works."""
    options: Mapping[str, str] = field(default_factory=dict)
    """``--backend-option key=value`` pairs; unknown keys are the backend's to refuse."""
