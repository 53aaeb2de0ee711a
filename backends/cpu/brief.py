"""What a prompt says about writing a kernel for one workload."""

from __future__ import annotations

from collections.abc import Mapping

from backends.cpu.prelude import C_TYPES, macros, signature
from harness.backend import Brief
from harness.task import Tensor, Workload

_RULES = """\
One C11 text that defines this function; it may have `static` helper functions and tables of its own.

Tensors are dense and row-major, inputs first, then outputs, each in the task's order. Every pointer is 64-byte aligned, and no
two buffers overlap. Inputs are read-only. Write every element of every output; what outputs hold before the call is random.
Do not touch memory beyond a tensor's last element: guards around outputs are checked.

| parameter | type | shape (sizes here) |
|---|---|---|
{tensors}

The sizes are macros, defined before your text: {macros}. **Use the macros, never the numbers**: the same text is built again
with other values of them, and must be right and fast there too.

- `<math.h>`, `<stddef.h>` and `<stdint.h>` are included already; `<immintrin.h>` and the other headers of C11 may be. Of the
  library, only `<math.h>` and `memcpy`, `memmove`, `memset`, `memcmp` may be called: no allocation, no input or output.
- Scratch memory is the stack (8 MiB) or `static` arrays (some hundred MiB in all). Nothing kept from one call to the next
  helps: every call gets new inputs.
- One thread. No inline assembly, no system calls, no constructors, no `#pragma GCC target` or `optimize`. Leave the
  floating-point modes as they are.
- Compiled with: `{flags}`. Warnings are shown, errors stop.
- A call that takes more than {wall:g} s is stopped. The text has at most {source} KiB."""


def brief(workload: Workload, flags: tuple[str, ...], source_limit: int, wall_s: float) -> Brief:
    """Signature and rules for one workload."""
    relevant = [flag for flag in flags if flag.startswith(("-std", "-O", "-m", "-ff", "-fno-math", "-fno-trap"))]
    text = _RULES.format(
        tensors="\n".join([*_rows(workload.inputs, "const "), *_rows(workload.outputs, "")]),
        macros=", ".join(f"`{name}` = {value}" for name, value in macros(workload).items()),
        flags=" ".join(relevant),
        wall=wall_s,
        source=source_limit // 1024,
    )
    return Brief(signature=signature(workload), text=text)


def _rows(tensors: Mapping[str, Tensor], qualifier: str) -> list[str]:
    return [
        f"| `{name}` | `{qualifier}{C_TYPES[tensor.dtype.name]} *` | {' x '.join(map(str, tensor.shape)) or 'scalar'} |"
        for name, tensor in tensors.items()
    ]
