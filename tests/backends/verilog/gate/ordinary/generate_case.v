module kernel #(parameter MODE = 1) (input [3:0] a, b, output [3:0] y);
  generate
    case (MODE)
      0: begin : g_and assign y = a & b; end
      1: begin : g_or assign y = a | b; end
      default: begin : g_xor assign y = a ^ b; end
    endcase
  endgenerate
endmodule
