"""Coral with kernels in C: compiled by clang with the intrinsics of the vector extension, run on the same simulator.

Open `port`, then `toolchain` (text to ELF file) and `link` (what surrounds a kernel). ``include`` is the library that kernels
have.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from backends.isa.backend import IsaBackend
    from harness.backend import BackendContext

OPTION = "autovectorize"
"""``on`` lets the compiler make vector instructions of loops, for kernels and baselines alike."""


def create(context: BackendContext) -> IsaBackend:
    """The backend's entry point; options ``autovectorize=``, ``profile=``, ``timing=`` and ``engine=``."""
    from backends.coral.c.port import CPort
    from backends.coral.c.toolchain import Toolchain
    from backends.isa.backend import create_backend
    from isa_specs.coral.isa import isa

    value = context.options.get(OPTION, "off")
    if value not in ("off", "on"):
        raise UsageError(f"{OPTION}={value!r} is not possible", f"{OPTION} is off or on")
    toolchain = Toolchain(context.sandbox, autovectorize=value == "on")
    return create_backend(isa, partial(CPort, toolchain=toolchain), context, own=(OPTION,))
