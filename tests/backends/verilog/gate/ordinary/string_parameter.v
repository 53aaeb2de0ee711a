module unit #(parameter MODE = "ADD") (input [7:0] a, b, output [7:0] y);
  generate
    if (MODE == "ADD") begin : g_add
      assign y = a + b;
    end else begin : g_sub
      assign y = a - b;
    end
  endgenerate
endmodule
module kernel (input [7:0] a, b, output [7:0] y, z);
  unit u0 (.a(a), .b(b), .y(y));
  unit #(.MODE("SUB")) u1 (.a(a), .b(b), .y(z));
endmodule
