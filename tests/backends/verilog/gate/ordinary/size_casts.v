module kernel #(parameter W = 6) (input logic [7:0] a, b, output logic [7:0] y, output logic [15:0] p);
  assign y = 8'(a + b) + W'(a >> 2);
  assign p = 16'(a) * 16'(b);
endmodule
