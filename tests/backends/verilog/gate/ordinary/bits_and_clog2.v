module kernel #(parameter N = 12) (input [N-1:0] x, output [$clog2(N+1)-1:0] n, output [7:0] w);
  assign w = $bits(x);
  reg [$clog2(N+1)-1:0] count;
  integer i;
  always @* begin
    count = 0;
    for (i = 0; i < N; i = i + 1) count = count + x[i];
  end
  assign n = count;
endmodule
