module kernel (input [7:0] a, b, output reg [7:0] low, high);
  task sort(input [7:0] p, input [7:0] q, output [7:0] least, output [7:0] most);
    begin
      if (p < q) begin least = p; most = q; end
      else begin least = q; most = p; end
    end
  endtask
  always @* sort(a, b, low, high);
endmodule
