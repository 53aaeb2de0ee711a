module kernel #(parameter LANES = 4, parameter SW = 256, parameter MW = 128) (
  input wire clk, input wire rst,
  input wire s_valid, output wire s_ready, input wire [SW-1:0] s_data, input wire s_last,
  output reg m_valid, input wire m_ready, output reg [MW-1:0] m_data, output reg m_last
);
  integer i;
  assign s_ready = !m_valid || m_ready;
  always @(posedge clk) begin
    if (s_ready) begin
      for (i = 0; i < LANES; i = i + 1) m_data[32*i +: 32] <= s_data[32*i +: 32] + s_data[32*(LANES+i) +: 32];
      m_valid <= s_valid;
    end
    if (rst) m_valid <= 1'b0;
  end
  always @* (* full_case, parallel_case *)
    case (s_data[1:0])
      2'd0: m_last = s_last;
      2'd1: m_last = 1'b0;
    endcase
endmodule
