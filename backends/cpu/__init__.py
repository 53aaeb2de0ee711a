"""C kernels on the processor of this machine. Open `backend` first; docs/design/cpu.md says why it is as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from backends.cpu.backend import CpuBackend
    from harness.backend import BackendContext


def create(context: BackendContext) -> CpuBackend:
    """The backend's entry point; it takes no options."""
    from backends.cpu.backend import CpuBackend

    if context.options:
        named = ", ".join(map(repr, context.options))
        raise UsageError(f"the cpu backend has no option {named}", "it takes none")
    return CpuBackend(context)
