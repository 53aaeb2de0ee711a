module kernel (input logic [7:0] d, output logic [3:0] nibble);
  typedef union packed {
    logic [7:0] all;
    logic [1:0][3:0] part;
  } word_t;
  word_t w;
  assign w.all = d;
  assign nibble = w.all[7:4];
endmodule
