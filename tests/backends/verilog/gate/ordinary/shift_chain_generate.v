module kernel #(parameter DEPTH = 4, parameter W = 8) (input clk, input [W-1:0] d, output [W-1:0] q);
  genvar i;
  generate
    for (i = 0; i < DEPTH; i = i + 1) begin : stage
      reg [W-1:0] r;
      if (i == 0) begin : first
        always @(posedge clk) r <= d;
      end else begin : rest
        always @(posedge clk) r <= stage[i-1].r;
      end
    end
  endgenerate
  assign q = stage[DEPTH-1].r;
endmodule
