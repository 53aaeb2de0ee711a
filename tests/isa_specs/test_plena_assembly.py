"""PLENA's assembly: the conformance programs become the words beside them, and wrong ones are refused with their cause."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from backends.isa.assembler import assemble, disassemble
from backends.isa.bind import load
from isa_specs.plena.isa import isa

DATA = Path(__file__).parents[1] / "data" / "plena"
PROGRAMS = sorted(path.parent for path in DATA.glob("**/words.hex"))
REFUSED = sorted(path.parent for path in DATA.glob("faults/*/program.s") if not (path.parent / "words.hex").exists())
MISPLACED = re.compile(r"^\s*(M_BMM_WO|M_MV_WO|M_BMV_WO) ", re.MULTILINE)
"""Instructions whose immediate the original toolchain puts elsewhere."""

architecture = cache(lambda profile: load(isa, profile))


def source(folder):
    """A program; the set's ``@word`` is our ``.word``."""
    return (folder / "program.s").read_text().replace("@word", ".word")


def expected(folder):
    return json.loads((folder / "expect.json").read_text())


def words(folder):
    return [int(token, 16) for token in (folder / "words.hex").read_text().split()]


def test_the_set_is_whole():
    assert (len(PROGRAMS), len(REFUSED)) == (24 + 13, 3)


@pytest.mark.parametrize("folder", PROGRAMS, ids=lambda folder: folder.name)
def test_programs_become_the_words_beside_them(folder):
    assembly = assemble(source(folder), architecture(expected(folder)["profile"]), strict=False)
    assert assembly.program is not None, assembly.diagnostics
    assert assembly.program.words.tolist() == words(folder)


@pytest.mark.parametrize("folder", [f for f in PROGRAMS if not MISPLACED.search(source(f))], ids=lambda folder: folder.name)
def test_the_original_encoding_differs_in_misplaced_immediates_only(folder):
    assembly = assemble(source(folder), architecture(expected(folder)["profile"]), compat=True)
    assert assembly.program.words.tolist() == words(folder)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("M_BMM_WO gp5, 64", 0x05 | 5 << 6 | 64 << 10), ("M_MV_WO gp5, 64", 0x0B | 5 << 6 | 64 << 10),
        ("M_BMV_WO gp5, 256", 0x0C | 5 << 6 | 256 << 10), ("V_EXP_V gp1, gp2, 1", 0x13 | 1 << 6 | 2 << 10 | 1 << 14),
        ("V_RECI_V gp1, gp2, 1", 0x14 | 1 << 6 | 2 << 10 | 1 << 14), ("C_BREAK", 0x31), ("S_ADD_FP f0, f0, f0", 0x17),
        ("V_SUB_VF gp1, gp2, f3, 1, 1", 0x10 | 1 << 6 | 2 << 10 | 3 << 14 | 1 << 18 | 1 << 22),
    ],
)  # fmt: skip
def test_the_original_encoding(line, word):
    assembly = assemble(line, architecture("SPEC"), compat=True)
    assert assembly.program.words.tolist() == [word]


@pytest.mark.parametrize("folder", REFUSED, ids=lambda folder: folder.name)
def test_wrong_programs_are_refused_with_cause_and_line(folder):
    want = expected(folder)
    assembly = assemble(source(folder), architecture(want["profile"]))
    assert assembly.program is None
    assert [(problem.cause, problem.diagnostic.line) for problem in assembly.problems] == [(want["cause"], want["line"])]


@pytest.mark.parametrize(
    "line",
    [
        "S_ADDI_INT gp0, gp1, 4", "S_ADD_FP f0, f1, f2", "C_BREAK", "V_RED_SUM f1, gp1, 1", "M_MM 1, gp1, gp2",
        "M_MM gp0, gp1, gp2", "S_ADDI_INT gp16, gp0, 0", "S_ADD_FP f8, f1, f2", "C_SET_ADDR_REG a8, gp0, gp1",
    ],
)  # fmt: skip
def test_strict_assembly_refuses(line):
    assembly = assemble(line, architecture("SPEC"))
    assert assembly.program is None
    assert len(assembly.problems) == 1


def test_a_field_that_assembly_never_writes_keeps_its_bits():
    word = 0x39E84
    text = disassemble([word], architecture("SPEC"))
    assert text == "    .word 0x00039e84 ; M_BTMM with rd = 10, which is not written\n"
    assert assemble(text, architecture("SPEC")).program.words.tolist() == [word]
