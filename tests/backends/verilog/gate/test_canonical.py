"""The canonical text: the same tokens on the same lines, and nothing that a tool could be addressed by."""

from __future__ import annotations

from tests.backends.verilog.gate.conftest import Look


def test_comments_attributes_and_end_labels_are_gone_and_nothing_moves(look: Look) -> None:
    text = """// first
(* top *) module kernel (input clk, /* second */ input d, output reg q);
  // verilator lint_off WIDTH
  always @(posedge clk) begin : b   // synopsys full_case
    q <= d;
  end : b
endmodule : kernel
"""
    assert look(text)["text"] == (
        "\n"
        "          module kernel (input clk,              input d, output reg q);\n"
        "\n"
        "  always @(posedge clk) begin : b\n"
        "    q <= d;\n"
        "  end\n"
        "endmodule\n"
    )


def test_macros_are_expanded_where_they_are_used(look: Look) -> None:
    text = """`define W 8
`define SUM(a, b) ((a) + (b))
module kernel (input [`W-1:0] a, b, output [`W-1:0] y);
  assign y = `SUM(a, `SUM(b, 1)); // here
endmodule
"""
    assert look(text)["text"] == (
        "\n\n"
        "module kernel (input [ 8 -1:0] a, b, output [ 8 -1:0] y);\n"
        "  assign y = ( ( a ) + ( ( ( b ) + ( 1 ) ) ) ) ;\n"
        "endmodule\n"
    )


def test_what_a_conditional_leaves_out_is_gone_for_every_tool(look: Look) -> None:
    text = """module kernel (input a, output y);
`ifdef __ICARUS__
  assign y = a;
`elsif VERILATOR
  assign y = 1'b0;
`else
  assign y = ~a;
`endif
endmodule
"""
    assert look(text)["text"] == "module kernel (input a, output y);\n\n\n\n\n\n  assign y = ~a;\n\nendmodule\n"


def test_a_system_call_in_dead_text_does_no_harm_and_is_gone(look: Look) -> None:
    text = "module kernel (input a, output y);\n`ifdef SIM\ninitial $finish;\n`endif\nassign y = a;\nendmodule\n"
    assert "$" not in look(text)["text"]


def test_tokens_that_a_macro_glues_together_are_judged_as_what_they_become(look: Look) -> None:
    text = "`define PASTE(a, b) a``b\nmodule kernel (input a, output y);\nassign y = a; initial `PASTE($fin, ish);\nendmodule\n"
    problems = look(text)["problems"]
    assert [problem["failure"] for problem in problems][:1] == ["source_reject"]
    assert "$finish" in problems[0]["message"]
