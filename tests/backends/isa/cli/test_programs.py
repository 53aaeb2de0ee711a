"""asm, disasm, run and trace: what they print, write and return."""

import json
import re
from itertools import pairwise
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

ADDER = """\
S_LD_FP f1, gp0, 1   ; a constant
V_ADD_VF gp1, gp2, f1, 0
S_ADDI_INT gp3, gp0, 7
S_ST_INT gp3, gp0, 2
"""
FAULTY = "S_ADDI_INT gp1, gp0, 3\n\n  V_EXP_V gp1, gp1, 0\n"


def test_asm_lists_words_and_lines(isa, program):
    done = isa("asm", "plena", program("\n" + ADDER))
    rows = done.out.splitlines()
    assert done.code == 0
    assert re.fullmatch(r"     0  0x[0-9A-F]{8}      2  S_LD_FP f1, gp0, 1   ; a constant", rows[0])
    assert len(rows) == 4


def test_asm_hex_is_one_word_a_line_and_disasm_takes_it_back(isa, program):
    words = isa("asm", "plena", program(ADDER), "--hex")
    assert re.fullmatch(r"(0x[0-9A-F]{8}\n){4}", words.out)
    text = isa("disasm", "plena", program(words.out, "words.hex")).out
    assert isa("asm", "plena", program(text, "again.s"), "--hex").out == words.out


def test_asm_writes_files(isa, program, tmp_path):
    words = isa("asm", "plena", program(ADDER), "--hex").out
    assert isa("asm", "plena", "program.s", "-o", "out.hex").out == ""
    assert (tmp_path / "out.hex").read_text() == words
    assert isa("asm", "plena", "program.s", "-o", "out.bin").code == 0
    assert (tmp_path / "out.bin").read_bytes() == np.array([int(w, 16) for w in words.split()], "<u4").tobytes()


def test_asm_json_has_words_lines_and_labels(isa, program):
    made = isa("asm", "plena", program("here:\n" + ADDER), "--json").json
    assert [word["line"] for word in made["words"]] == [2, 3, 4, 5]
    assert made["labels"] == {"here": 0}


def test_compat_encodes_as_the_other_toolchain_does(isa, program):
    name = program("M_BMM_WO gp1, 5\n")
    own, other = (isa("asm", "plena", name, "--hex", *option) for option in ([], ["--compat"]))
    assert own.out != other.out
    assert int(own.out, 16) >> 14 == 5
    assert int(other.out, 16) >> 10 & 0x3FFFF == 5


def test_asm_shows_every_error_and_exits_1(isa, program):
    failed = isa("asm", "plena", program("S_ADDI_INTT gp1, gp0, 1\nV_EXP_V gp1\nS_ADDI_INT gp1, gp0, 999999\n"))
    assert (failed.code, failed.out) == (1, "")
    assert re.findall(r"line (\d), column (\d+)?", failed.err)
    assert [line for line in "123" if f"line {line}" in failed.err] == ["1", "2", "3"]
    assert "    S_ADDI_INTT gp1, gp0, 1" in failed.err
    as_json = isa("asm", "plena", "program.s", "--json")
    assert as_json.code == 1
    assert as_json.json["ended"] == "build_error"
    assert [diagnostic["line"] for diagnostic in as_json.json["diagnostics"]] == [1, 2, 3]


@pytest.mark.parametrize("engine", ["native", "golden"])
@pytest.mark.parametrize("profile", ["SPEC", "HEAD"])
def test_run_loads_and_dumps_in_units_of_the_space(isa, program, tmp_path, engine, profile):
    (tmp_path / "fp.bin").write_bytes(np.array([1.5, 0.1], np.float16).tobytes())
    (tmp_path / "rows.bin").write_bytes(np.arange(64).astype(ml_dtypes.bfloat16).tobytes())
    done = isa(
        "run", "plena", program(ADDER.replace("gp0, 1 ", "gp0, 8 ")), "--engine", engine, "--profile-name", profile,
        "--load", "fp_sram=fp.bin@7", "--load", "vram=rows.bin@0", "--dump", "vram:0:64=v.bin", "--dump", "gp:1:4=gp.bin",
        "--dump", "fp_sram:7:9=fp_out.bin", "--dump", "int_sram:2:3=int.bin", "--dump", "f=f.bin",
    )  # fmt: skip
    assert done.code == 0, done.err
    scalar = np.dtype(np.float16) if profile == "SPEC" else np.dtype(ml_dtypes.bfloat16)
    tenth = np.float16(0.1).astype(np.float32).astype(scalar)
    words = np.frombuffer((tmp_path / "fp_out.bin").read_bytes(), scalar)
    assert words.tolist() == [1.5, float(tenth)]
    expected = (np.arange(64, dtype=np.float32) + np.float32(tenth)).astype(ml_dtypes.bfloat16)
    assert np.frombuffer((tmp_path / "v.bin").read_bytes(), ml_dtypes.bfloat16).tolist() == expected.tolist()
    assert np.frombuffer((tmp_path / "gp.bin").read_bytes(), "<u4").tolist() == [0, 0, 7]
    assert np.frombuffer((tmp_path / "int.bin").read_bytes(), "<u4").tolist() == [7]
    assert len((tmp_path / "f.bin").read_bytes()) == 8 * 2


