"""Records of what happened: evaluations of kernels, trials of agents, and the settings that decide them.

These are the formats on disk; `SCHEMA_VERSION` is raised with every incompatible change and old files are migrated or refused
by `harness.run.store`, never half-read.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from harness.backend import Bound, Diagnostic, Fault, Profile
from harness.model import Usage
from harness.record import Name, Record

SCHEMA_VERSION = 1
MOST_SECONDS = 253402300799
"""The last second of the year 9999: what `datetime` can show."""


class Verdict(StrEnum):
    """The graded outcome of one kernel."""

    passed = "passed"
    """Every output of every input set within tolerance, inputs intact."""
    wrong = "wrong"
    """It ran, and an output was wrong, missing, stale or non-finite."""
    fault = "fault"
    """A typed trap of the target."""
    build_error = "build_error"
    """It did not assemble or compile."""
    timeout = "timeout"
    """The wall limit."""
    limit = "limit"
    """Another limit: memory, cycles, size of text or output."""
    rejected = "rejected"
    """It broke an integrity rule."""


class Status(StrEnum):
    """Why a trial ended."""

    graded = "graded"
    """A kernel was submitted and judged."""
    budget = "budget"
    """A limit was reached; the best kernel that passed on public inputs was judged, or there was none (a failure)."""
    refused = "refused"
    """The model declined, or never submitted and stopped; a failure of the model."""
    provider = "provider"
    """The model's server failed; not graded, redone on resume."""
    infra = "infra"
    """The machine failed; not graded, redone on resume."""
    harness_bug = "harness_bug"
    """Our own code failed; not graded, redone on resume."""
    cancelled = "cancelled"
    """Stopped by the user; not graded, redone on resume."""

    @property
    def is_graded(self) -> bool:
        """Whether the trial counts for or against the model."""
        return self in (Status.graded, Status.budget, Status.refused)


class Mismatch(Record):
    """Where and how one output differed from the reference."""

    output: str
    """Tensor name."""
    inputs: str
    """Which input set: ``public inputs``, ``hidden edge cases``, ``held-out sizes``, ``timed inputs``."""
    wrong: int
    """Elements out of tolerance."""
    total: int
    """Elements compared."""
    pattern: str
    """What the wrong elements have in common: ``every 4th row``, ``the last 3 columns``, ``all``; empty if nothing."""
    examples: tuple[MismatchElement, ...] = ()
    """The first few wrong elements. A report on hidden inputs has them too, and is never shown to an agent."""
    shape: ErrorShape | None = None
    """What kind of error it is, for statistics and pictures; never shown to an agent. None in records of older versions."""


class ErrorShape(Record):
    """An error in a few words and a picture, measured over all wrong elements of an output."""

    kind: Literal[
        "missing", "nan", "infinite", "zero", "constant", "sign", "scale", "offset", "permuted", "precision", "unrelated", "other"
    ]  # fmt: skip
    """What the wrong values are: not there; not a number (or never written); all 0; all the same; the negative, a multiple, or a
    constant distance of what is right; the right values in other places; nearly right; noise that has nothing to do with what is
    right (an output that was never written, on targets where memory holds noise); something else."""
    place: Literal["all", "element", "row", "column", "head", "tail", "stride", "block", "scattered"]
    """Where they are: everywhere; one element; single or neighbouring rows or columns; the first or last ones of an axis; every
    n-th; a box; nowhere regular."""
    worst: float | None = None
    """Largest error over the allowed one; None where either is not finite or nothing is allowed."""
    map: tuple[str, ...] = ()
    """The output as rows of cells, leading axes taken together: ``0`` where no element of a cell is wrong, ``9`` where all are,
    ``1`` to ``8`` for shares in between."""


class MismatchElement(Record):
    """One wrong element."""

    index: tuple[int, ...]
    """Position in the output tensor."""
    expected: float
    """Reference value (float64)."""
    got: float
    """Value found; NaN and infinities are legal here."""
    error: float
    """Absolute difference, infinite when not finite."""
    allowed: float
    """Tolerance at this element."""


Mismatch.model_rebuild()


