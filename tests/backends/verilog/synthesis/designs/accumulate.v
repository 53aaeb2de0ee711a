// Verilog-2005: registers, a running sum, a saturating output, blocking variables in a clocked block.
module kernel #(parameter W = 16, parameter LIMIT = 100000) (
  input wire clk, input wire rst, input wire en, input wire [15:0] a, input wire [15:0] b, output reg [31:0] y
);
  reg signed [31:0] sum;
  reg signed [31:0] next;
  always @(posedge clk) begin
    if (rst) begin
      sum <= 0;
      y <= 0;
    end else if (en) begin
      next = sum + $signed(a[W-1:0]) * $signed(b[W-1:0]);
      sum <= next > LIMIT ? LIMIT : next < -LIMIT ? -LIMIT : next;
      y <= sum >>> 2;
    end
  end
endmodule
