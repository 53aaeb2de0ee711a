"""The verilog target: synthesizable RTL, gated, synthesized to a netlist, simulated, scored in clock cycles.

Open next: `interface` (how tensors become beats or memory words), `gate` (what a text may contain), `synthesis` (the netlist,
area and clock), `simulate` (benches, simulators, runs). Nothing here knows an expected output; that is the judge's.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from backends.verilog import baselines, interface, specimens, tools
from backends.verilog.bound import bound
from backends.verilog.brief import brief
from backends.verilog.classes import Failure
from backends.verilog.gate import SOURCE_LIMIT, Gated, SourceGate
from backends.verilog.simulate.conductor import Conductor, Design, Result
from backends.verilog.simulate.driver import Refusal
from backends.verilog.simulate.runs import Budget
from backends.verilog.synthesis import LIMITS, DesignLimits, Netlist, Ppa, Quick, Synthesis, UnplaceableError, compare
from harness.backend import (
    BackendContext,
    BackendInfo,
    Bound,
    Brief,
    Build,
    Diagnostic,
    Execution,
    Fault,
    Limits,
    Manual,
    Specimen,
    Support,
    ToolOutput,
)
from harness.errors import InfraError
from harness.record import digest, file_digests
from harness.task import Tensors, Workload

HERE = Path(__file__).parent
SOURCES = frozenset({".py", ".j2", ".v", ".cpp", ".c", ".ys"})
"""Suffixes of what decides a score; the manual has a digest of its own."""
_REMEMBERED = 64
_SERIAL = 4
"""Cycles that a kernel may take for each operation, and for each beat or word."""
_FLOOR = 2000
"""Cycles that every kernel may take."""
_OUTCOMES: Mapping[Failure, str] = {
    **dict.fromkeys((Failure.cpu_timeout, Failure.wall_timeout), "timeout"),
    **dict.fromkeys((Failure.max_cycles, Failure.memory, Failure.output_limit), "limit"),
}
"""What an execution's outcome is; every other failure is a fault."""


class Gate(Protocol):
    """What `gate.SourceGate` is to this module."""

    @property
    def digest(self) -> str:
        """Digest of all that decides what passes."""

    def check(self, source: str, contract: interface.Contract) -> Gated:
        """Whether a text may be a kernel, and its canonical form."""


class Synthesizer(Protocol):
    """What `synthesis.Synthesis` is to this module."""

    @property
    def digest(self) -> str:
        """Digest of tools and scripts."""

    def netlist(self, text: str, parameters: Mapping[str, int], limits: DesignLimits) -> Netlist:
        """The word-level netlist, or why there is none."""

    def quick(self, text: str, parameters: Mapping[str, int]) -> Quick:
        """An estimate of area and longest path."""

    def ppa(self, text: str, parameters: Mapping[str, int], seeds: int = 3) -> Ppa:
        """Area and clock after placing and routing."""


@dataclass(frozen=True)
class Artifact:
    """A kernel made ready to simulate."""

    workload: Workload
    source: str
    """The kernel as written."""
    text: str
    """Its canonical text."""
    parameters: Mapping[str, int]
    """Those that it declares, with the values that the workload gives them."""
    netlist: Design
    """The netlist, which is scored."""
    design: Design
    """The canonical text, which must behave like it."""


