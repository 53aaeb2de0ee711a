"""Why a hardware kernel failed: the closed set of this backend, each class with the letter that VerilogEval would print.

The letters are those of VerilogEval v2's analyzer (``scripts/sv-iv-analyze``), so that its tables and ours can be laid side by
side. That analyzer knows no gate and no synthesis: what we refuse before any simulator sees it counts as its ``C``, "some
other compiler error", and whatever goes wrong in a running simulation is its ``R``, except a limit of time, its ``T``.
"""

from __future__ import annotations

from enum import StrEnum


class Failure(StrEnum):
    """The class of a failed kernel, in the order in which the layers can find it."""

    source_reject = "source_reject"
    """The source gate met a construct outside the allowed subset (or a bound on size): an integrity rule, not a mistake."""
    syntax = "syntax"
    """The text is not Verilog."""
    elaboration = "elaboration"
    """Parsed, but names, types or widths do not fit together, or a module is missing."""
    port_contract = "port_contract"
    """The module ``kernel`` is missing, or its ports or parameters are not those of the workload."""
    not_synthesizable = "not_synthesizable"
    """The synthesiser has no hardware for it."""
    latch = "latch"
    """A latch was inferred: some path through a combinational block leaves a signal unassigned."""
    clock = "clock"
    """State that is not clocked by the rising edge of ``clk``, or ``clk`` used as data."""
    comb_loop = "comb_loop"
    """A combinational loop."""
    too_large = "too_large"
    """More cells, flip-flops, memory or multipliers than a design may have."""
    x_control = "x_control"
    """An undefined value (X or Z) on a handshake signal."""
    x_data = "x_data"
    """An undefined value in an output that was handed over."""
    protocol = "protocol"
    """A rule of the interface was broken: data dropped or changed under back-pressure, a write out of bounds, ..."""
    mismatch = "mismatch"
    """Complete, well-formed, wrong values."""
    short_output = "short_output"
    """The run ended with fewer output beats than due."""
    max_cycles = "max_cycles"
    """Not done within the budget of cycles."""
    cpu_timeout = "cpu_timeout"
    """The simulation used up its processor time."""
    wall_timeout = "wall_timeout"
    """The simulation used up its wall time."""
    memory = "memory"
    """A tool ran out of the memory it may use on this design."""
    output_limit = "output_limit"
    """The simulation printed more than it may."""
    sim_crash = "sim_crash"
    """The simulator died."""
    synth_mismatch = "synth_mismatch"
    """The source and the netlist made from it behave differently."""

    @property
    def letter(self) -> str:
        """VerilogEval's letter: ``S`` syntax, ``C`` other compile error, ``T`` timeout, ``R`` wrong at run time."""
        return _LETTERS.get(self, "R")

    @property
    def rejected(self) -> bool:
        """Whether it breaches an integrity rule (`harness.backend.Build` outcome ``rejected``) rather than being a mistake."""
        return self is Failure.source_reject


_LETTERS = {
    Failure.syntax: "S",
    **dict.fromkeys(
        (
            Failure.source_reject,
            Failure.elaboration,
            Failure.port_contract,
            Failure.not_synthesizable,
            Failure.latch,
            Failure.clock,
            Failure.comb_loop,
            Failure.too_large,
        ),
        "C",
    ),
    **dict.fromkeys((Failure.max_cycles, Failure.cpu_timeout, Failure.wall_timeout), "T"),
}
