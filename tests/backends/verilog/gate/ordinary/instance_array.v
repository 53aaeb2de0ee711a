module inv (input a, output y);
  assign y = ~a;
endmodule
module kernel (input [3:0] d, output [3:0] q);
  inv bits [3:0] (.a(d), .y(q));
endmodule
