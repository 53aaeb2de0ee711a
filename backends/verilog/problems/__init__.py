"""Problem sets of others: imported into suite folders, run behind our gate, with a verdict that a design cannot print.

Open `problem` for what is kept of a problem, `bench` for how a verdict comes about, `verilog_eval` and `rtllm` for the sets,
`suite` for how problems become tasks, and `backend` for what runs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.verilog.problems.backend import ProblemBackend
    from harness.backend import BackendContext


def create(context: BackendContext) -> ProblemBackend:
    """Entry point of the backend ``verilog-problems``."""
    from backends.verilog.problems.backend import ProblemBackend

    return ProblemBackend(context)
