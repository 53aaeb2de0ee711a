module kernel (input logic [11:0] bits, output logic [3:0] exponent, output logic [6:0] mantissa, output logic sign);
  typedef struct packed {logic [3:0] e; logic [6:0] m;} number_t;
  typedef struct packed {logic s; number_t n;} signed_t;
  signed_t v;
  assign v = bits;
  assign exponent = v.n.e;
  assign mantissa = v.n.m;
  assign sign = v.s;
endmodule
