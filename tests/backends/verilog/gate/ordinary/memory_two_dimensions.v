module kernel (input logic clk, input logic [1:0] r, c, input logic we, input logic [7:0] d, output logic [7:0] q);
  logic [7:0] tile [0:3][0:3];
  always_ff @(posedge clk) if (we) tile[r][c] <= d;
  assign q = tile[r][c];
endmodule
