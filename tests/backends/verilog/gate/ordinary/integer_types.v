module kernel (input logic clk, rst, input logic [7:0] d, output logic [31:0] total);
  int sum;
  byte low;
  shortint middle;
  longint wide;
  bit [3:0] two_state;
  integer steps;
  always_ff @(posedge clk) if (rst) steps <= 0; else steps <= steps + 1;
  always_comb begin
    low = d;
    middle = d;
    wide = d;
    two_state = d[3:0];
    sum = low + middle + wide + two_state;
    total = sum + steps;
  end
endmodule
