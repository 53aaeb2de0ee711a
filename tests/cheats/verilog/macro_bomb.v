`define M0 ! ! ! ! ! ! ! ! ! !
`define M1 `M0 `M0 `M0 `M0 `M0 `M0 `M0 `M0 `M0 `M0
`define M2 `M1 `M1 `M1 `M1 `M1 `M1 `M1 `M1 `M1 `M1
`define M3 `M2 `M2 `M2 `M2 `M2 `M2 `M2 `M2 `M2 `M2
`define M4 `M3 `M3 `M3 `M3 `M3 `M3 `M3 `M3 `M3 `M3
`define M5 `M4 `M4 `M4 `M4 `M4 `M4 `M4 `M4 `M4 `M4
`define M6 `M5 `M5 `M5 `M5 `M5 `M5 `M5 `M5 `M5 `M5
`define M7 `M6 `M6 `M6 `M6 `M6 `M6 `M6 `M6 `M6 `M6
`define M8 `M7 `M7 `M7 `M7 `M7 `M7 `M7 `M7 `M7 `M7
`define M9 `M8 `M8 `M8 `M8 `M8 `M8 `M8 `M8 `M8 `M8
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
      m_last <= s_last;
      m_valid <= s_valid;
    end
    if (rst) m_valid <= 1'b0;
  end
  wire w = `M9 1;
endmodule
