module kernel (input logic clk, input logic [7:0] x, output logic [7:0] y, z);
  logic [7:0] count;
  always_ff @(posedge clk) count += x;
  always_comb begin
    y = count;
    y -= 3;
    y &= 8'h7f;
    y |= x;
    y ^= 8'h11;
    y <<= 1;
    y >>= 2;
    z = y;
    z++;
    z *= 3;
  end
endmodule