class Evaluation(Record):
    """One kernel judged on one workload: the only source of every number that is reported."""

    schema_version: Literal[1] = 1
    workload: str
    """`Workload.id`."""
    backend: str
    """Backend name."""
    stage: Literal["build", "public", "final"]
    """``build``: check only; ``public``: the agent's own run; ``final``: hidden inputs."""
    kernel: str
    """SHA-256 of the kernel's UTF-8 text."""
    verdict: Verdict | None
    """None only for a successful ``build`` stage, which proves nothing."""
    summary: str
    """One sentence for a person."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Messages of the build."""
    mismatches: tuple[Mismatch, ...] = ()
    """One per wrong output of the first input set that failed."""
    fault: Fault | None = None
    """The trap or limit."""
    cycles: float | None = None
    """Cycles of the kernel; None unless passed."""
    baseline_cycles: float | None = None
    """Cycles of the baseline, measured alike."""
    speedup: float | None = None
    """baseline_cycles / cycles, or the race's median ratio; None unless passed."""
    speedup_low: float | None = None
    """Lower end of its 95% interval; equal to ``speedup`` where cycles are deterministic."""
    speedup_high: float | None = None
    """Upper end."""
    bound: Bound | None = None
    """Speed of light of the workload."""
    bound_share: float | None = None
    """bound cycles / cycles: 1 is the speed of light."""
    counters: dict[str, float] = {}
    """Counted events of the first input set."""
    metrics: dict[str, float] = {}
    """What `harness.backend.Measures` found: costs besides cycles, ``baseline_`` ones, and ``gain_``s. Only of final gradings,
    and only where the backend measures them."""
    profile: Profile | None = None
    """Where the cycles went, if asked for."""
    alarms: tuple[str, ...] = ()
    """Reasons to distrust a pass: faster than the bound, a wide interval."""
    input_sets: int = 0
    """How many input sets were executed and compared."""
    sandbox: str = "none"
    """Tier that untrusted code ran in."""
    tool_seconds: float = 0.0
    """Wall time inside compilers, simulators and kernels, boxes they start in included."""
    seconds: float = 0.0
    """Wall time of the whole evaluation."""

    @property
    def passed(self) -> bool:
        """Whether the verdict is ``passed``."""
        return self.verdict is Verdict.passed


class AgentLimits(Record):
    """When a trial ends; None is no limit."""

    turns: int = 20
    """Model calls."""
    tool_calls: int = 40
    """Tool calls, bad ones included."""
    output_tokens: int | None = 200_000
    """Generated tokens in all."""
    cost: float | None = None
    """US dollars in all; cannot be enforced where the price is unknown."""
    tool_seconds: float = 600.0
    """Wall seconds inside tools; the model's latency is never charged."""
    reply_tokens: int | None = 32_000
    """Cap on one reply."""


class AgentSettings(Record):
    """How the agent is run: the ablations that papers report are these options."""

    feedback: Literal["none", "build", "run", "full"] = "full"
    """Tools on offer: ``none`` submit only; ``build`` adds check; ``run`` adds run; ``full`` adds profile and the rest."""
    documentation: Literal["inline", "tool", "none"] = "inline"
    """Whether the manual stands in the prompt, behind tools, or nowhere."""
    strategy: Literal["zero-shot", "one-shot", "category-shot", "port"] = "zero-shot"
    """Example in the prompt: none; one fixed worked task; one of the same category; a kernel of another backend."""
    port_from: str | None = None
    """Backend whose baseline is shown by ``port``."""
    limits: AgentLimits = AgentLimits()
    """When it ends."""


class TrialSpec(Record):
    """One agent at one workload: the identity of a trial."""

    model: Name
    """Model as named on the command line."""
    backend: Name
    """Backend name."""
    workload: Name
    """`Workload.id`."""
    repeat: int = 0
    """0-based repetition."""

    @property
    def id(self) -> str:
        """Folder name: ``P15-C2--r0`` with model and backend where a run holds several; safe on every file system."""
        parts = (self.model, self.backend, self.workload, f"r{self.repeat}")
        return "--".join("".join(c if c.isalnum() or c in ".-_" else "-" for c in part) for part in parts)


class Trial(Record):
    """A finished trial, as ``trial.json`` holds it."""

    schema_version: Literal[1] = 1
    spec: TrialSpec
    """Which agent on which workload."""
    status: Status
    """Why it ended."""
    detail: str = ""
    """One sentence: the limit reached, the provider's error, the bug's exception."""
    final: Evaluation | None = None
    """The judgement on hidden inputs; None where nothing was judged."""
    evaluations: int = 0
    """Kernels evaluated by tools, the final grading not counted."""
    first_pass: int | None = None
    """1-based index of the first tool evaluation that passed on public inputs; None if none did."""
    iterations: int = 0
    """Kernels shown to the judge: tool evaluations plus the submission."""
    turns: int = 0
    """Model calls."""
    tool_calls: int = 0
    """Tool calls."""
    usage: Usage = Usage()
    """Tokens of all calls."""
    cost: float | None = None
    """US dollars of all calls; None if any price is unknown."""
    model_ids: tuple[str, ...] = ()
    """Model ids that the server reported."""
    model_seconds: float = 0.0
    """Wall time waiting for the model."""
    tool_seconds: float = 0.0
    """Wall time inside tools."""
    started_at: str = ""
    """ISO 8601, UTC."""
    digests: dict[str, str] = {}
    """What decided the score: task, backend, manual, prompts, harness, settings."""

    @property
    def passed(self) -> bool:
        """Whether the final kernel passed on hidden inputs."""
        return self.final is not None and self.final.passed


class Event(Record):
    """One line of a trial's journal, and of its transcript once finished."""

    kind: Literal["prompt", "reply", "tool", "evaluation", "note"]
    """What happened."""
    at: float = Field(ge=0, le=MOST_SECONDS, allow_inf_nan=False)
    """Unix time, seconds. It tells when, and orders nothing: clocks jump."""
    data: dict[str, Any]
    """The request, Reply, tool call with its result, or Evaluation."""
