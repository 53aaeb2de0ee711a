"""The backend of the machine to learn the toolkit with. Open first: `port`, then ``baselines``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.isa.backend import IsaBackend
    from harness.backend import BackendContext


def create(context: BackendContext) -> IsaBackend:
    """The backend's entry point; it takes the options of every backend that is made from an instruction set."""
    from backends.isa.backend import create_backend
    from backends.tiny.port import TinyPort
    from isa_specs.tiny.isa import isa

    return create_backend(isa, TinyPort, context)
