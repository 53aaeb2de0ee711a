module kernel (input logic [7:0] a, output logic [31:0] y);
  assign y = int'(a) * 3;
endmodule
