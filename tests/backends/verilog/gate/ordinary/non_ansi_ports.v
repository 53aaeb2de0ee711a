module kernel (clk, rst, d, q);
  parameter W = 8;
  input clk, rst;
  input [W-1:0] d;
  output [W-1:0] q;
  reg [W-1:0] q;
  always @(posedge clk)
    if (rst)
      q <= {W{1'b0}};
    else
      q <= d;
endmodule
