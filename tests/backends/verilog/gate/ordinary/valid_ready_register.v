module kernel #(parameter SW = 32, parameter MW = 32) (
    input wire clk, input wire rst,
    input wire s_valid, output wire s_ready, input wire [SW-1:0] s_data, input wire s_last,
    output reg m_valid, input wire m_ready, output reg [MW-1:0] m_data, output reg m_last
);
  assign s_ready = !m_valid || m_ready;
  always @(posedge clk) begin
    if (rst) m_valid <= 1'b0;
    else if (s_ready) m_valid <= s_valid;
    if (s_ready && s_valid) begin
      m_data <= s_data + 1'b1;
      m_last <= s_last;
    end
  end
endmodule
