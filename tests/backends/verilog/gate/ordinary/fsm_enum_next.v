module kernel (input logic clk, rst, go, output logic [2:0] lamp);
  typedef enum logic [2:0] {RED = 3'b100, GREEN = 3'b010, AMBER = 3'b001} lamp_t;
  lamp_t now, after;
  always_comb begin
    after = now;
    unique case (now)
      RED:     if (go) after = GREEN;
      GREEN:   after = AMBER;
      AMBER:   after = RED;
      default: after = RED;
    endcase
  end
  always_ff @(posedge clk) if (rst) now <= RED; else now <= after;
  assign lamp = now;
endmodule
