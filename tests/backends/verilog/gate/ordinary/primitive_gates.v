module kernel (input a, b, c, output y, z);
  wire n, t;
  not (n, a);
  and g1 (t, n, b);
  nor g2 (y, t, c);
  xor g3 (z, a, b, c);
endmodule
