module kernel (input [7:0] u, input [3:0] n, output signed [8:0] y, output [7:0] z);
  assign y = $signed({1'b0, u}) - $signed(n);
  assign z = $unsigned($signed(u) >>> 1);
endmodule
