module kernel (input clk, input signed [7:0] a, b, output reg signed [7:0] y);
  function signed [7:0] saturate;
    input signed [8:0] x;
    begin
      if (x > 127) saturate = 8'sd127;
      else if (x < -128) saturate = -8'sd128;
      else saturate = x[7:0];
    end
  endfunction
  always @(posedge clk) y <= saturate(a + b);
endmodule
