module kernel (input [3:0] op, output reg [1:0] unit);
  always @*
    casex (op)
      4'b00xx: unit = 2'd0;
      4'b01xx: unit = 2'd1;
      4'b1xxx: unit = 2'd2;
      default: unit = 2'd3;
    endcase
endmodule
