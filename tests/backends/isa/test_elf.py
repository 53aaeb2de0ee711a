"""ELF executables: what becomes of a good one, and what is said about bad ones. ``dot.elf`` is made by the script beside it."""

import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from backends.isa.assembler import assemble
from backends.isa.bind import load
from backends.isa.elf import LARGEST, read_elf
from backends.isa.engine import load_images
from backends.isa.engines import open_engine
from harness.errors import UsageError
from isa_specs.coral.isa import isa as coral_isa
from isa_specs.tiny.isa import isa as tiny_isa

FOLDER = Path(__file__).parents[2] / "data" / "coral" / "elf"
DOT = (FOLDER / "dot.elf").read_bytes()
CORAL = load(coral_isa)
TYPE, MACHINE, ENTRY, PROGRAM_HEADERS, FLAGS = 16, 18, 24, 28, 36
"""Offsets in the header of a file."""
TEXT, DATA = 52, 52 + 32
"""Offsets of the headers of its two segments."""
OFFSET, VADDR, PADDR, FILESZ, MEMSZ = 4, 8, 12, 16, 20
"""Offsets in them."""


def changed(offset: int, value: int, form: str = "<I") -> bytes:
    content = bytearray(DOT)
    struct.pack_into(form, content, offset, value)
    return bytes(content)


def line_with(text: str) -> int:
    return next(n for n, line in enumerate((FOLDER / "dot.c").read_text().split("\n"), 1) if text in line)


def test_a_program_runs_and_leaves_its_results(tmp_path):
    program = read_elf(DOT, CORAL)
    engine = open_engine(CORAL, tmp_path, "golden")
    load_images(engine, program)
    outcome = engine.run(program, fuel=10_000)
    assert outcome.ended == "end"
    results = engine.read("mem", program.symbols["results"], 8).view("<i4")
    assert results.tolist() == [sum(i * i for i in range(1, 21)), 0]


def test_it_starts_at_its_entry_and_not_at_its_first_word():
    program = read_elf(changed(ENTRY, 12), CORAL)
    assert program.start == 3 == program.labels["kernel"]


def test_symbols_are_addresses_and_labels_words():
    program = read_elf(DOT, CORAL)
    assert program.symbols["left"] == 0x10000
    assert program.symbols["kernel"] == 4 * program.labels["kernel"]
    assert "left" not in program.labels
    assert not any(name.startswith("$") or name.endswith(".c") for name in program.symbols)


def test_lines_are_those_of_one_file():
    program = read_elf(DOT, CORAL)
    start = program.labels["_start"], program.labels["kernel"]
    assert not program.lines[slice(*start)].any(), "start.S is another file"
    assert set(program.lines[start[1] :].tolist()) >= {line_with("sum += "), line_with("results[1] =")}
    assert read_elf(DOT, CORAL, "start.S").lines[: start[1]].tolist() == [4, 5, 5]  # .word has none
    assert not read_elf(DOT, CORAL, "other.c").lines.any()


def test_a_program_without_lines_or_symbols_is_one_all_the_same():
    program = read_elf(DOT[:32] + bytes(4) + DOT[36:46] + bytes(6) + DOT[52:], CORAL)  # no section headers
    assert not program.symbols
    assert not program.lines.any()
    assert np.array_equal(program.words, read_elf(DOT, CORAL).words)


def test_what_the_file_does_not_hold_is_not_written():
    assert [(image.start, len(image.data)) for image in read_elf(DOT, CORAL).images] == [(0, 120), (0x10000, 20)]


def test_bytes_are_where_a_loader_puts_them():
    moved = read_elf(changed(DATA + PADDR, 0x20000000), CORAL)
    assert moved.images[1].start == 0x20000000
    assert moved.symbols["left"] == 0x10000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed(4, 2, "B"), "EM_RISCV with 64 bits|damaged"),
        (changed(5, 2, "B"), "big endian|damaged"),
        (changed(MACHINE, 62, "<H"), "for EM_X86_64 with 32 bits.*must be for EM_RISCV with 32 bits, little endian"),
        (changed(TYPE, 1, "<H"), "of type ET_REL.*executable"),
        (changed(FLAGS, 1), "compressed instructions.*without the C extension"),
        (changed(ENTRY, 0x80000000), "starts at 0x80000000.*from 0x0 to 0x78"),
        (changed(ENTRY, 2), "starts at 0x2.*in multiples of 4"),
        (changed(TEXT + VADDR, 0x80000000), "120 bytes at 0x80000000 lies outside.*itcm 0x0 to 0x2000, dtcm"),
        (changed(TEXT + PADDR, 0x80000000), "120 bytes at 0x80000000 lies outside"),
        (changed(DATA + MEMSZ, 0x8001), "32,769 bytes at 0x10000 lies outside"),
        (changed(DATA + MEMSZ, 0xFFFFFFFF), "4,294,967,295 bytes at 0x10000 lies outside"),
        (changed(DATA + FILESZ, 100), "has 100 bytes in the file and 48 in memory"),
        (changed(DATA + PADDR, 0x70), "begins before 0x78"),
        (changed(DATA + OFFSET, len(DOT)), "ends within the segment at 0x10000.*cut off"),
        (changed(PROGRAM_HEADERS, len(DOT) - 8), "damaged"),
        (DOT[:64], "damaged"),
        (DOT[:0x120], "damaged|cut off"),
        (b"\x7fELF", "damaged"),
        (DOT + bytes(LARGEST), "has 67,111,680 bytes; at most"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(content, message):
    with pytest.raises(UsageError) as error:
        read_elf(content, CORAL)
    assert re.search(message, f"{error.value.message} {error.value.hint}"), error.value


def test_damaged_debug_information_costs_only_the_lines():
    program = read_elf(DOT[:0x3E4] + b"\xff" * 0x100 + DOT[0x4E4:], CORAL)
    assert not program.lines.any()
    assert program.symbols["kernel"] == 12


def test_an_instruction_set_without_such_files_says_so():
    with pytest.raises(UsageError, match="it is an ELF file, and tiny has none"):
        read_elf(DOT, load(tiny_isa))


PROGRAMS = sorted((FOLDER.parent / "calibration").glob("*.S"))


@pytest.mark.skipif(not (shutil.which("clang-19") and shutil.which("ld.lld-19")), reason="clang-19 and lld-19 are not installed")
def test_clang_and_this_assembler_make_the_same_programs(tmp_path):
    assert len(PROGRAMS) > 80
    flags = ["--target=riscv32", "-march=rv32imf_zve32x_zvl128b_zicsr_zifencei_zbb", "-nostdlib", "-static", "-g"]
    for path in PROGRAMS:
        made = tmp_path / "made.elf"
        link = [f"--ld-path={shutil.which('ld.lld-19')}", "-T", FOLDER / "link.ld"]
        subprocess.run(["clang-19", *flags, *link, path, "-o", made], check=True)
        theirs, ours = read_elf(made.read_bytes(), CORAL), assemble(path.read_text(), CORAL).program
        assert np.array_equal(theirs.words, ours.words), path.name
        assert theirs.start == ours.start, path.name
        assert {name: theirs.symbols[name] for name in ("results", "results_end")} == {
            name: ours.symbols[name] for name in ("results", "results_end")
        }, path.name
        text = path.read_text().split("\n")
        other = {text[line - 1].split()[0] for line in ours.lines[theirs.lines != ours.lines]}
        # In debug information .word has no line of its own, and a repetition is where it begins.
        assert other <= {".word", "nop"}, path.name
