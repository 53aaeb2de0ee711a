"""Sections of GNU assembly, and what surrounds a program."""

import pytest

from backends.isa.architecture import Architecture
from backends.isa.assembler import Assembly, assemble
from backends.isa.bind import load
from backends.isa.dialect import Link
from isa_specs.coral.isa import isa

LINK = Link({"x": 0x10000, "y": 0x10040}, {"DTCM_BASE": 0x10080, "EXTMEM_BASE": 0x20000100})


@pytest.fixture(scope="module")
def machine() -> Architecture:
    return load(isa)


def messages(assembly: Assembly) -> list[str]:
    assert assembly.program is None
    return [diagnostic.message for diagnostic in assembly.diagnostics]


def test_given_symbols_are_values(machine: Architecture) -> None:
    text = "la a0, y\nli a1, y - x\nlw a2, x\n.equ NEXT, y + 4\nmpause"
    program = assemble(text, machine, link=LINK).program
    assert program is not None
    assert program.words[2] == 0x04000593
    assert program.symbols["NEXT"] == 0x10044
    assert program.symbols["y"] == 0x10040


def test_without_a_link_they_are_not_there(machine: Architecture) -> None:
    assert "undefined symbol 'y'" in messages(assemble("la a0, y", machine))


@pytest.mark.parametrize("text", ["x: mpause", "x = 3", ".equ x, 3", ".data\nx: .word 1"])
def test_given_symbols_cannot_be_defined(machine: Architecture, text: str) -> None:
    assert messages(assemble(text, machine, link=LINK)) == ["'x' is defined already, as 0x10000"]


def test_sections_begin_where_the_link_says(machine: Architecture) -> None:
    text = "mpause\n.bss\nzeros: .zero 8\n.data\nones: .word 1, 1, 1\n.section .extmem\nfar: .word 2"
    program = assemble(text, machine, link=LINK).program
    assert program is not None
    assert [program.symbols[name] for name in ("ones", "zeros", "far")] == [0x10080, 0x10090, 0x20000100]
    assert [image.start for image in program.images] == [0, 0x10080, 0x10090, 0x20000100]
    alone = assemble(text, machine).program
    assert alone is not None
    assert [alone.symbols[name] for name in ("ones", "zeros", "far")] == [0x10000, 0x10010, 0x20000000]


def test_a_section_ends_with_its_region(machine: Architecture) -> None:
    assert assemble(".data\n.zero 32768", machine).program is not None
    assert messages(assemble(".data\n.zero 32769", machine)) == [
        "section .data is longer than the 32768 bytes that there are from 0x10000 on"
    ]
    assert messages(assemble(".data\n.zero 32769\n", machine, link=LINK)) == [
        "section .data is longer than the 32640 bytes that there are from 0x10080 on"
    ]
    # the second section is found too long when the size of the first is known
    assert messages(assemble(".data\n.zero 32752\n.bss\n.zero 17", machine)) == [
        "section .bss is longer than the 16 bytes that there are from 0x17ff0 on"
    ]


def test_a_section_may_have_no_room_at_all(machine: Architecture) -> None:
    full = Link({}, {"EXTMEM_BASE": 0x20400000})
    assert assemble("mpause", machine, link=full).program is not None
    assert messages(assemble(".section .extmem\n.byte 1", machine, link=full)) == [
        "section .extmem is longer than the 0 bytes that there are from 0x20400000 on"
    ]
