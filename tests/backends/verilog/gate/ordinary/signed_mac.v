module kernel #(parameter N = 4) (
    input clk, input rst, input en, input signed [7:0] a, b, output reg signed [31:0] acc
);
  wire signed [15:0] product = a * b;
  always @(posedge clk)
    if (rst) acc <= 32'sd0;
    else if (en) acc <= acc + {{16{product[15]}}, product};
endmodule
