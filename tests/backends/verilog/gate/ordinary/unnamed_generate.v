module kernel #(parameter N = 4) (input [N-1:0] a, output [N-1:0] y);
  genvar i;
  generate
    for (i = 0; i < N; i = i + 1)
      if (i % 2 == 0) assign y[i] = a[i];
      else assign y[i] = ~a[i];
  endgenerate
endmodule
