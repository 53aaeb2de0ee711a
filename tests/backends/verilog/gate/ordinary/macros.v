`timescale 1ns / 1ps
`default_nettype none
`define WIDTH 8
`define MAX(a, b) ((a) > (b) ? (a) : (b))
`define NEXT(r, v) always @(posedge clk) \
  if (rst) r <= 0; \
  else r <= v;
`ifdef SIMULATION
initial $display("never seen");
`else
module kernel (input wire clk, input wire rst, input wire [`WIDTH-1:0] a, b, output reg [`WIDTH-1:0] m);
  `NEXT(m, `MAX(a, b))
  wire [3:0] unused = `WIDTH'd5;
endmodule
`endif
`default_nettype wire
