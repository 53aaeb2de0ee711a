module kernel (input logic clk, input logic [7:0] d, output logic [7:0] q);
  function automatic logic [7:0] next(input logic [7:0] v);
    next = v + 8'd1;
  endfunction : next
  always_ff @(posedge clk) begin : update
    q <= next(d);
  end : update
endmodule : kernel
