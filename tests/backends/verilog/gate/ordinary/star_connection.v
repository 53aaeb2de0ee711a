module inc (input logic [7:0] value, output logic [7:0] result);
  assign result = value + 8'd1;
endmodule
module kernel (input logic [7:0] value, output logic [7:0] result, output logic [7:0] again);
  inc one (.*);
  inc two (.value, .result(again));
endmodule
