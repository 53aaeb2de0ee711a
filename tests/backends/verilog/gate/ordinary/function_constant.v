// Width from a constant function, the Verilog-2001 way.
module kernel #(parameter DEPTH = 10) (input clk, input rst, output last);
  localparam WIDTH = log2(DEPTH);
  reg [WIDTH-1:0] count;
  function integer log2(input integer value);
    integer v;
    begin
      log2 = 0;
      for (v = value - 1; v > 0; v = v >> 1) log2 = log2 + 1;
    end
  endfunction
  always @(posedge clk)
    if (rst || last) count <= 0;
    else count <= count + 1'b1;
  assign last = count == DEPTH - 1;
endmodule
