module kernel (input [3:0] x, output [7:0] square);
  reg [7:0] table_of_squares [0:15];
  integer i;
  initial for (i = 0; i < 16; i = i + 1) table_of_squares[i] = i * i;
  assign square = table_of_squares[x];
endmodule
