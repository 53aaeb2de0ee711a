module kernel (input clk, input [2:0] at, output reg [7:0] value);
  reg [7:0] rom [0:7];
  initial begin
    rom[0] = 8'd3; rom[1] = 8'd1; rom[2] = 8'd4; rom[3] = 8'd1;
    rom[4] = 8'd5; rom[5] = 8'd9; rom[6] = 8'd2; rom[7] = 8'd6;
  end
  always @(posedge clk) value <= rom[at];
endmodule
