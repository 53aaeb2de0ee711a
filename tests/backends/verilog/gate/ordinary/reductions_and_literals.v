module kernel (input [7:0] a, output [7:0] flags, output [11:0] k, output [7:0] ones);
  assign flags = {&a, |a, ^a, ~&a, ~|a, ~^a, !a, a == 8'o17};
  assign k = 12'hA_5F + 8'b1010_1010 + 'd3 + 4 'd 9;
  assign ones = '1;
endmodule
