module kernel (input clk, input rst, input [3:0] request, output reg [1:0] grant);
  always @(posedge clk)
    if (rst) grant <= 0;
    else
      case (1'b1)
        request[0]: grant <= 2'd0;
        request[1]: grant <= 2'd1;
        request[2]: grant <= 2'd2;
        request[3]: grant <= 2'd3;
        default: grant <= grant;
      endcase
endmodule
