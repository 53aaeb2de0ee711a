module kernel (input logic clk, rst, input logic [15:0] word, output logic [15:0] swapped, output logic valid);
  typedef struct packed {
    logic [7:0] high;
    logic [7:0] low;
  } pair_t;
  pair_t now, held;
  assign now = word;
  always_ff @(posedge clk) begin
    if (rst) begin
      held <= '0;
      valid <= 1'b0;
    end else begin
      held.high <= now.low;
      held.low <= now.high;
      valid <= 1'b1;
    end
  end
  assign swapped = held;
endmodule
