"""What a prompt says about calling a kernel."""

from __future__ import annotations

from backends.coral.layout import Layout, Place

CONVENTION = """\
The kernel is a whole program in GNU assembly. It starts at `_start` in `.text` and ends with `mpause` (the word 0x08000073).
There are 8192 bytes of instruction memory: write loops. Registers are 0 when it starts, except `sp`, which is `scratch_end`;
there is no `vtype` until a `vset` instruction. No register has to be preserved, and no calling convention has to be kept.

**Tensors** lie in memory, row-major and without padding, each in its own type, and begin at multiples of 16. The program refers
to them by the symbols above (`la a0, SYMBOL`), which are defined before it is assembled; do not define or declare them. They are
all in DTCM where they fit into it beside 8192 bytes of scratch memory, else all in external memory. Inputs must not be changed.
Outputs hold noise at the start.

**Scratch**: the bytes from `scratch` to `scratch_end` are DTCM, and those from `extmem` to `extmem_end` external memory, that is
the kernel's own; both are 0 at the start. The kernel's sections `.data`, `.rodata` and `.bss` lie at `scratch`, in this order,
and `.extmem` at `extmem`: use labels of your own in `.bss` rather than `scratch` where you have such sections."""


def signature(layout: Layout) -> str:
    """One line per tensor."""
    lines = [f"# in   {_line(place)}" for place in layout.inputs.values()]
    lines += [f"# out  {_line(place)}" for place in layout.outputs.values()]
    for name, span in (("scratch", layout.scratch), ("extmem", layout.extmem)):
        lines.append(f"# free {name}: {len(span)} bytes at {span.start:#x}")
    return "\n".join(lines)


def _line(place: Place) -> str:
    tensor = place.tensor
    shape = ", ".join(map(str, tensor.shape))
    return f"{place.symbol}: {tensor.dtype.name}[{shape}] at {place.address:#x}"
