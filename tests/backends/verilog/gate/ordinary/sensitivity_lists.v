module kernel (input a, b, c, output reg x, y, z);
  always @(a or b or c) x = a & b | c;
  always @(a, b, c) y = a ^ b ^ c;
  always @* z = a ? b : c;
endmodule
