module kernel (input clk, input [3:0] strobe, input [5:0] at, input [31:0] d, output [31:0] q);
  reg [31:0] mem [0:63];
  integer i;
  always @(posedge clk)
    for (i = 0; i < 4; i = i + 1)
      if (strobe[i]) mem[at][8*i +: 8] <= d[8*i +: 8];
  assign q = mem[at];
endmodule
