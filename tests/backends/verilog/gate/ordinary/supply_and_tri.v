module kernel (input [3:0] a, output [7:0] y);
  supply0 gnd;
  supply1 vdd;
  tri [3:0] t;
  assign t = a;
  assign y = {t, gnd, vdd, gnd, vdd};
endmodule
