"""``python -m backends.verilog.synthesis``: compiles the tools for this machine, for set-up."""

import sys

from backends.verilog.synthesis.modules import main

sys.exit(main(sys.argv[1:]))
