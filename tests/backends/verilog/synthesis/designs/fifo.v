// Memories: a queue in an array with one write port, read without a clock, and a table read through a register.
module kernel #(parameter DEPTH = 8) (
  input wire clk, input wire rst, input wire en, input wire [15:0] a, input wire [15:0] b, output wire [31:0] y
);
  localparam BITS = $clog2(DEPTH);
  reg [15:0] queue [0:DEPTH-1];
  reg [15:0] table_ [0:15];
  reg [BITS:0] head, tail;
  reg [15:0] looked;
  wire empty = head == tail;
  wire full = head[BITS-1:0] == tail[BITS-1:0] && !empty;
  integer i;
  initial for (i = 0; i < 16; i = i + 1) table_[i] = i * i + 3;
  always @(posedge clk) begin
    if (rst) begin
      head <= 0;
      tail <= 0;
    end else begin
      if (en && !full) begin
        queue[tail[BITS-1:0]] <= a;
        tail <= tail + 1;
      end
      if (b[0] && !empty) head <= head + 1;
    end
    looked <= table_[b[3:0]];
  end
  assign y = {empty ? 16'd0 : queue[head[BITS-1:0]], looked};
endmodule
