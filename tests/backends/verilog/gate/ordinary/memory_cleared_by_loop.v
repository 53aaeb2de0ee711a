module kernel (input clk, input rst, input [2:0] at, input [7:0] d, output [7:0] q);
  reg [7:0] mem [0:7];
  integer i;
  always @(posedge clk)
    if (rst) for (i = 0; i < 8; i = i + 1) mem[i] <= 8'd0;
    else mem[at] <= mem[at] + d;
  assign q = mem[at];
endmodule
