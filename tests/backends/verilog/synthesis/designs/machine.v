// SystemVerilog: an enum state machine, a packed struct, always_ff and always_comb.
module kernel #(parameter W = 16) (
  input logic clk, input logic rst, input logic en, input logic [15:0] a, input logic [15:0] b, output logic [31:0] y
);
  typedef enum logic [1:0] {IDLE, LOAD, WORK, REST} state_t;
  typedef struct packed {logic [15:0] left; logic [15:0] right;} pair_t;
  state_t state, next;
  pair_t held;
  logic [$clog2(W):0] steps;
  always_comb begin
    next = state;
    case (state)
      IDLE: if (en) next = LOAD;
      LOAD: next = WORK;
      WORK: if (steps == 3) next = REST;
      REST: next = IDLE;
    endcase
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      state <= IDLE;
      held <= '0;
      steps <= '0;
    end else begin
      state <= next;
      if (state == LOAD) held <= {a, b};
      else if (state == WORK) held <= {held.right, held.left ^ {15'b0, held.right[0]}};
      steps <= state == WORK ? steps + 1'b1 : '0;
    end
  end
  assign y = held;
endmodule
