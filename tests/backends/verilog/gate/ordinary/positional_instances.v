module half (a, b, s, c);
  input a, b;
  output s, c;
  assign s = a ^ b;
  assign c = a & b;
endmodule
module kernel (a, b, cin, sum, cout);
  input a, b, cin;
  output sum, cout;
  wire s, c0, c1;
  half first (a, b, s, c0);
  half second (s, cin, sum, c1);
  assign cout = c0 | c1;
endmodule
