"""PLENA, simulated: the definition in isa_specs/plena with a calling convention and baselines. Open `port` first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.isa.backend import IsaBackend
    from harness.backend import BackendContext


def create(context: BackendContext) -> IsaBackend:
    """The backend's entry point; options ``profile=``, ``timing=`` and ``engine=``."""
    from backends.isa.backend import create_backend
    from backends.plena.port import port
    from isa_specs.plena.isa import isa

    return create_backend(isa, port, context)
