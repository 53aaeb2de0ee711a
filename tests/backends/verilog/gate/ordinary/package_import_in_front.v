package p;
  localparam K = 5;
endpackage
import p::*;
module kernel (input [7:0] d, output [7:0] q);
  assign q = d + K;
endmodule
