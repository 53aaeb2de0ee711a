"""The kinds of backend that there are templates for; light, because the command line's help names them."""

from typing import Literal

Kind = Literal["isa", "native", "rtl"]
"""``isa``: a simulated instruction set; ``native``: C compiled for this machine; ``rtl``: hardware in Verilog."""
