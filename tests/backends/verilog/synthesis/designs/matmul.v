// A 4x4 int8 matrix product, output stationary: K columns of A and rows of B come in, 4 rows of 4 sums go out.
module kernel #(parameter N = 4, parameter K = 64, parameter SW = 64, parameter MW = 128) (
  input wire clk, input wire rst,
  input wire s_valid, output wire s_ready, input wire [SW-1:0] s_data, input wire s_last,
  output reg m_valid, input wire m_ready, output wire [MW-1:0] m_data, output wire m_last
);
  reg signed [31:0] sum [0:N*N-1];
  reg [$clog2(K):0] count;
  reg [1:0] row;
  reg draining;
  integer i, j;
  assign s_ready = !draining;
  always @(posedge clk) begin
    if (rst) begin
      count <= 0;
      draining <= 0;
      row <= 0;
      m_valid <= 0;
    end else if (!draining) begin
      if (s_valid) begin
        for (i = 0; i < N; i = i + 1)
          for (j = 0; j < N; j = j + 1)
            sum[i*N+j] <= (count == 0 ? 0 : sum[i*N+j]) + $signed(s_data[8*i +: 8]) * $signed(s_data[32+8*j +: 8]);
        count <= count == K - 1 ? 0 : count + 1;
        draining <= count == K - 1;
        m_valid <= count == K - 1;
      end
    end else if (m_ready) begin
      row <= row + 1;
      if (m_last) begin
        draining <= 0;
        m_valid <= 0;
      end
    end
  end
  assign m_last = row == N - 1;
  assign m_data = {sum[row*N+3], sum[row*N+2], sum[row*N+1], sum[row*N]};
endmodule
