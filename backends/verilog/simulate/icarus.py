"""Icarus Verilog: four-valued, compiles in hundredths of a second, runs some ten thousand cycles a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from backends.verilog.simulate.bench import Bench
from backends.verilog.simulate.driver import Program, Refusal, require
from harness.sandbox import BoxLimits, Sandbox

LIMITS = BoxLimits(wall_s=60.0, cpu_s=10, memory_bytes=1536 << 20, file_bytes=64 << 20, processes=16)
"""What compiling one design may use."""


class Icarus:
    """The default simulator, and the only one that knows undefined values."""

    name = "icarus"

    def __init__(self, sandbox: Callable[[], Sandbox]) -> None:
        self._sandbox = sandbox

    @cached_property
    def version(self) -> str:
        """First line of ``iverilog -V``; InfraError where it does not work."""
        return require(self._sandbox, ["iverilog", "-V"], "apt-get install iverilog")

    def compile(self, bench: Bench, design: str) -> Program | Refusal:
        """Compiles; other modules that a design leaves unused are not elaborated."""
        done = self._sandbox().run(
            ["iverilog", "-g2012", "-Wall", "-Wno-timescale", "-s", bench.top, "-o", "program", "bench.sv", "kernel.sv"],
            files={"bench.sv": bench.text.encode(), "kernel.sv": design.encode()},
            collect=["program"],
            limits=LIMITS,
        )
        program = done.files.get("program")
        if done.returncode or not program:
            return Refusal(done.stderr.decode("utf-8", "replace"), done.returncode, done.timed_out)
        return Program(program)

    def command(self, seed: int) -> Sequence[str]:
        """Icarus starts every register undefined, whatever the seed."""
        return ["vvp", "-n", "program"]
