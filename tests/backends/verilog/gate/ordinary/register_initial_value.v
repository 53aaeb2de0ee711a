module kernel (input clk, input d, output q);
  reg [3:0] history = 4'b0000;
  reg seen;
  initial seen = 1'b0;
  always @(posedge clk) begin
    history <= {history[2:0], d};
    seen <= seen | d;
  end
  assign q = (&history) & seen;
endmodule
