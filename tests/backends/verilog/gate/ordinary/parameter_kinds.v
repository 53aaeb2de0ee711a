module kernel #(
    parameter int N = 4,
    parameter integer M = 3,
    parameter [3:0] K = 4'd2,
    parameter logic [7:0] L = 8'hff,
    parameter signed [7:0] S = -8'sd5,
    localparam W = N * 2
) (input logic [W-1:0] d, output logic [W-1:0] q);
  localparam logic [3:0] B = 4'd7;
  localparam integer P = M + N;
  assign q = d + K + L + S + B + P;
endmodule
