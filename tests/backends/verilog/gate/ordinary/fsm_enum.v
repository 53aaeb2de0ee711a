module kernel (input logic clk, input logic rst, input logic [1:0] code, output logic hit);
  typedef enum logic [1:0] {S_IDLE, S_ONE, S_TWO, S_DONE} state_t;
  state_t state;
  always_ff @(posedge clk) begin
    if (rst) state <= S_IDLE;
    else begin
      case (state)
        S_IDLE:  if (code == 2'b01) state <= S_ONE;
        S_ONE:   state <= (code == 2'b10) ? S_TWO : S_IDLE;
        S_TWO:   if (code == 2'b11) state <= S_DONE; else state <= S_IDLE;
        default: state <= S_IDLE;
      endcase
    end
  end
  assign hit = state == S_DONE;
endmodule
