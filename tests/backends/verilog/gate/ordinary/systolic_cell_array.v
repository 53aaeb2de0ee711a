module pe #(parameter W = 8) (
    input wire clk, input wire clear, input wire signed [W-1:0] a_in, b_in,
    output reg signed [W-1:0] a_out, b_out, output reg signed [31:0] acc
);
  always @(posedge clk) begin
    a_out <= a_in;
    b_out <= b_in;
    if (clear) acc <= 0;
    else acc <= acc + a_in * b_in;
  end
endmodule
module kernel #(parameter N = 3, parameter W = 8) (
    input wire clk, input wire clear, input wire [N*W-1:0] a, b, output wire [N*N*32-1:0] c
);
  wire signed [W-1:0] right [0:N-1][0:N];
  wire signed [W-1:0] down [0:N][0:N-1];
  genvar i, j;
  generate
    for (i = 0; i < N; i = i + 1) begin : row
      assign right[i][0] = a[i*W +: W];
      assign down[0][i] = b[i*W +: W];
      for (j = 0; j < N; j = j + 1) begin : column
        pe #(.W(W)) u (
            .clk(clk), .clear(clear), .a_in(right[i][j]), .b_in(down[i][j]), .a_out(right[i][j+1]),
            .b_out(down[i+1][j]), .acc(c[(i*N+j)*32 +: 32])
        );
      end
    end
  endgenerate
endmodule
