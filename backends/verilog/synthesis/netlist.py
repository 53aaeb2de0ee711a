"""From a kernel's text to the word-level netlist that is simulated and scored, or the reasons why it is refused."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from backends.verilog.classes import Failure
from backends.verilog.synthesis.design import NOWHERE, Design
from backends.verilog.synthesis.limits import DesignLimits
from backends.verilog.synthesis.messages import of_conflict, of_error, of_loop
from backends.verilog.synthesis.modules import YOSYS
from backends.verilog.synthesis.rules import Problem, check, size, undriven
from backends.verilog.synthesis.wasm import PATIENCE, TRAPPED, Wasm
from harness.backend import Diagnostic
from harness.errors import InfraError
from harness.sandbox import Completed

SECONDS = 10
"""Processor time for elaborating a design."""
MOST = 20
"""Diagnostics kept of one design."""
ELABORATE = """\
read_verilog -sv kernel.v
hierarchy -check -top kernel {parameters}
proc
flatten -noscopeinfo
opt_clean
memory_collect
write_json design.json
setundef -undriven -undef
check -assert
write_verilog -noattr netlist.v
"""
"""The script. The two outputs are the result: the first exists if the text is a design, the second if that has neither loops nor
conflicting drivers. Undriven nets are undefined, not an error: whether that matters, simulation shows."""
_SHARE = 0.8  # of the limit of processor time; less wall time than that cannot have reached it
_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_HEADER = re.compile(r"\A/\*.*?\*/\s*", re.DOTALL)


@dataclass(frozen=True)
class NetlistStats:
    """The size of a netlist."""

    cells: int
    """Word-level cells."""
    flip_flops: int
    """Bits in registers."""
    memory_bits: int
    """Bits in arrays."""
    multipliers: int
    """18 x 18 bit multipliers."""
    kinds: Mapping[str, int]
    """Cells by yosys's type."""


@dataclass(frozen=True)
class Netlist:
    """An elaborated kernel, or why there is none."""

    text: str | None
    """Verilog of the flat module ``kernel`` with the same ports and no parameters; None if the kernel is refused."""
    stats: NetlistStats | None
    """Its size; None if the text is no design at all."""
    diagnostics: tuple[Diagnostic, ...]
    """Reasons to refuse it as errors, the most telling first; signals without a driver as warnings."""
    failure: Failure | None
    """The class of the first error; None if the kernel is accepted."""
    seconds: float
    """Wall time, start of the box included."""


def elaborate(wasm: Wasm, text: str, parameters: Mapping[str, int], limits: DesignLimits) -> Netlist:
    """Elaborates a kernel with these values of its parameters and checks the result against `rules` and ``limits``."""
    script = ELABORATE.format(parameters=chparam(parameters))
    done = run_yosys(wasm, text, script, collect=("design.json", "netlist.v"), seconds=SECONDS)
    said = done.stderr.decode("utf-8", "replace")
    if problem := stopped(done, SECONDS):
        return refused([problem], text, done.seconds)
    if "design.json" not in done.files:
        return refused([of_error(said)], text, done.seconds)
    design = Design(done.files["design.json"])
    stats = NetlistStats(*size(design), MappingProxyType(dict(design.kinds)))
    if problems := list(check(design, limits)):
        return refused(problems, text, done.seconds, stats)
    if done.returncode or "netlist.v" not in done.files:
        problem = of_loop(said) if "logic loop" in said else of_conflict(said) if "conflicting" in said else of_error(said)
        return refused([problem], text, done.seconds, stats)
    netlist = _HEADER.sub("", done.files["netlist.v"].decode("ascii"))
    warnings = tuple(diagnostic(problem, text, "warning") for problem in undriven(design))[:MOST]
    return Netlist(netlist, stats, warnings, None, done.seconds)


def run_yosys(wasm: Wasm, text: str, script: str, *, collect: Sequence[str], seconds: int) -> Completed:
    """Runs a script on a kernel's text, which it reads as ``kernel.v``; stderr holds warnings and errors."""
    files = {"kernel.v": text.encode(), "script.ys": script.encode()}
    return wasm.run(YOSYS, ["-q", "-s", "script.ys"], files=files, collect=collect, seconds=seconds)


def chparam(parameters: Mapping[str, int]) -> str:
    """Options of yosys's ``hierarchy`` that set parameters; ValueError for what is not a plain name."""
    for name in parameters:
        if not _NAME.match(name):
            raise ValueError(f"parameter name {name!r} is not a Verilog identifier")
    return " ".join(f"-chparam {name} {value}" for name, value in parameters.items())


def stopped(done: Completed, seconds: int) -> Problem | None:
    """Whether the synthesiser was ended by a limit, and which. InfraError if something else killed it."""
    if done.timed_out:
        return _too_much(Failure.wall_timeout, f"takes more than {PATIENCE * seconds} s to synthesise")
    if done.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        if done.seconds < _SHARE * seconds:
            raise InfraError(f"the synthesiser was killed after {done.seconds:.1f} s", "is the machine short of memory?")
        return _too_much(Failure.cpu_timeout, f"takes more than {seconds} s of processor time to synthesise")
    if done.returncode == -signal.SIGXFSZ:
        return _too_much(Failure.too_large, "has a netlist of more than 64 MB")
    if done.returncode == TRAPPED or done.returncode < 0:
        return _too_much(Failure.memory, "needs more memory to synthesise than the synthesiser has")
    return None


def _too_much(failure: Failure, what: str) -> Problem:
    hint = "end loops and recursion after few steps; divide over many cycles; write large arrays only in always @(posedge clk)"
    return Problem(failure, f"the design {what}", hint)


def refused(problems: Sequence[Problem], text: str, seconds: float, stats: NetlistStats | None = None) -> Netlist:
    """A netlist that there is not."""
    diagnostics = tuple(diagnostic(problem, text) for problem in dict.fromkeys(problems))[:MOST]
    return Netlist(None, stats, diagnostics, problems[0].failure, seconds)


def diagnostic(problem: Problem, text: str, severity: str = "error") -> Diagnostic:
    """A problem as the harness reports it, with the line of the kernel that it is about."""
    line, column = problem.place
    lines = text.split("\n")
    snippet = lines[line - 1].strip()[:200] if line and problem.place != NOWHERE and line <= len(lines) else ""
    return Diagnostic(
        severity="warning" if severity == "warning" else "error",
        message=problem.message,
        line=line,
        column=column,
        snippet=snippet,
        hint=problem.hint,
    )
