// Drives a design and its netlist with the same random inputs and counts cycles in which their outputs differ.
module bench;
  reg clk = 0, rst = 1, en = 0;
  reg [15:0] a = 0, b = 0;
  wire [31:0] y, z;
  integer cycle, differ;
  golden source (clk, rst, en, a, b, y);
  kernel netlist (clk, rst, en, a, b, z);
  initial begin
    differ = 0;
    for (cycle = 0; cycle < 2000; cycle = cycle + 1) begin
      #1 clk = 1;
      #1 clk = 0;
      rst = cycle < 4 || cycle == 1000;
      en = $random;
      a = $random;
      b = $random;
      #1 if (cycle > 5 && y !== z) differ = differ + 1;
    end
    $display("%0d cycles, %0d differ", cycle, differ);
    $finish(0);
  end
endmodule
