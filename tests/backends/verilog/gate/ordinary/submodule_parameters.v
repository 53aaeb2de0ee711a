module lane #(parameter W = 4, parameter signed [7:0] SCALE = 1) (
    input wire signed [W-1:0] a, input wire signed [W-1:0] b, output wire signed [2*W-1:0] p
);
  assign p = a * b * SCALE;
endmodule
module kernel #(parameter N = 2, parameter W = 8) (
    input wire [N*W-1:0] a, input wire [N*W-1:0] b, output wire [2*N*W-1:0] p
);
  genvar i;
  generate
    for (i = 0; i < N; i = i + 1) begin : lanes
      lane #(.W(W), .SCALE(-8'sd3)) u (.a(a[i*W +: W]), .b(b[i*W +: W]), .p(p[2*i*W +: 2*W]));
    end
  endgenerate
endmodule
