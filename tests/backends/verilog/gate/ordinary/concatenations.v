module kernel (input [7:0] a, b, output [7:0] s, output carry, output [15:0] wide, output [3:0] middle);
  assign {carry, s} = a + b;
  assign wide = {2{a[3:0], b[3:0]}};
  assign middle = a[5 -: 4];
endmodule
