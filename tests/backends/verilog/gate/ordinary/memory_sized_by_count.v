module kernel (input logic clk, rst, push, pop, input logic [7:0] d, output logic [7:0] q, output logic empty, full);
  logic [7:0] fifo [16];
  logic [4:0] head, tail;
  assign empty = head == tail;
  assign full = (head[3:0] == tail[3:0]) && (head[4] != tail[4]);
  always_ff @(posedge clk) begin
    if (rst) begin
      head <= '0;
      tail <= '0;
    end else begin
      if (push && !full) begin
        fifo[head[3:0]] <= d;
        head <= head + 1'b1;
      end
      if (pop && !empty) tail <= tail + 1'b1;
    end
  end
  assign q = fifo[tail[3:0]];
endmodule
