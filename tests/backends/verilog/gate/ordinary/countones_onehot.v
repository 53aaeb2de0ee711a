module kernel (input logic [7:0] x, output logic [3:0] ones, output logic exactly_one);
  assign ones = $countones(x);
  assign exactly_one = $onehot(x);
endmodule
