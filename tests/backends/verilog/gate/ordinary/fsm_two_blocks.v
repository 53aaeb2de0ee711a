// Moore machine with separate next-state logic and localparam states.
module kernel (input wire clk, input wire rst, input wire go, input wire stop, output reg busy);
  localparam IDLE = 2'd0, RUN = 2'd1, DONE = 2'd2;
  reg [1:0] state, next;
  always @(posedge clk)
    if (rst) state <= IDLE;
    else state <= next;
  always @* begin
    next = state;
    case (state)
      IDLE: if (go) next = RUN;
      RUN: if (stop) next = DONE;
      DONE: next = IDLE;
      default: next = IDLE;
    endcase
  end
  always @(posedge clk) busy <= (next == RUN) && !rst;
endmodule
