module kernel (input logic [7:0] x, output logic [7:0] a, b, c, d);
  integer i;
  always_comb begin
    a = 0;
    for (int k = 0; k < 8; k++) a = a + x[k];
    b = 0;
    for (int k = 7; k >= 0; k--) b = {b[6:0], x[k]};
    c = 0;
    for (i = 0; i < 8; i += 2) c[i] = x[i];
    d = 1;
    repeat (3) d = {d[6:0], d[7] ^ x[0]};
  end
endmodule