class VerilogBackend:
    """Synthesizable RTL under a bench of the harness."""

    def __init__(self, context: BackendContext, gate: Gate | None = None, synthesis: Synthesizer | None = None) -> None:
        cache = context.cache / "verilog"
        self.sandbox = context.sandbox
        self.gate: Gate = gate or SourceGate(context.sandbox)
        self.synthesis: Synthesizer = synthesis or Synthesis(context.sandbox, cache)
        self.conductor = Conductor(context.sandbox, cache)
        self._measures = context.options.get("ppa") == "on"
        self._builds: OrderedDict[str, Build] = OrderedDict()
        self._executions: OrderedDict[str, Sequence[Execution]] = OrderedDict()

    @cached_property
    def info(self) -> BackendInfo:
        """What this target is. Verilator is not part of the digest: where it is missing, Icarus counts the same cycles."""
        return BackendInfo(
            name="verilog",
            title="synthesizable RTL, in clock cycles of its netlist",
            language="SystemVerilog (synthesizable subset)",
            extension="v",
            version=version("kernelwright"),
            digest=digest(
                self.conductor.icarus.version,
                self.gate.digest,
                self.synthesis.digest,
                self._measures,
                file_digests(HERE, SOURCES),
            ),
            manual=Manual.read(HERE / "manual"),
            sandbox=self._tier(),
            tools=tools.SPECS,
            source_limit=SOURCE_LIMIT,
        )

    def support(self, workload: Workload) -> Support:
        """Integer tensors that fit, under names that fit, and a baseline."""
        reason = _unsupported(workload) or baselines.supported(workload) or ""
        return Support(supported=not reason, reason=reason)

    def brief(self, workload: Workload) -> Brief:
        """The module header, the packing of the tensors, and the rules of the language."""
        return brief(workload)

    def build(self, source: str, workload: Workload) -> Build:
        """Gate, synthesis to the netlist, compilation of both texts for simulation."""
        key = digest(source, workload.id, workload.task.digest)
        if key in self._builds:
            return replace(self._builds[key], seconds=0.0)
        started = time.perf_counter()
        build = self._build(source, workload)
        build = replace(build, seconds=time.perf_counter() - started)
        if build.outcome != "timeout":
            _remember(self._builds, key, build)
        return build

    def execute(self, build: Build, batch: Sequence[Tensors], limits: Limits) -> Sequence[Execution]:
        """All runs of `simulate.runs` on these input sets. Cycles repeat exactly, so a batch that was run is remembered."""
        artifact = artifact_of(build)
        contents = [{name: array.tobytes().hex() for name, array in inputs.items()} for inputs in batch]
        key = digest(artifact.source, artifact.workload.id, contents, repr(limits))
        if key in self._executions:
            return [replace(execution, seconds=0.0) for execution in self._executions[key]]
        started = time.perf_counter()
        results = self.conductor.execute(
            artifact.workload, artifact.netlist, artifact.design, batch, budget(artifact.workload, limits), limits
        )
        seconds = (time.perf_counter() - started) / len(results)
        executions = [replace(_execution(result), seconds=seconds) for result in results]
        if executions[-1].outcome != "timeout":
            _remember(self._executions, key, executions)
        return executions

    def bound(self, workload: Workload) -> Bound:
        """What must cross the interface."""
        return bound(workload)

    def baseline(self, workload: Workload) -> str:
        """The template compiler's kernel."""
        return baselines.render(workload)

    def call_tool(self, name: str, arguments: Mapping[str, Any], workload: Workload, seed: int) -> str | ToolOutput:
        """``lint``, ``wave`` or ``synthesize``. ValueError, with a message for the model, if the arguments are wrong."""
        return tools.answer(self, name, arguments, workload, seed)

    def vocabulary(self) -> Sequence[str]:
        """Ports and parameters of the interface, and the functions of the language."""
        return specimens.VOCABULARY

    def specimens(self, workload: Workload) -> Sequence[Specimen]:
        """Kernels that end badly, each in its way."""
        return specimens.specimens(workload)

    def measure(self, build: Build, cycles: float, baseline: Build, baseline_cycles: float) -> Mapping[str, float]:
        """Area and clock after placing and routing, and what follows from them, where the option ``ppa`` is on; else nothing."""
        if not self._measures:
            return {}
        artifacts = (artifact_of(build), artifact_of(baseline))
        try:
            ours, theirs = (self.synthesis.ppa(artifact.text, artifact.parameters) for artifact in artifacts)
        except UnplaceableError:
            return {}  # unknown, which is not the same as nothing
        gains = compare(ours, cycles, theirs, baseline_cycles)._asdict()
        return {
            **_costs(ours, cycles),
            **{f"baseline_{name}": value for name, value in _costs(theirs, baseline_cycles).items()},
            **{f"gain_{name}": value for name, value in gains.items()},
        }

    def _build(self, source: str, workload: Workload) -> Build:
        contract = interface.contract(workload)
        gated = self.gate.check(source, contract)
        if gated.text is None or gated.failure is not None:
            return _failed(gated.failure or Failure.source_reject, gated.diagnostics)
        parameters = {name: value for name, value in contract.parameters.items() if name in gated.parameters}
        netlist = self.synthesis.netlist(gated.text, parameters, LIMITS)
        if netlist.text is None or netlist.failure is not None:
            return _failed(netlist.failure or Failure.not_synthesizable, (*gated.diagnostics, *netlist.diagnostics))
        texts: tuple[tuple[str, str, list[str]], ...] = (("source", gated.text, list(parameters)), ("netlist", netlist.text, []))
        with ThreadPoolExecutor(len(texts)) as pool:
            design, scored = pool.map(lambda text: self.conductor.prepare(workload, *text), texts)
        if isinstance(design, Refusal):
            return _failed(Failure.elaboration, (*gated.diagnostics, *_from_icarus(design, source)))
        if isinstance(scored, Refusal):
            raise InfraError(f"Icarus refuses a netlist of yosys: {scored.log.strip()[:500]!r}")
        artifact = Artifact(workload, source, gated.text, parameters, scored, design)
        return Build(artifact, (*gated.diagnostics, *netlist.diagnostics))

    def _tier(self) -> str:
        try:
            return self.sandbox().name
        except InfraError:
            return "none works"


