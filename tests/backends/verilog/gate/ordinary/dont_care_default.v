module kernel (input logic [1:0] s, input logic [3:0] d, output logic y);
  always_comb
    case (s)
      2'd0: y = d[0];
      2'd1: y = d[1];
      2'd2: y = d[2];
      default: y = 'x;
    endcase
endmodule
