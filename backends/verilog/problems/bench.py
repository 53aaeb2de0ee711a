"""Running somebody else's bench on a design: compile with Icarus, run, and read a verdict that the design cannot write.

The bench is trusted, the design is not. What makes the bench's words evidence is that the design came through the source gate:
it has no system tasks to print, stop or read with, no names that reach into the bench, and it was elaborated alone, so that
it cannot instantiate the reference. And a verdict counts only if the bench has compared as many samples as with the
reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from backends.verilog.classes import Failure
from backends.verilog.problems.problem import Problem
from harness.errors import InfraError
from harness.sandbox import BoxLimits, Completed, Sandbox

COMPILE = BoxLimits(wall_s=60.0, cpu_s=20, memory_bytes=1 << 30, file_bytes=64 << 20, processes=16)
"""What compiling may use."""
LOG_BYTES = 4 << 20
"""Bytes that a simulation may print."""
RUN = BoxLimits(wall_s=60.0, cpu_s=10, memory_bytes=1 << 30, file_bytes=64 << 20, processes=4, output_bytes=LOG_BYTES)
"""What one simulation may use."""
_COUNTS = re.compile(r"^Mismatches: (\d+) in (\d+) samples\s*$", re.MULTILINE)
_GUARD = re.compile(r"^TIMEOUT\s*$", re.MULTILINE)
_HINT = re.compile(r"^Hint: (.*\S)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Rejected:
    """A design that did not compile with its bench."""

    failure: Failure
    """``syntax`` or ``elaboration``."""
    log: str
    """What Icarus said."""


@dataclass(frozen=True)
class Ended:
    """A simulation that told nothing."""

    failure: Failure
    """Why."""
    message: str
    """One sentence."""


@dataclass(frozen=True)
class Counted:
    """What a bench found."""

    mismatches: int
    """Samples that differed from the reference."""
    samples: int
    """Samples that were compared."""
    hint: str = ""
    """What the bench says about the first output that differs."""


def compile_bench(sandbox: Sandbox, problem: Problem, design: str) -> bytes | Rejected:
    """The compiled simulation of a design that the gate has passed, or why there is none. InfraError where Icarus is missing."""
    files = {"bench.sv": problem.bench, "support.sv": problem.support, "kernel.sv": design}
    done = sandbox.run(
        ["iverilog", "-g2012", "-Wno-timescale", "-s", problem.bench_top, "-o", "program", *files],
        files={name: text.encode() for name, text in files.items()},
        collect=["program"],
        limits=COMPILE,
    )
    program = done.files.get("program")
    if done.returncode == 0 and program:
        return program
    log = done.stderr.decode("utf-8", "replace")
    if done.returncode == 127 or "iverilog: not found" in log:
        raise InfraError("Icarus Verilog is not installed: no program 'iverilog'", "apt-get install iverilog")
    return Rejected(Failure.syntax if "syntax error" in log else Failure.elaboration, log)


def run(sandbox: Sandbox, problem: Problem, program: bytes) -> Counted | Ended:
    """One run of the bench."""
    files = {"program": program, **{name: text.encode() for name, text in problem.data.items()}}
    done = sandbox.run(["vvp", "-n", "program"], files=files, limits=RUN)
    stopped = _stopped(done)
    if stopped is not None:
        return stopped
    return verdict(problem, done.stdout.decode("utf-8", "replace"))


def verdict(problem: Problem, log: str) -> Counted | Ended:
    """What the bench printed, as numbers."""
    if problem.verdicts == "words":
        return Counted(0 if re.search(r"pass", log, re.IGNORECASE) else 1, 1)
    if _GUARD.search(log):
        return Ended(Failure.max_cycles, "the bench gave up: its own limit of time was reached")
    found = _COUNTS.findall(log)
    if not found:
        return Ended(Failure.short_output, "the bench ended without its line of mismatches")
    mismatches, samples = map(int, found[-1])
    if samples == 0 or (problem.samples and mismatches == 0 and samples != problem.samples):
        due = f", not {problem.samples}" if problem.samples else ""
        return Ended(Failure.short_output, f"the bench compared {samples} samples{due}")
    hints = [hint for hint in _HINT.findall(log) if "mismatches" in hint and "no mismatches" not in hint]
    return Counted(mismatches, samples, hints[0] if hints else "")


def _stopped(done: Completed) -> Ended | None:
    """Why a simulation has no word to be heard, if it has none."""
    if done.timed_out:
        return Ended(Failure.wall_timeout, f"the simulation took more than {RUN.wall_s:g} s")
    if done.returncode in (-9, -24):
        return Ended(Failure.cpu_timeout, f"the simulation took more than {RUN.cpu_s} s of processor time")
    if len(done.stdout) >= LOG_BYTES:
        return Ended(Failure.output_limit, f"the simulation printed more than {LOG_BYTES >> 20} MiB")
    if done.returncode < 0:
        return Ended(Failure.sim_crash, f"the simulator died of signal {-done.returncode}")
    return None


def sandboxed(sandbox: Callable[[], Sandbox], problem: Problem, design: str) -> Counted | Ended | Rejected:
    """Compiles and runs."""
    program = compile_bench(sandbox(), problem, design)
    return program if isinstance(program, Rejected) else run(sandbox(), problem, program)
