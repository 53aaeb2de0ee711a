module kernel (input logic clk, input logic [7:0] a, b, output logic [7:0] y, output reg [7:0] z);
  always_ff @(posedge clk) begin
    logic [8:0] t;
    t = a + b;
    y <= t[8] ? 8'hff : t[7:0];
  end
  always @(posedge clk) begin : named
    reg [7:0] u;
    integer k;
    u = 0;
    for (k = 0; k < 4; k = k + 1) u = u + a[2*k +: 2];
    z <= u;
  end
endmodule
