module kernel (input [31:0] d, output [7:0] q);
  wire [7:0] part [0:3];
  genvar i;
  generate
    for (i = 0; i < 4; i = i + 1) begin : split
      assign part[i] = d[8*i +: 8];
    end
  endgenerate
  assign q = part[0] ^ part[1] ^ part[2] ^ part[3];
endmodule
