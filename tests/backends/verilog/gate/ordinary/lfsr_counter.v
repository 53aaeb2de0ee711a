module kernel (input clk, rst, en, output reg [15:0] lfsr, output [7:0] gray);
  reg [7:0] n;
  wire feedback = lfsr[15] ~^ lfsr[13] ~^ lfsr[12] ~^ lfsr[10];
  always @(posedge clk)
    if (rst) begin lfsr <= 16'h1; n <= 0; end
    else if (en) begin lfsr <= {lfsr[14:0], feedback}; n <= n + 1; end
  assign gray = n ^ (n >> 1);
endmodule
