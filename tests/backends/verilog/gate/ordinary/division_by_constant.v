module kernel (input [7:0] a, output [7:0] q, r, output [7:0] p);
  localparam TWO_TO_THE = 2 ** 3;
  assign q = a / 10;
  assign r = a % 10;
  assign p = a * TWO_TO_THE;
endmodule
