"""Synthesizable RTL as a target. Open `backend` first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UsageError, unknown

if TYPE_CHECKING:
    from backends.verilog.backend import VerilogBackend
    from harness.backend import BackendContext

OPTIONS = {"ppa": ("off", "on")}
"""The backend's options with their values, the default first; ``ppa=on`` places and routes kernels at the final grading."""


def create(context: BackendContext) -> VerilogBackend:
    """The backend's entry point. UsageError for an option that it does not have."""
    from backends.verilog.backend import VerilogBackend

    for name, value in context.options.items():
        if name not in OPTIONS:
            raise unknown("option", name, OPTIONS, "the verilog backend")
        if value not in OPTIONS[name]:
            raise UsageError(f"{name}={value!r} is not possible", f"{name} is {' or '.join(OPTIONS[name])}")
    return VerilogBackend(context)