def test_run_says_what_happened(isa, program):
    done = isa("run", "plena", program(ADDER), "--timing", "overlapped")
    assert done.code == 0
    assert re.match(r"ended after \d+ cycles and 4 instructions \(plena, profile SPEC, timing overlapped\)", done.out)
    assert "| V_ADD_VF gp1, gp2, f1, 0" in done.out


def test_run_json(isa, program):
    found = isa("run", "plena", program(ADDER), "--json").json
    assert found["ended"] == "end"
    assert (found["cycles"], found["instructions"], found["fault"]) == (4, 4, None)
    assert found["counters"]["instructions"] == {"S_LD_FP": 1, "V_ADD_VF": 1, "S_ADDI_INT": 1, "S_ST_INT": 1}
    assert sum(found["counters"]["stalls"].values()) == 4
    assert found["counters"]["busy"]["integer"] == 2
    assert {line["line"] for line in found["lines"]} == {1, 2, 3, 4}
    assert (found["isa"], found["profile"], found["timing"]) == ("plena", "SPEC", "sequential")


def test_run_takes_words(isa, program):
    words = isa("asm", "plena", program(ADDER), "--hex").out
    assert isa("run", "plena", program(words, "w"), "--json").json["cycles"] == 4
    assert isa("run", "plena", program(words.replace("0x", ""), "w"), "--json").json["cycles"] == 4


def test_a_fault_exits_1_with_its_place(isa, program):
    failed = isa("run", "plena", program(FAULTY))
    assert failed.code == 1
    assert failed.out.startswith("stopped by a fault after 1 cycles and 1 instructions")
    assert failed.err.startswith("fault: vram_misaligned at line 3: rd 3 (limit 64)")
    as_json = isa("run", "plena", "program.s", "--json")
    assert as_json.code == 1
    found = as_json.json
    assert (found["ended"], found["instructions"]) == ("trap", 1)
    wanted = {"cause": "vram_misaligned", "pc": 1, "line": 3, "operand": "rd", "address": 3, "limit": 64}
    assert {key: found["fault"][key] for key in wanted} == wanted


def test_fuel_exits_1(isa, program):
    failed = isa("run", "plena", program("C_LOOP_START gp1, 100\nS_ADDI_INT gp2, gp2, 1\nC_LOOP_END gp1\n"), "--fuel", 50)
    assert failed.code == 1
    assert "more than 50 instructions; stopped at line" in failed.err


def test_dumps_are_written_even_after_a_fault(isa, program, tmp_path):
    assert isa("run", "plena", program(FAULTY), "--dump", "gp:1:2=gp.bin").code == 1
    assert np.frombuffer((tmp_path / "gp.bin").read_bytes(), "<u4").tolist() == [3]


def test_run_of_a_broken_program_shows_errors(isa, program):
    failed = isa("run", "plena", program("NOPE gp1\n"), "--json")
    assert failed.code == 1
    assert failed.json["ended"] == "build_error"
    assert failed.json["fault"]["line"] == 1


