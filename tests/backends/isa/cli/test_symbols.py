"""ELF files and symbols on the command line: a host's view of a program."""

from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[3] / "data" / "coral" / "elf"
DOT = FOLDER / "dot.elf"
ADDER = """\
_start:
    la a0, x
    lw t0, 0(a0)
    lw t1, 4(a0)
    add t0, t0, t1
    la a1, results
    sw t0, 0(a1)
    mpause
.data
x: .word 5, 6
results: .word 0
results_end:
"""
GOLDEN = ("--engine", "golden")


def test_an_elf_file_runs_on_what_a_host_loads(isa, tmp_path):
    left, right = np.arange(20, dtype=np.int8), np.arange(-10, 10, dtype=np.int8)
    for name, array in (("left", left), ("right", right)):
        (tmp_path / name).write_bytes(array.tobytes())
    done = isa("run", "coral", DOT, *GOLDEN, "--load", "left=left", "--load", "right=right", "--dump", "results..results+8=y")
    assert done.code == 0
    wide = left.astype(int)
    assert np.fromfile(tmp_path / "y", "<i4").tolist() == [wide @ wide, wide @ right]


def test_its_profile_has_the_lines_of_its_source(isa):
    made = isa("run", "coral", DOT, *GOLDEN, "--json").json
    hottest = made["lines"][0]
    assert (FOLDER / "dot.c").read_text().split("\n")[hottest["line"] - 1].strip() == "sum += a[i] * b[i];"
    assert sum(line["cycles"] for line in made["lines"]) < made["cycles"], "start.S has no lines of that file"
    assert made["fault"] is None


def test_an_elf_file_comes_back_as_assembly_of_the_same_words(isa, program):
    text = isa("disasm", "coral", DOT).out
    assert "kernel:\n" in text
    assert "    jal x1, kernel\n" in text
    words = isa("asm", "coral", program(text, "again.S"), "--json").json
    assert [word["word"] for word in words["words"]][:3] == ["0x00018137", "0x008000EF", "0x08000073"]
    assert isa("run", "coral", "again.S", *GOLDEN, "--json").json["instructions"] == isa(
        "run", "coral", DOT, *GOLDEN, "--json"
    ).json["instructions"]  # fmt: skip


def test_symbols_of_assembly_can_be_loaded_and_dumped(isa, program, tmp_path):
    (tmp_path / "in").write_bytes(np.array([40, 2], "<i4").tobytes())
    done = isa("run", "coral", program(ADDER, "add.S"), *GOLDEN, "--load", "x=in", "--dump", "results..results_end=out")
    assert done.code == 0
    assert np.fromfile(tmp_path / "out", "<i4").tolist() == [42]


def test_what_a_host_loads_comes_after_the_data_of_the_program(isa, program, tmp_path):
    (tmp_path / "in").write_bytes(np.array([9], "<i4").tobytes())
    isa("run", "coral", program(ADDER, "add.S"), *GOLDEN, "--load", "x=in@4", "--dump", "x..results + 4=out")
    assert np.fromfile(tmp_path / "out", "<i4").tolist() == [5, 9, 14]


def test_a_space_is_still_one(isa, program, tmp_path):
    (tmp_path / "in").write_bytes(np.array([1, 2], "<u4").tobytes())
    isa("run", "coral", program(ADDER, "add.S"), *GOLDEN, "--load", "mem=in@0x10000", "--dump", "mem:0x10000:0x1000C=out")
    assert np.fromfile(tmp_path / "out", "<i4").tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--dump", "result..results_end=out", "unknown symbol 'result' in --dump"),
        ("--dump", "results..results+x=out", "unknown symbol 'results+x'"),
        ("--dump", "results_end..results=out", "65548 to 65544 is no part of it"),
        ("--load", "xx=in", "unknown symbol or space 'xx'"),
        ("--load", "x=in@0x10000", "8 bytes from 0x20000 on are not all there"),
        ("--load", "mem=in@0x1FFC", "8 bytes from 0x1ffc on are not all there"),
    ],
)
def test_wrong_places_are_explained(isa, program, tmp_path, option, value, message):
    (tmp_path / "in").write_bytes(bytes(8))
    done = isa("run", "coral", program(ADDER, "add.S"), *GOLDEN, option, value)
    assert done.code == 2
    assert message in done.err


def test_a_bad_elf_file_is_named(isa, tmp_path):
    (tmp_path / "cut.elf").write_bytes(DOT.read_bytes()[:200])
    for command in (("run", *GOLDEN), ("disasm",)):
        done = isa(command[0], "coral", "cut.elf", *command[1:])
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("error: 'cut.elf': the ELF file ends within"), done.err
