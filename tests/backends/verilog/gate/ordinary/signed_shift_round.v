module kernel #(parameter S = 3) (input signed [15:0] x, output signed [15:0] floor_, output signed [15:0] round_);
  wire signed [15:0] half = 16'sd1 <<< (S - 1);
  assign floor_ = x >>> S;
  assign round_ = (x + half) >>> S;
endmodule
