module kernel (input logic clk, input logic [3:0][7:0] lanes, input logic [1:0] pick, output logic [7:0] one, output logic [15:0] two);
  logic [3:0][7:0] held;
  always_ff @(posedge clk) begin
    held <= lanes;
    held[pick] <= lanes[0];
  end
  assign one = held[pick];
  assign two = held[3:2];
endmodule
