"""What surrounds a compiled kernel: the start file that calls it, and where the linker puts things.

Code lies in instruction memory. Variables and constants lie in the free part of data memory, in order of their definition; from
the first that does not fit there on, they lie in external memory. The stack is the end of the free part.
"""

from __future__ import annotations

from collections.abc import Iterator

from backends.coral.layout import ALIGN, Layout

STACK = 2048
"""Bytes of free data memory that are left for the stack."""
_REGISTERS = 8
"""Arguments that are passed in registers; others are on the stack, in the calling convention ilp32."""


def start_file(layout: Layout, halt: int) -> str:
    """Assembly that sets the stack pointer, makes vector instructions legal, calls the kernel and stops at the word ``halt``."""
    return "\n".join([*_start(layout, halt), ""])


def _start(layout: Layout, halt: int) -> Iterator[str]:
    addresses = [place.address for place in layout]
    room = -(-4 * len(addresses[_REGISTERS:]) // ALIGN) * ALIGN
    yield from ('.section .text._start, "ax"', ".globl _start", "_start:")
    yield f"    li sp, {layout.scratch.stop - room:#x}"
    # Compilers move whole registers before they set a vtype; this core traps.
    yield "    vsetivli zero, 0, e8, m1, ta, ma"
    for number, address in enumerate(addresses[_REGISTERS:]):
        yield from (f"    li t0, {address:#x}", f"    sw t0, {4 * number}(sp)")
    for number, address in enumerate(addresses[:_REGISTERS]):
        yield f"    li a{number}, {address:#x}"
    yield from ("    call kernel", f"    .word {halt:#010x}")


def linker_script(layout: Layout, code: range) -> str:
    """Regions and sections for lld, which tries the sections that an input matches in this order until it fits a region
    (``--enable-non-contiguous-regions``)."""
    data = len(layout.scratch) - STACK
    return f"""\
ENTRY(_start)
MEMORY
{{
    itcm   : ORIGIN = {code.start:#x}, LENGTH = {len(code):#x}
    dtcm   : ORIGIN = {layout.scratch.start:#x}, LENGTH = {data:#x}
    extmem : ORIGIN = {layout.extmem.start:#x}, LENGTH = {len(layout.extmem):#x}
}}
SECTIONS
{{
    .text     : {{ *(.text._start) *(.text .text.*) }} > itcm
    .data     : {{ *(.rodata .rodata.* .srodata .srodata.*) *(.data .data.* .sdata .sdata.*) }} > dtcm
    .bss      : {{ *(.bss .bss.* .sbss .sbss.* COMMON) }} > dtcm
    .far      : {{ *(.extmem .extmem.*) *(.rodata .rodata.*) *(.data .data.*) }} > extmem
    .far_bss  : {{ *(.bss .bss.* COMMON) }} > extmem
    /DISCARD/ : {{ *(.comment) *(.eh_frame*) *(.note*) }}
}}
"""
