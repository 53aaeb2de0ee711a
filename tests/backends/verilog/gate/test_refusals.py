"""What is refused: where, in which class, and what the author is told to write instead."""

from __future__ import annotations

import pytest

from tests.backends.verilog.gate.conftest import Look

NOT_PART = "are not part of the kernel language"

REFUSED: list[tuple[str, str, str, str]] = [
    # What could reach out of the design: source_reject.
    ("reg r; always @(posedge clk) r <= #1 d[0];", "source_reject", f"delays {NOT_PART}", "count clock cycles"),
    ("reg c = 0; always #5 c = ~c;", "source_reject", f"delays {NOT_PART}", "count clock cycles"),
    ("wire #2 w = d[0];", "source_reject", f"delays {NOT_PART}", "count clock cycles"),
    ('initial $display("x");', "source_reject", "$display is not part of the kernel language", "the only system functions are"),
    ("wire [31:0] r = $random;", "source_reject", "$random is not part of the kernel language", "$clog2"),
    ("initial forever begin end", "source_reject", f"forever loops {NOT_PART}", "always @(posedge clk)"),
    ("initial fork join", "source_reject", f"fork blocks {NOT_PART}", "one always block each"),
    ("initial wait (d);", "source_reject", f"wait statements {NOT_PART}", "posedge clk"),
    ("event e; initial -> e;", "source_reject", f"events {NOT_PART}", "a register of one bit"),
    ("initial force q = 1;", "source_reject", f"force and release {NOT_PART}", "one always block"),
    ("reg r; always @* assign r = d;", "source_reject", f"procedural continuous assignments {NOT_PART}", "use = or <="),
    ("defparam tb.N = 3;", "source_reject", f"defparam statements {NOT_PART}", "#(.WIDTH(8))"),
    ('import "DPI-C" function int system(input string s);', "source_reject", f"DPI functions {NOT_PART}", "Verilog function"),
    ("bind kernel sub u ();", "source_reject", f"bind statements {NOT_PART}", "where it belongs"),
    ("wire x = $root.tb.x;", "source_reject", f"references to $root and $unit {NOT_PART}", "connect a port"),
    ("final begin end", "source_reject", f"final blocks {NOT_PART}", "remove it"),
    ("always q2 = d;", "source_reject", f"always blocks without an event {NOT_PART}", "always @(posedge clk)"),
    ("reg r; always @(posedge clk) begin r = 1; @(posedge clk) r = 0; end", "source_reject", f"events inside a block {NOT_PART}",
     "keep the state in a register"),
    ("wire \\a.b ;", "source_reject", f"escaped identifiers ('\\\\a.b') {NOT_PART}", "letters, digits and underscores"),
    ("`include \"x.v\"", "source_reject", "the directive `include is not part of the kernel language", "remove it"),
    ("`line 1 \"x\" 0", "source_reject", "the directive `line is not part of the kernel language", "remove it"),
    ("`pragma protect", "source_reject", "the directive `pragma is not part of the kernel language", "remove it"),
    ("wire [31:0] x = `__LINE__;", "source_reject", "the macro `__LINE__ is not part of the kernel language", "write the number"),
    ("wire x = tb.cycles;", "source_reject", "use of undeclared identifier 'tb'", "connect it by a port"),
    ("assert property (@(posedge clk) d);", "source_reject", f"assertions {NOT_PART}", "the bench checks the design"),
    # What Icarus or Yosys cannot take, or what is no hardware: a mistake.
    ("wire x = d === 8'bx;", "not_synthesizable", f"=== and !== {NOT_PART}", "write == or !="),
    ("function f(input a); return a; endfunction", "not_synthesizable", f"return statements {NOT_PART}", "the function's name"),
    ("logic r; always_comb begin r = 0; for (int i = 0; i < 8; i++) begin if (d[i]) break; r = 1; end end",
     "not_synthesizable", f"break and continue {NOT_PART}", "under an if"),
    ("logic [7:0] m [0:1]; always_ff @(posedge clk) m <= '{default: 0};", "not_synthesizable",
     f"assignment patterns '{{...}} {NOT_PART}", "one by one"),
    ("logic [7:0] a [0:1], b [0:1]; always_ff @(posedge clk) a <= b;", "not_synthesizable",
     "a whole array cannot be assigned at once", "in a for loop"),
    ("wire x = d inside {1, 2};", "not_synthesizable", f"inside expressions {NOT_PART}", "=="),
    ("logic r; always_comb unique if (d[0]) r = 1; else r = 0;", "not_synthesizable", f"unique if statements {NOT_PART}",
     "leave out unique"),
    ("struct {logic a;} s;", "not_synthesizable", f"unpacked structs {NOT_PART}", "write struct packed"),
    ("typedef enum logic [1:0] {A[2]} e_t;", "not_synthesizable", f"ranges of enum names {NOT_PART}", "name every value"),
    ("typedef enum logic {A, B} e_t; e_t s; assign s = e_t'(d[0]);", "not_synthesizable", "casts to an enum", "case statement"),
    ("typedef enum logic {A, B} e_t; e_t s; always_ff @(posedge clk) s <= s.next();", "not_synthesizable", f"methods {NOT_PART}",
     "write the expression out"),
    ("parameter [1:0][3:0] K = 8'd1;", "not_synthesizable", f"parameters with several packed dimensions {NOT_PART}", "slice it"),
    ("parameter int unsigned K = 1;", "not_synthesizable", f"signed or unsigned behind int in a parameter {NOT_PART}",
     "parameter int"),
    ("logic r; always_comb begin logic t = d[0]; r = t; end", "not_synthesizable",
     f"initial values of variables of a block {NOT_PART}", "then assign it"),
    ("integer i; reg [3:0] r; always @* begin i = 0; r = 0; while (i < 8) begin r = r + d[i]; i = i + 1; end end",
     "not_synthesizable", f"while loops outside functions {NOT_PART}", "for loop with constant bounds"),
    ("logic [3:0][1:0] a; assign a = d; wire x = a[d[1:0]][0];", "not_synthesizable",
     "a selection from a variable element of a packed array", "one flat vector"),
    ("typedef struct packed {logic [3:0] x; logic [3:0] y;} p_t; p_t m [0:3]; wire [3:0] w = m[d[1:0]].x;", "not_synthesizable",
     "members of an element of an array cannot be selected", "copy the element"),
    ("wire [3:0] w = (d + 1)[3:0];", "not_synthesizable", f"selections from an expression {NOT_PART}", "with a wire"),
    ("function automatic [7:0] f(input [7:0] a); f = a == 0 ? 0 : f(a - 1); endfunction assign q = f(d);", "not_synthesizable",
     "'f' calls itself", "for loop with constant bounds"),
    ("function void f(input a); endfunction", "not_synthesizable", f"void functions {NOT_PART}", "write a task"),
    ("function f(input a, output b); f = a; endfunction", "not_synthesizable", f"output arguments of functions {NOT_PART}",
     "a task"),
    ("wand w;", "not_synthesizable", f"nets of type wand {NOT_PART}", "use wire"),
    ("bufif1 (q[0], d[0], d[1]);", "not_synthesizable", f"primitives of type bufif1 {NOT_PART}", "never Z"),
    ("real r;", "not_synthesizable", f"real numbers {NOT_PART}", "fixed point"),
    ("string s;", "not_synthesizable", f"strings and handles {NOT_PART}", "use vectors"),
    # Plain mistakes.
    ("assign q = d", "syntax", "expected ';'", ""),
    ("assign q = dd;", "elaboration", "use of undeclared identifier 'dd'", ""),
    ("sub u (d, q);", "elaboration", "unknown module 'sub'", "of its own text"),
    ("wire x = pkg::K;", "elaboration", "unknown class or package 'pkg'", ""),
    ("wire bool;", "syntax", "'bool' cannot be a name: Icarus Verilog takes it for a type", "rename it"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "failure", "message", "hint"), REFUSED, ids=[row[0][:40] for row in REFUSED])
