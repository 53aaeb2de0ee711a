"""The least cycles that any kernel of a workload takes: what must cross its interface.

Arithmetic bounds nothing here: a design may build its multipliers from adders and have as many as fit, so the limit on multiplier
cells is no limit on multiplications per cycle.

The stream moves one beat each way in a cycle, and the last output beat may not come before the last input beat is taken. The
memory port accepts one request in a cycle; the last word that a kernel needs is read after all others, an output that depends on
it is written `LATENCY` cycles later at the earliest, and ``done`` follows the last write.
"""

from __future__ import annotations

from backends.verilog import interface
from harness.backend import Bound
from harness.task import Workload


def bound(workload: Workload) -> Bound:
    """The bound of a workload, with its formula filled in."""
    if interface.profile(workload) == "stream":
        arriving, leaving = interface.beats(interface.input_groups(workload)), interface.beats(interface.output_groups(workload))
        limited_by = "input stream" if arriving >= leaving else "output stream"
        formula = f"max({arriving} input beats, {leaving} output beats)"
        return Bound(cycles=max(arriving, leaving), limited_by=limited_by, formula=formula)
    reads = needed_words(workload)
    writes = sum(map(interface.words_of, workload.outputs.values()))
    return Bound(
        cycles=reads + max(writes, interface.LATENCY) + 1,
        limited_by="memory port" if writes >= interface.LATENCY else "memory latency",
        formula=f"{reads} words read + max({writes} words written, latency {interface.LATENCY}) + 1 for done",
    )


def needed_words(workload: Workload) -> int:
    """Memory words of the inputs that no kernel can do without. Windows that move in steps may leave a border unread; how much
    does not follow from shapes, so that of such inputs only one word counts."""
    strides = any("//" in size for size in workload.task.derive.values())
    return 1 if strides else sum(map(interface.words_of, workload.inputs.values()))
