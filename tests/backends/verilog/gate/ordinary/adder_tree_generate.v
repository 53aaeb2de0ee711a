// A balanced tree of adders; level l is named by its generate block.
module kernel #(parameter N = 8, parameter W = 8) (
    input wire clk, input wire [N*W-1:0] x, output wire [W+$clog2(N)-1:0] sum
);
  localparam LEVELS = $clog2(N);
  localparam SW = W + LEVELS;
  genvar l, i;
  generate
    for (l = 0; l <= LEVELS; l = l + 1) begin : level
      wire [SW-1:0] value [0:(N >> l)-1];
      for (i = 0; i < (N >> l); i = i + 1) begin : node
        if (l == 0) begin : leaf
          assign value[i] = x[i*W +: W];
        end else begin : inner
          reg [SW-1:0] q;
          always @(posedge clk) q <= level[l-1].value[2*i] + level[l-1].value[2*i+1];
          assign value[i] = q;
        end
      end
    end
  endgenerate
  assign sum = level[LEVELS].value[0];
endmodule