def test_refused(text: str, failure: str, message: str, hint: str, body: Look) -> None:
    answer = body(text)
    assert answer["text"] is None
    first = answer["problems"][0]
    assert (first["failure"], message in first["message"]) == (failure, True), answer["problems"]
    assert hint in first["hint"]
    assert first["line"] in (2, 3) or first["message"].endswith("calls itself")


def test_places_are_those_of_the_text_as_written(body: Look) -> None:
    problems = body("  // a comment\n  wire a;\n  initial  $finish; initial $stop;")["problems"]
    assert [(problem["line"], problem["column"]) for problem in problems] == [(4, 12), (4, 29)]


def test_of_many_problems_the_first_are_told(body: Look) -> None:
    problems = body("initial $finish;\n" * 50)["problems"]
    assert [problem["line"] for problem in problems] == list(range(2, 22))


def test_a_refusal_is_not_drowned_in_the_syntax_errors_that_follow_from_it(look: Look) -> None:
    answer = look('`include "/etc/hostname"\nmodule kernel; endmodule\n')
    assert [problem["message"] for problem in answer["problems"]] == ["the directive `include is not part of the kernel language"]


def test_names_in_a_generate_block_of_the_same_module_are_no_hierarchy(body: Look) -> None:
    chain = """genvar i;
    generate for (i = 0; i < 3; i = i + 1) begin : g
      wire [7:0] t;
      if (i == 0) begin : z assign t = d; end else begin : z assign t = g[i-1].t + 1; end
    end endgenerate
    assign q = g[2].t;"""
    assert body(chain)["text"] is not None


def test_names_in_an_instance_are_out_of_reach(body: Look) -> None:
    sub = "module sub (input a, output y); wire secret = a; assign y = secret; endmodule\n"
    answer = body("sub u (.a(d[0]), .y(q[0])); assign q[1] = u.secret;", before=sub)
    assert answer["problems"][0]["failure"] == "source_reject"
    assert answer["problems"][0]["message"] == "names inside another module are out of reach"


def test_a_chain_of_thousands_of_operators_is_refused_before_a_tool_must_follow_it(body: Look) -> None:
    answer = body("assign q = " + "d + " * 4000 + "d;")
    (problem,) = answer["problems"]
    assert (problem["failure"], problem["line"]) == ("too_large", 2)
    assert problem["message"] == "an expression or statement of more than 3000 levels"


def test_hundreds_of_branches_are_everyday_style(body: Look) -> None:
    chain = "".join(f"if (d == {i}) r = {i + 1}; else " for i in range(250))
    assert body(f"reg [7:0] r; always @* {chain} r = 0; assign q = r;")["text"] is not None
