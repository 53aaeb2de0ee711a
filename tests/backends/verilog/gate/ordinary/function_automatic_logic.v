module kernel (input logic [15:0] x, output logic [4:0] ones, output logic [15:0] mirrored);
  function automatic logic [4:0] popcount(input logic [15:0] v);
    logic [4:0] n;
    n = 0;
    for (int i = 0; i < 16; i++) n += v[i];
    popcount = n;
  endfunction
  function automatic logic [15:0] mirror(input logic [15:0] v);
    for (int i = 0; i < 16; i++) mirror[i] = v[15-i];
  endfunction
  always_comb begin
    ones = popcount(x);
    mirrored = mirror(x);
  end
endmodule
