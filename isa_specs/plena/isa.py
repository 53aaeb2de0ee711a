"""PLENA: an accelerator for long-context language models, as one definition with two profiles.

The matrix unit multiplies tiles, the vector unit works on rows, the scalar unit on single numbers, and everything large lies
in HBM as block-scaled numbers (`mx`). ``machine.toml`` gives the sizes and costs. Read `state` first, then the instructions:
`matrix`, `vector`, `scalar` and `transfer`, in the order of their opcodes.
"""

from isa_specs.plena import matrix, scalar, transfer, vector
from isa_specs.plena.state import isa

__all__ = ["isa", "matrix", "scalar", "transfer", "vector"]
