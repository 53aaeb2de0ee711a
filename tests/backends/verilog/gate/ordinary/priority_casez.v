module kernel (input [7:0] in, output reg [2:0] at, output reg any);
  always @(*) begin
    any = 1'b1;
    casez (in)
      8'b1???????: at = 3'd7;
      8'b01??????: at = 3'd6;
      8'b001?????: at = 3'd5;
      8'b0001????: at = 3'd4;
      8'b0000_1???: at = 3'd3;
      8'b0000_01??: at = 3'd2;
      8'b0000_001?: at = 3'd1;
      8'b0000_0001: at = 3'd0;
      default: begin at = 3'd0; any = 1'b0; end
    endcase
  end
endmodule
