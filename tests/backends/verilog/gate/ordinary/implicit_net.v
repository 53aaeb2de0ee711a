module kernel (input a, b, output y);
  assign both = a & b;
  assign y = ~both;
endmodule