def test_trace_is_json_for_perfetto(isa, program, tmp_path):
    assert isa("trace", "plena", program(ADDER), "-o", "t.json", "--timing", "overlapped").code == 0
    made = json.loads((tmp_path / "t.json").read_text())
    spans = [event for event in made["traceEvents"] if event["ph"] == "X"]
    assert [span["name"] for span in spans] == ["S_LD_FP", "V_ADD_VF", "S_ADDI_INT", "S_ST_INT"]
    assert all(a["ts"] < b["ts"] for a, b in pairwise(spans))
    assert max(span["ts"] + span["dur"] for span in spans) == made["otherData"]["cycles"]
    assert isa("trace", "plena", "program.s", "-o", "t.json", "--events", 2).code == 0
    assert json.loads((tmp_path / "t.json").read_text())["otherData"]["events left out"] == 2
    assert isa("trace", "plena", program(FAULTY, "f.s"), "-o", "f.json").code == 1
    assert (tmp_path / "f.json").exists()


WRONG = [
    (["run", "plenna", "program.s"], "did you mean 'plena'"),
    (["run", "plena", "missing.s"], "No such file or directory: 'missing.s'"),
    (["run", "plena", "program.s", "--profile-name", "SPECS"], "did you mean 'SPEC'"),
    (["run", "plena", "program.s", "--timing", "fast"], "unknown timing 'fast'"),
    (["run", "plena", "program.s", "--engine", "nativ"], "'nativ' does not exist"),
    (["run", "plena", "program.s", "--load", "vrom=x"], "did you mean 'vram'"),
    (["run", "plena", "program.s", "--load", "vram"], "is not SPACE=FILE"),
    (["run", "plena", "program.s", "--load", "vram=none.bin"], "No such file or directory: 'none.bin'"),
    (["run", "plena", "program.s", "--load", "fp_sram=long.bin"], "5000 elements from 0 on end at 5000"),
    (["run", "plena", "program.s", "--load", "gp=program.s@14"], "end at"),
    (["run", "plena", "program.s", "--dump", "gp:3:2=x"], "3 to 2 is no part of it"),
    (["run", "plena", "program.s", "--dump", "gp:0:17=x"], "gp goes from 0 to 16"),
    (["run", "plena", "program.s", "--dump", "hbm=x"], "would write 17,179,869,184 bytes"),
    (["run", "plena", "program.s", "--dump", "gp=no/such/folder/x"], "'no/such/folder/x'"),
    (["run", "plena", "binary"], "is not UTF-8 text"),
    (["run", "plena", "elf"], "is an ELF file"),
    (["disasm", "plena", "program.s"], "line 1"),
    (["asm", "./nowhere/isa.py", "program.s"], "does not exist"),
    (["trace", "plena", "program.s", "-o", "no/such/t.json"], "'no/such/t.json'"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(arguments)[:50] for arguments, _ in WRONG])
def test_what_is_wrong_with_a_command_exits_2(isa, program, tmp_path, arguments, message):
    program(ADDER + "\n" * 1)
    (tmp_path / "long.bin").write_bytes(bytes(10000))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "elf").write_bytes(b"\x7fELF\x01")
    failed = isa(*arguments)
    assert failed.code == 2, failed.out
    assert message in failed.err


def test_list_and_show(isa):
    listed = isa("list", "--json").json
    assert {row["name"] for row in listed} >= {"plena", "tiny"}
    assert re.search(r"^plena +PLENA.*profiles SPEC, HEAD; timings sequential, overlapped", isa("list").out, re.MULTILINE)
    shown = isa("show", "plena", "--profile-name", "HEAD")
    assert "profile    HEAD (of SPEC, HEAD)" in shown.out
    facts = isa("show", "plena", "--json").json
    assert facts["memories"]["fp_sram"] == {
        **facts["memories"]["fp_sram"], "kind": "memory", "dtype": "fp16", "image": "fp16", "size": 1024,
    }  # fmt: skip
    masks = [(one["mask"], one["match"]) for one in facts["instructions"]]
    assert len(set(masks)) == len(masks) == len(facts["instructions"])


def test_check_prints_a_line_for_each_check(isa, tmp_path):
    folder = Path(__file__).parents[1] / "scratch_isa"
    done = isa("check", folder, "--seconds", 1, "--timing", "sequential")
    lines = [line for line in done.out.splitlines() if not line.startswith(" ")]
    checks = ["definition", "encoding", "manual", "agreement", "timing", "baselines"]
    assert [line.split()[1] for line in lines] == checks
    found = isa("check", folder, "--seconds", 1, "--timing", "sequential", "--json")
    assert [one["check"] for one in found.json] == checks
    assert done.code == found.code == int(any(one["status"] == "wrong" for one in found.json))
    assert isa("check", "plenna").code == 2
