module kernel #(parameter LANES = 4, parameter SW = 256, parameter MW = 128) (
  input wire clk, input wire rst,
  input wire s_valid, output wire s_ready, input wire [SW-1:0] s_data, input wire s_last,
  output reg m_valid, input wire m_ready, output reg [MW-1:0] m_data, output reg m_last
);
  reg [7:0] n;
  assign s_ready = 1'b1;
  always @(posedge clk) begin
    if (rst) begin
      m_valid <= 1'b0;
      n <= 0;
    end else if (!m_valid || m_ready) begin
      m_valid <= s_valid || (n != 0);
      n <= s_last && s_valid ? 8'd0 : n + s_valid;
    end
    m_data <= 0;
    m_last <= n == 8'd4;
  end
endmodule
