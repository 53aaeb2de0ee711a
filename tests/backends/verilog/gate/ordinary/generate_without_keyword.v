module kernel #(parameter W = 8, parameter bit REVERSE = 1) (input logic [W-1:0] d, output logic [W-1:0] q);
  if (REVERSE) begin : g_reverse
    for (genvar i = 0; i < W; i++) begin : g_bit
      assign q[i] = d[W-1-i];
    end
  end else begin : g_plain
    assign q = d;
  end
endmodule
