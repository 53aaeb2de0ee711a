module kernel #(parameter N = 9) (input [3:0] a, output [3:0] y);
  function integer bits(input integer value);
    begin
      bits = 0;
      while (value > 0) begin
        bits = bits + 1;
        value = value >> 1;
      end
    end
  endfunction
  localparam B = bits(N);
  assign y = a + B;
endmodule
