module kernel (input signed [7:0] a, b, output [7:0] distance, output less);
  wire signed [8:0] d = a - b;
  assign distance = d[8] ? -d : d;
  assign less = $signed(a) < $signed(b);
endmodule
