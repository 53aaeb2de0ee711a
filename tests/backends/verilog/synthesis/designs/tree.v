// Hierarchy: a function, generate loops over arrays of nets, a submodule with parameters, constant products and shifts.
module leaf #(parameter SHIFT = 1) (input wire [7:0] x, output wire [15:0] y);
  assign y = (x << SHIFT) + {8'b0, x} * 16'd77 - (x > 8'd100 ? x[6:1] : ~x[3:0]);
endmodule

module kernel #(parameter N = 4) (
  input wire clk, input wire rst, input wire en, input wire [15:0] a, input wire [15:0] b, output reg [31:0] y
);
  function [15:0] reverse(input [15:0] x);
    integer k;
    for (k = 0; k < 16; k = k + 1) reverse[k] = x[15-k];
  endfunction
  wire [15:0] part [0:N-1];
  wire [31:0] total [0:N];
  assign total[0] = 0;
  genvar i;
  generate
    for (i = 0; i < N; i = i + 1) begin : lane
      leaf #(.SHIFT(i)) node (.x(i % 2 ? a[7:0] : b[15:8]), .y(part[i]));
      assign total[i+1] = total[i] + (part[i] ^ reverse(a));
    end
  endgenerate
  always @(posedge clk) begin
    if (rst) y <= 0;
    else if (en) y <= total[N] + (b >> a[3:0]);
  end
endmodule
