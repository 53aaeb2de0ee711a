"""The netlist gate: what it refuses and in which words, and that what it accepts behaves as written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backends.verilog.classes import Failure
from backends.verilog.synthesis import LIMITS, Netlist, Synthesis
from backends.verilog.synthesis.netlist import chparam
from harness.sandbox import Sandbox

Gate = Callable[..., Netlist]
Design = Callable[[str], str]
STYLES = ("accumulate", "machine", "fifo", "tree")
BENCH = Path(__file__).parent / "compare.v"


def words(netlist: Netlist) -> tuple[Failure | None, int | None, str]:
    """What a refusal says first."""
    first = netlist.diagnostics[0]
    assert netlist.text is None
    assert first.severity == "error"
    assert first.hint
    return netlist.failure, first.line, first.message


@pytest.mark.parametrize("style", STYLES)
def test_the_netlist_behaves_as_written(synthesis: Synthesis, design: Design, sandbox: Sandbox, style: str) -> None:
    source = design(style)
    netlist = synthesis.netlist(source, {})
    assert netlist.diagnostics == ()
    assert netlist.failure is None
    assert netlist.text is not None
    assert "parameter" not in netlist.text
    assert "/*" not in netlist.text[:10]
    golden = re.sub(r"\bmodule kernel\b", "module golden", source)
    files = {"golden.v": golden.encode(), "netlist.v": netlist.text.encode(), "bench.v": BENCH.read_bytes()}
    script = "iverilog -g2012 -s bench -o bench bench.v golden.v netlist.v && vvp -n bench"
    done = sandbox.run(["/bin/sh", "-c", script], files=files)
    if done.returncode == 127:
        pytest.skip("no iverilog")
    assert done.stdout == b"2000 cycles, 0 differ\n"


def test_the_comparison_sees_a_difference(synthesis: Synthesis, design: Design, sandbox: Sandbox) -> None:
    source = design("accumulate")
    netlist = synthesis.netlist(source.replace(">>> 2", ">>> 3"), {})
    golden = source.replace("module kernel", "module golden")
    files = {"golden.v": golden.encode(), "netlist.v": (netlist.text or "").encode(), "bench.v": BENCH.read_bytes()}
    script = "iverilog -g2012 -s bench -o bench bench.v golden.v netlist.v && vvp -n bench"
    done = sandbox.run(["/bin/sh", "-c", script], files=files)
    if done.returncode == 127:
        pytest.skip("no iverilog")
    assert re.fullmatch(rb"2000 cycles, [1-9]\d+ differ\n", done.stdout)


def test_parameters_are_baked_in(synthesis: Synthesis) -> None:
    header = "module kernel #(parameter W = 3, parameter D = W + 1) (input wire clk, output wire [W-1:0] y);"
    text = header + "\n  assign y = D;\nendmodule\n"
    netlist = synthesis.netlist(text, {"W": 9})
    assert netlist.text is not None
    assert "output [8:0] y;" in netlist.text
    assert re.search(r"assign y = 9'h00a;", netlist.text)


def test_stats_count_what_there_is(synthesis: Synthesis, design: Design) -> None:
    stats = synthesis.netlist(design("matmul"), {"N": 4, "K": 64}).stats
    assert stats is not None
    assert (stats.multipliers, stats.flip_flops, stats.memory_bits) == (16, 16 * 32 + 7 + 2 + 1 + 1, 0)
    stats = synthesis.netlist(design("fifo"), {"DEPTH": 32}).stats
    assert stats is not None
    assert (stats.multipliers, stats.memory_bits) == (0, 32 * 16 + 16 * 16)
    assert stats.kinds["$mem_v2"] == 2


def test_a_wide_product_takes_several_multipliers(gate: Gate) -> None:
    body = "reg [39:0] p; always @(posedge clk) p <= {a, a, a, a, a} * {p[38:0], 1'b1}; assign y = p[39:32];"
    stats = gate(body).stats
    assert stats is not None
    assert stats.multipliers == 9


def test_products_by_powers_of_two_are_free(gate: Gate) -> None:
    stats = gate("assign y = a * N + a * 8'd3;").stats
    assert stats is not None
    assert stats.multipliers == 1


def test_latch_of_an_incomplete_block(gate: Gate) -> None:
    message = "'y' is a latch: some path through its block leaves it unassigned, so that it must remember"
    assert words(gate("always @*\n  if (en) y = a;", reg=True)) == (Failure.latch, 4, message)


def test_latch_in_always_comb(gate: Gate) -> None:
    message = "'y' is a latch: always_comb leaves it unassigned on some path"
    assert words(gate("always_comb\n  if (en) y = a;", reg=True)) == (Failure.latch, 4, message)


def test_falling_edge(gate: Gate) -> None:
    message = "register 'y' is clocked by the falling edge of 'clk'; only the rising edge is a clock"
    assert words(gate("always @(negedge clk) y <= a;", reg=True)) == (Failure.clock, 4, message)


def test_falling_edge_of_an_array(gate: Gate) -> None:
    body = "reg [7:0] m [0:255];\nalways @(negedge clk) m[a] <= a;\nassign y = m[a];"
    message = "array 'm' is clocked by the falling edge of 'clk'; only the rising edge is a clock"
    assert words(gate(body)) == (Failure.clock, 4, message)


def test_gated_clock(gate: Gate) -> None:
    body = "wire gated = clk & en;\nalways @(posedge gated) y <= a;"
    message = "register 'y' is clocked by 'gated'; the only clock is 'clk'"
    assert words(gate(body, reg=True)) == (Failure.clock, 5, message)


def test_divided_clock(gate: Gate) -> None:
    body = "reg half;\nalways @(posedge clk) half <= rst ? 1'b0 : ~half;\nalways @(posedge half) y <= a;"
    message = "register 'y' is clocked by 'half'; the only clock is 'clk'"
    assert words(gate(body, reg=True)) == (Failure.clock, 6, message)


def test_clock_as_data(gate: Gate) -> None:
    message = "'clk' is used as a value, by 'y'; it may only stand in @(posedge clk)"
    assert words(gate("assign y = a + clk;")) == (Failure.clock, 4, message)


def test_clock_wired_to_an_output(gate: Gate) -> None:
    message = "'clk' is used as a value, by output 'y'; it may only stand in @(posedge clk)"
    assert words(gate("assign y = {7'b0, clk};")) == (Failure.clock, None, message)


def test_asynchronous_reset(gate: Gate) -> None:
    body = "always @(posedge clk or posedge rst)\n  if (rst) y <= 0; else y <= a;"
    message = "register 'y' is changed by 'rst' without the clock; resets must be synchronous"
    assert words(gate(body, reg=True)) == (Failure.clock, 4, message)


def test_two_edges(gate: Gate) -> None:
    failure, _, message = words(gate("always @(posedge clk or posedge en) y <= a;", reg=True))
    assert (failure, message) == (Failure.clock, "a register reacts to two edges; there is one clock, clk")


def test_combinational_loop(gate: Gate) -> None:
    body = "wire [7:0] t;\nassign t = y + 1;\nassign y = t & a;"
    message = "'t' -> 'y' -> 't' is a loop without a register, through the operators on lines 5, 6"
    assert words(gate(body)) == (Failure.comb_loop, 5, message)


def test_a_ripple_through_one_vector_is_no_loop(gate: Gate) -> None:
    assert gate("wire [7:0] t;\nassign t = {t[6:0], en} ^ a;\nassign y = t;").failure is None


def test_two_drivers(gate: Gate) -> None:
    body = "always @(posedge clk) y <= a;\nalways @(posedge clk) y <= a + 1;"
    assert words(gate(body, reg=True)) == (Failure.not_synthesizable, 5, "'y' has more than one driver")


def test_high_impedance(gate: Gate) -> None:
    message = "'y' can be high-impedance (z); inside a chip there is no such value"
    assert words(gate("assign y = en ? a : 8'bz;")) == (Failure.not_synthesizable, 4, message)


def test_unknown_module(gate: Gate) -> None:
    message = "instance 'f' in 'kernel' is of a module 'foo' that does not exist"
    assert words(gate("foo f(.x(a), .z(y));")) == (Failure.elaboration, None, message)


def test_unknown_parameter(synthesis: Synthesis) -> None:
    netlist = synthesis.netlist("module kernel(input wire clk);\nendmodule\n", {"Q": 3})
    assert words(netlist) == (Failure.port_contract, 1, "module 'kernel' has no parameter 'Q'")


def test_what_yosys_cannot_read(gate: Gate) -> None:
    failure, line, message = words(gate("always @(posedge clk) begin\n  do y <= a; while (0);\nend", reg=True))
    assert (failure, line) == (Failure.not_synthesizable, 5)
    assert message.startswith("the synthesiser cannot read this: unexpected ")


def test_refusals_show_the_line(gate: Gate) -> None:
    first = gate("always @(negedge clk) y <= a;", reg=True).diagnostics[0]
    assert (first.line, first.column, first.snippet) == (4, 1, "always @(negedge clk) y <= a;")
    assert first.hint == "write always @(posedge clk)"


def test_a_signal_without_a_driver_is_a_warning(gate: Gate) -> None:
    netlist = gate("wire [7:0] u;\nassign y = a + u;")
    assert netlist.failure is None
    assert [(found.severity, found.line, found.message) for found in netlist.diagnostics] == [
        ("warning", 4, "'u' is used but has no driver")
    ]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"cells": 20}, "the design has 231 word-level cells; the limit is 20"),
        ({"flip_flops": 100}, "the design has 523 register bits; the limit is 100"),
        ({"multipliers": 15}, "the design has 16 18x18 multipliers; the limit is 15"),
    ],
)
def test_limits(synthesis: Synthesis, design: Design, limits: dict[str, int], message: str) -> None:
    netlist = synthesis.netlist(design("matmul"), {}, replace(LIMITS, **limits))
    assert words(netlist) == (Failure.too_large, None, message)


def test_limit_of_memory(gate: Gate) -> None:
    body = "reg [7:0] m [0:131072];\nalways @(posedge clk) m[a] <= a;\nassign y = m[a];"
    assert words(gate(body)) == (Failure.too_large, None, "the design has 1048584 bits of arrays; the limit is 1048576")


def test_names_of_parameters_are_names() -> None:
    assert chparam({"N": 4, "K_2": 64}) == "-chparam N 4 -chparam K_2 64"
    with pytest.raises(ValueError, match="parameter name 'N 1; shell' is not a Verilog identifier"):
        chparam({"N 1; shell": 1})
