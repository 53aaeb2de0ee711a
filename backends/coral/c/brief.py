"""What a prompt says about writing a C kernel for one workload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backends.coral.c.diagnostics import functions
from backends.coral.c.link import STACK
from backends.coral.c.prelude import C_TYPES, HEADERS, macros, signature
from backends.coral.layout import Layout, Place
from harness.task import Workload

_RULES = """\
One C11 text that defines this function; it may have `static` helper functions and tables of its own. It is compiled for the core
and runs there alone: no operating system, one call, from memory that is 0 where nothing else is said.

Tensors are dense and row-major, inputs first, then outputs, each in the task's order. They begin at multiples of 16 and do not
overlap; all are in data memory (DTCM) where they leave 8192 bytes of it free, else all in external memory. Inputs are read-only.
Write every element of every output; outputs hold noise before the call.

| parameter | type | shape | address |
|---|---|---|---|
{tensors}

The sizes are macros, defined before your text: {macros}.

- {headers} are included already. Vector instructions come from the intrinsics of `<riscv_vector.h>`: integers of 8, 16 and 32
  bits, VLEN 128, no vector floats. The compiler {vectorizer}.
- Of the library there is: {functions}. Everything is single precision: a double is an error of the linker.
- Code has {code} bytes of instruction memory. Statics and constants lie in the {free} bytes of DTCM that are free, less {stack}
  bytes for the stack, in order of their definition; from the first that does not fit on, they lie in external memory, and so
  does what is declared with `EXTMEM` in front.
- No inline assembly, no attributes or pragmas that choose sections, instruction sets or optimization.
- Compiled with: `{flags}`. Warnings are shown, errors stop."""


def brief(workload: Workload, layout: Layout, flags: tuple[str, ...], code_bytes: int) -> tuple[str, str]:
    """Declaration and rules for one workload."""
    automatic = "-fno-vectorize" not in flags
    text = _RULES.format(
        tensors="\n".join([*_rows(layout.inputs.values(), "const "), *_rows(layout.outputs.values(), "")]),
        macros=", ".join(f"`{name}` = {value}" for name, value in macros(workload).items()) or "there are none",
        headers=", ".join(f"`<{name}>`" for name in HEADERS),
        vectorizer="also vectorizes loops itself" if automatic else "does not vectorize loops itself",
        functions=", ".join(f"`{name}`" for name in functions()),
        code=code_bytes,
        free=len(layout.scratch),
        stack=STACK,
        flags=" ".join(flags),
    )
    return signature(workload), text


def _rows(places: Iterable[Place], qualifier: str) -> Iterator[str]:
    for place in places:
        tensor = place.tensor
        shape = " x ".join(map(str, tensor.shape)) or "scalar"
        yield f"| `{tensor.name}` | `{qualifier}{C_TYPES[tensor.dtype.name]} *` | {shape} | {place.address:#x} |"
