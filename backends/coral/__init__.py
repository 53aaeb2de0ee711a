"""Coral, simulated: the definition in isa_specs/coral with a calling convention and baselines. Open `layout`, then `port`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.isa.backend import IsaBackend
    from harness.backend import BackendContext


def create(context: BackendContext) -> IsaBackend:
    """The backend's entry point; options ``profile=``, ``timing=`` and ``engine=``."""
    from backends.coral.port import CoralPort
    from backends.isa.backend import create_backend
    from isa_specs.coral.isa import isa

    return create_backend(isa, CoralPort, context)
