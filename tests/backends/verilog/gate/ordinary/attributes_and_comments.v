/* A block comment with `include "x" and $display in it. */
module kernel (input clk, input [7:0] d, output [7:0] q);  // synopsys translate_off
  (* keep = "true", max_fanout = 4 *) reg [7:0] r;
  // verilator lint_off WIDTH
  always @(posedge clk) r <= d;
  assign q = r;  /* "quoted */
endmodule
