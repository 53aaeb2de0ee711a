"""Tries an instruction set in every way that needs no other tool: `kernelwright isa check NAME`.

Open first: `run`, the order of the checks. `lints` reads the definition, `words` turns instructions into words and back, `manual`
renders and runs what is written, `agreement` compares the engines on `cases`, and `baselines` asks the judge. Every check says
what it tried and what it saw, so that a check that tried nothing cannot look like one that passed.
"""

from backends.isa.check.result import Result
from backends.isa.check.run import check

__all__ = ["Result", "check"]
