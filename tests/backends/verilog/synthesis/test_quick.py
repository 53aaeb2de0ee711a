"""The quick estimate: resources, the longest path and where it lies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backends.verilog.classes import Failure
from backends.verilog.synthesis import Quick, Resources, Synthesis, quick
from backends.verilog.synthesis.path import MULTIPLIER

Design = Callable[[str], str]
DOT = """\
module kernel #(parameter N = 2, parameter STAGES = 0) (
  input wire clk, input wire [63:0] a, input wire [63:0] b, output reg [31:0] y
);
  reg [31:0] product [0:N-1];
  reg [31:0] sum;
  integer i;
  generate
    if (STAGES) begin
      always @(posedge clk)
        for (i = 0; i < N; i = i + 1)
          product[i] <= a[8*i +: 8] * b[8*i +: 8];
    end else begin
      always @*
        for (i = 0; i < N; i = i + 1)
          product[i] = a[8*i +: 8] * b[8*i +: 8];
    end
  endgenerate
  always @* begin
    sum = 0;
    for (i = 0; i < N; i = i + 1)
      sum = sum + product[i];
  end
  always @(posedge clk) y <= sum;
endmodule
"""


def estimate(synthesis: Synthesis, **parameters: int) -> Quick:
    found = synthesis.quick(DOT, parameters)
    assert found.failure is None
    return found


def resources(found: Quick) -> Resources:
    assert found.resources is not None
    return found.resources


def test_what_a_design_occupies(synthesis: Synthesis) -> None:
    found = estimate(synthesis, N=4)
    used = resources(found)
    assert used.dsps == found.cells[MULTIPLIER] == 4
    assert used.ffs == 18  # the sum of four 16-bit products; the rest is constant
    assert 2 * 16 < used.luts < 4 * 3 * 18  # three additions of 16 to 18 bits
    assert used.brams == 0


def test_more_is_more(synthesis: Synthesis) -> None:
    small, large = estimate(synthesis, N=2), estimate(synthesis, N=6)
    assert small.area is not None
    assert large.area is not None
    assert large.area > 2.5 * small.area
    assert large.cells[MULTIPLIER] == 3 * small.cells[MULTIPLIER] == 6


def test_a_register_shortens_the_path(synthesis: Synthesis) -> None:
    joined, split = estimate(synthesis, N=2, STAGES=0).path, estimate(synthesis, N=2, STAGES=1).path
    assert joined is not None
    assert split is not None
    assert (joined.begin, joined.end) in {("a", "y"), ("b", "y")}
    assert joined.through[0] == "multiplier"
    assert joined.lines == (15,)
    assert split.levels < joined.levels


def test_the_text_for_an_agent(synthesis: Synthesis) -> None:
    first, second = estimate(synthesis, N=1).lines()
    assert first == "area 191 LUT4 equivalents (estimate): 0 LUT4, 16 flip-flops, 1 multipliers, 0 block memories"
    assert second == "longest path 4 levels, from 'a' to 'y': multiplier; lines 15"


def test_the_path_names_its_operators(synthesis: Synthesis, design: Design) -> None:
    found = synthesis.quick(design("matmul"), {"N": 4, "K": 64}).path
    assert found is not None
    assert (found.begin, found.levels) == ("s_data", 7)
    assert found.end.startswith("sum[")
    assert found.through == ("multiplier", "32-bit adder")
    assert found.lines == (23,)


def test_memories(synthesis: Synthesis) -> None:
    text = """\
module kernel #(parameter D = 1024, parameter SYNC = 1) (
  input wire clk, input wire [9:0] a, input wire [15:0] d, output wire [15:0] y
);
  reg [15:0] m [0:D-1];
  reg [15:0] q;
  always @(posedge clk) begin
    m[a] <= d;
    q <= m[a];
  end
  assign y = SYNC ? q : m[a];
endmodule
"""
    block = resources(synthesis.quick(text, {"D": 1024, "SYNC": 1}))
    assert (block.brams, block.ffs) == (1, 0)  # the register is the block's own
    spread = resources(synthesis.quick(text, {"D": 1024, "SYNC": 0}))
    assert spread.brams == 0
    assert spread.luts >= 1024


def test_a_design_without_logic(synthesis: Synthesis) -> None:
    found = synthesis.quick("module kernel(input wire clk, input wire a, output wire y);\n  assign y = a;\nendmodule\n", {})
    assert found.path is not None
    assert found.path.levels == 0
    assert found.area == 0


def test_the_same_twice(synthesis: Synthesis, design: Design) -> None:
    one, two = (synthesis.quick(design("tree"), {}) for _ in range(2))
    assert (one.resources, one.path, one.cells) == (two.resources, two.path, two.cells)


def test_what_cannot_be_read(synthesis: Synthesis) -> None:
    found = synthesis.quick("module kernel(input wire clk);\n  wire w = ;\nendmodule\n", {})
    assert (found.resources, found.area, found.path) == (None, None, None)
    assert found.failure is Failure.not_synthesizable
    assert next(found.lines()).startswith("the synthesiser cannot read this: ")


def test_what_takes_too_long(synthesis: Synthesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "SECONDS", 1)
    text = (
        "module kernel(input wire clk, input wire [63:0] a, b, output wire [63:0] y);\n  assign y = a / b + b % a;\nendmodule\n"
    )
    found = synthesis.quick(text, {})
    assert found.failure is Failure.cpu_timeout
    assert "divide over many cycles" in next(found.lines())