def artifact_of(build: Build) -> Artifact:
    """The artifact of a build that succeeded; TypeError for one that did not."""
    if not isinstance(build.artifact, Artifact):
        raise TypeError(f"a build with outcome {build.outcome!r} cannot be executed")
    return build.artifact


def budget(workload: Workload, limits: Limits) -> Budget:
    """When a run is given up: some cycles for every operation and every transfer, what a slow serial design takes."""
    if interface.profile(workload) == "stream":
        transfers = interface.beats(interface.input_groups(workload)) + interface.beats(interface.output_groups(workload))
    else:
        transfers = interface.memory_words(workload)
    cycles = limits.cycles or _FLOOR + _SERIAL * (sum(workload.work.operations.values()) + transfers)
    return Budget(cycles, cycles // 2)


def _unsupported(workload: Workload) -> str:
    tensors = {**workload.inputs, **workload.outputs}
    floats = sorted({tensor.dtype.name for tensor in tensors.values() if tensor.dtype.is_float})
    if floats:
        return f"kernels are integer hardware, and this workload has {', '.join(floats)} tensors"
    contract = interface.contract(workload)
    taken = sorted(interface.reserved(contract, workload) & set(workload.p))
    if taken:
        return f"{', '.join(taken)} would be both a size and a name of the interface"
    if contract.profile == "memory" and interface.memory_words(workload) > 1 << interface.ADDRESS_BITS:
        return f"{interface.memory_words(workload)} memory words; the port addresses {1 << interface.ADDRESS_BITS}"
    return ""


def _execution(result: Result) -> Execution:
    if result.error is not None or result.observation is None:
        error = result.error
        assert error is not None
        fault = Fault(cause=error.failure.value, message=error.message)
        outcome: Any = _OUTCOMES.get(error.failure, "fault")
        return Execution(outcome=outcome, fault=fault)
    seen = result.observation
    return Execution(outcome="completed", outputs=seen.outputs[0], cycles=float(seen.cycles), counters=seen.counters)


def _failed(failure: Failure, diagnostics: Sequence[Diagnostic]) -> Build:
    """A build that failed; its errors carry the class of the failure, by which reports count."""
    found = list(diagnostics)
    if not any(each.severity == "error" for each in found):
        found.append(Diagnostic(severity="error", message=f"the kernel was refused without a reason ({failure})"))
    causes = {"cause": failure.value}
    found = [each if each.cause or each.severity == "warning" else each.model_copy(update=causes) for each in found]
    outcome: Any = "rejected" if failure.rejected else "timeout" if _OUTCOMES.get(failure) == "timeout" else "build_error"
    return Build(diagnostics=tuple(found), outcome=outcome)


_ICARUS = re.compile(r"kernel\.sv:(\d+): (?:(error|warning|sorry|syntax error)(?:: )?)?(.*)")


def _from_icarus(refusal: Refusal, source: str) -> list[Diagnostic]:
    lines, found = source.split("\n"), []
    for number, kind, text in _ICARUS.findall(refusal.log):
        line = int(number)
        shown = lines[line - 1].strip()[:200] if line <= len(lines) else ""
        severity: Any = "warning" if kind == "warning" else "error"
        found.append(Diagnostic(severity=severity, message=text or kind, line=line, snippet=shown))
    if not any(each.severity == "error" for each in found):
        why = "was stopped: the design is too large for it" if refusal.timed_out else f"failed with status {refusal.returncode}"
        found.append(Diagnostic(severity="error", message=f"Icarus Verilog {why}"))
    return found[:20]


def _remember(known: OrderedDict[str, Any], key: str, value: Any) -> None:
    known[key] = value
    while len(known) > _REMEMBERED:
        known.popitem(last=False)


def _costs(ppa: Ppa, cycles: float) -> dict[str, float]:
    return {
        **{name: float(getattr(ppa, name)) for name in tools.PPA},
        "time_us": ppa.time_us(cycles),
        "area_delay": ppa.area * ppa.time_us(cycles),
    }
