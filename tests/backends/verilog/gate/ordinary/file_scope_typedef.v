typedef logic signed [7:0] byte_t;
localparam OFFSET = 3;
module kernel (input byte_t a, output byte_t y);
  assign y = a - OFFSET;
endmodule
