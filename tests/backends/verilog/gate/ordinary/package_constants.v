package config_pkg;
  localparam int WIDTH = 8;
  localparam int SHIFT = 3;
  typedef logic [7:0] data_t;
  function automatic logic [7:0] mix(input logic [7:0] x);
    mix = x ^ (x >> SHIFT);
  endfunction
endpackage
module kernel (input logic clk, input logic [7:0] d, output logic [7:0] q);
  config_pkg::data_t t;
  always_ff @(posedge clk) t <= config_pkg::mix(d) + config_pkg::WIDTH;
  assign q = t;
endmodule
