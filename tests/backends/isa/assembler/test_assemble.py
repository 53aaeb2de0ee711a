"""Texts and their words."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.isa.assembler import assemble, disassemble
from backends.isa.assembler.encode import encode
from backends.isa.definition import Immediate


def program(machine, source, **options):
    assembly = assemble(source, machine, **options)
    assert assembly.program is not None, assembly.problems
    return assembly.program


def words(machine, source, **options):
    return program(machine, source, **options).words.tolist()


def image(machine, source):
    (found,) = program(machine, source).images
    return found.space, found.start, found.data.tolist()


def test_fields_lie_where_the_definition_says(machine):
    assert words(machine, "ADD x1, x2, x3") == [1 | 1 << 6 | 2 << 9 | 3 << 20]
    assert words(machine, "LOADS x7, 0, -100") == [3 | 7 << 6 | 0xCE << 12]  # -50 in eight bits
    assert words(machine, "VCOPY x0, x1") == [5 | 1 << 9]  # windows are named by the register that holds their address


def test_operands_at_the_end_may_be_left_out(machine):
    assert words(machine, "FADD f1, f2\nFADD f1, f2, 1\nFADD f1, f2, 1, 0") == [4 | 1 << 6 | 2 << 9 | 1 << 12] * 3
    assert words(machine, "FADD f1, f2, 3") == [4 | 1 << 6 | 2 << 9 | 3 << 12]


def test_compat_encodes_as_the_other_toolchain_and_ignores_operands_of_what_has_none(machine):
    assert words(machine, "VCOPY x1, x2\nNOP 0, 0, 0", compat=True) == [5 | 1 << 6 | 2 << 20, 10]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7), ("0x1F", 31), ("0b101", 5), ("0o17", 15), ("1_0", 10), ("'a'", 97), (r"'\n'", 10), ("';'", 59), ("','", 44),
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 4 - 3", 3), ("1 << 2 + 1", 8), ("1 | 2 ^ 3 & 2", 1), ("7 / 2", 3),
        ("4 + -7 / 2", 0), ("-7 % 4", 1), ("~0 + 1", 0), ("--3", 3), ("min(3, max(1, 2))", 2), ("3 < 4 && !(2 >= 3)", 1),
        ("5 == 5", 1), ("0 || 0", 0), ("1 != 1", 0), ("N * 4", 12), ("end - start", 2), ("1b", 1), ("1f", 3), (". + 1", 2),
        ("007", 7),
    ],
)  # fmt: skip
def test_expressions(machine, text, value):
    source = f"N = 3\nstart: NOP\n1: ADDI x1, x2, {text}\nend: NOP\n1: NOP"
    assert words(machine, source)[1] >> 12 & 255 == value


@pytest.mark.parametrize(
    ("good", "other"),
    [
        ("ADDI x1, x2, 0", "ADDI x1, x2, 256"),
        ("LOADS x7, 0, 44", "LOADS x7, 0, 45"),
        ("LOADS x7, 0, 44", "LOADS x7, 0, 256"),
        ("FADD f1, f2, 1", "FADD f1, f2, 4"),
        ("ADDI x1, x2, 0", "ADDI x1, x2, 1234567890123456789012"),
        ("ADDI x1, x2, 0", "ADDI x1, x2, ٣"),
    ],
)
def test_a_number_is_as_legal_after_a_line_like_it_as_without(machine, good, other):
    assert assemble(other, machine).program is None
    (alone,), (after,) = (assemble(text, machine).problems for text in (other, f"{good}\n{other}"))
    assert after.diagnostic == alone.diagnostic.model_copy(update={"line": 2})


def test_a_number_has_the_same_bits_after_a_line_like_it(machine):
    texts = [*(f"ADDI x1, x2, {n}" for n in range(256)), *(f"LOADS x7, 0,{n} ; even" for n in range(0, 101, 2))]
    assert words(machine, "\n".join(texts)) == [word for text in texts for word in words(machine, text)]
    first, second = words(machine, "BR x1, 7\nBR x1,7")  # but for a distance, which depends on where it stands
    assert (first >> 12 & 255, second >> 12 & 255) == (7, 6)


def test_labels_are_absolute_or_relative_as_the_operand_says(machine):
    source = "back: GOTO ahead\nBR x1, back\nBR x1, ahead\nahead:"
    assert words(machine, source) == [7 | 3 << 20, 6 | 1 << 9 | 0xFF << 12, 6 | 1 << 9 | 1 << 12]
    assert program(machine, source).labels == {"back": 0, "ahead": 3}


def test_numeric_labels_are_the_nearest(machine):
    source = "1: NOP\nGOTO 1b\nGOTO 1f\n1: GOTO 1b\nGOTO 1f\n1:"
    assert [word >> 20 for word in words(machine, source)[1:]] == [0, 3, 3, 5]


def test_comments_and_case_of_spaces(machine):
    source = "  NOP ; one\n\tNOP // two /* not open\nNOP # three\nNOP/* four\nFOO */ NOP /* x */\r\n\n;\nADD\tx1 ,x2,  x3"
    made = program(machine, source)
    assert made.words.tolist() == [10, 10, 10, 10, 10, 1 | 1 << 6 | 2 << 9 | 3 << 20]
    assert made.lines.tolist() == [1, 2, 3, 4, 5, 8]


def test_symbols_have_their_value_at_the_place_of_use(machine):
    source = ".equ A, 1\nADDI x1, x1, A\nA = A + 1\nADDI x1, x1, A\nADDI x1, x1, LATE\n.set LATE, 9"
    assert [word >> 12 & 255 for word in words(machine, source)] == [1, 2, 9]


def test_words_and_their_labels(machine):
    assert words(machine, ".word 0x10, -1, there\nthere: .word 'a'\n@word 7") == [16, 0xFFFFFFFF, 3, 97, 7]


def test_macros(machine):
    source = (
        ".macro twice a, b=x7  ; arguments\n ADD \\a, \\a, \\b\n inner \\a\n.endm\n"
        ".macro inner r\nloop\\@: BR \\r, loop\\@\n.endm\ntwice x1\ntwice b=x2, a=x3"
    )
    made = program(machine, source)
    assert disassemble(made.words, machine, labels=False).split("\n") == [
        "    ADD x1, x1, x7", "    BR x1, 1", "    ADD x3, x3, x2", "    BR x3, 3", "",
    ]  # fmt: skip
    assert made.lines.tolist() == [2, 6, 2, 6]


def test_repeats_and_conditions(machine):
    source = (
        ".for i, 0, 6, 2\n.if i == 2\nADDI x1, x1, 100\n.elif i == 4\nADDI x1, x1, 200\n.else\nADDI x1, x1, i\n.endif\n.endfor\n"
        ".for i, 3, 0, -1\nADDI x2, x2, i + LATE\n.endfor\n.rept 2\nNOP\n.endr\n.rept 0\nFOO\n.endr\nLATE = 10"
    )
    made = words(machine, source)
    assert [word >> 12 & 255 for word in made[:6]] == [0, 100, 200, 13, 12, 11]
    assert made[6:] == [10, 10]


def test_data_lands_in_its_memory(machine):
    floats = "N = 2\n.data mem, 4\n.float 1, 1/64, -0.5, inf, N\n.zero 1\n.fill 2, 3 / 2\n.text\nNOP"
    assert image(machine, floats) == ("mem", 4, [1, 1 / 64, -0.5, float("inf"), 2, 0, 1.5, 1.5])
    assert image(machine, ".data ram\n.u16 0x1234, 5\n.i8 -1\n.f32 1.0") == ("ram", 0, [0x34, 0x12, 5, 0, 255, 0, 0, 0x80, 0x3F])
    assert image(machine, ".data table\n.i32 -1") == ("table", 0, [0xFFFFFFFF])
    assert image(machine, ".data ram\n.bf16 1.0\n.fp16 1.0\n.e4m3 1.0") == ("ram", 0, [0x80, 0x3F, 0, 0x3C, 0x38])


def test_data_goes_on_where_it_stopped_and_its_labels_are_addresses(machine):
    source = ".data mem\n.float 1, 2\n.text\nADDI x1, x2, more\n.data mem\nmore: .float 3\n.data ram\n.u8 more\n.text\nNOP"
    made = program(machine, source)
    assert [(i.space, i.start, i.data.tolist()) for i in made.images] == [("mem", 0, [1, 2]), ("mem", 2, [3]), ("ram", 0, [2])]
    assert made.words[0] >> np.uint64(12) == 2
    assert made.labels == {}


def test_known_lines_are_no_instructions_in_a_data_part(machine):
    causes = [p.cause for p in assemble("NOP\nADD x1, x2, x3\n.data mem\nNOP\nADD x1, x2, x3", machine).problems]
    assert causes == ["directive", "directive"]


def test_the_empty_text_is_the_empty_program(machine):
    made = program(machine, "")
    assert made.words.tolist() == []
    assert made.words.dtype == np.uint64


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.integers(0, (1 << 32) - 1), st.integers(0, 11), st.integers(0, 1 << 12)), max_size=12), st.booleans()
)
def test_any_words_survive_the_way_to_text_and_back(machine, listing, labels):
    text = disassemble(listing, machine, labels=labels)
    assert words(machine, text) == listing


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_legal_instructions_survive_as_instructions(machine, data):
    listing = []
    for pc in range(data.draw(st.integers(1, 8))):
        instruction = data.draw(st.sampled_from([i for i in machine.instructions if i.offered]))
        values = {}
        for operand in instruction.operands:
            low, high, scale = operand.low, operand.high, 1
            if isinstance(operand.kind, Immediate):
                scale = operand.kind.scale
                if operand.kind.relative:
                    low, high = max(0, low + pc), high + pc
            elif operand.kind.target.is_registers and operand.kind.direction != "in":
                low = 1 if operand.file == "x" else 0
            values[operand.name] = data.draw(st.integers(-(-low // scale), high // scale)) * scale
        listing.append(encode(instruction, values, pc))
    text = disassemble(listing, machine)
    assert ".word" not in text
    assert words(machine, text) == listing


FRAGMENTS = st.sampled_from([
    "ADD", "x1", "x2,", ",", "f1", "\n", " ", ":", "1:", "1b", "a", ".macro m a", ".endm", "\\a", "m", ".rept 3",
    ".endr", ".for i, 0, 3", ".endfor", ".if 1", ".else", ".elif", ".endif", ".data mem", ".float", ".text", ".word",
    ".equ", "=", "(", ")", "'", "/*", "*/", ";", "<<", "-", "~", "0x", "99999999999999999999", "1e400", "nan", "inf",
    ".zero", ".fill", "\0", "\ud800", "\u0663", "\\@", ".", "1.5",
])  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200), st.lists(FRAGMENTS, max_size=60).map("".join), st.lists(FRAGMENTS, max_size=60).map("\n".join)
    )
)
def test_any_text_gives_a_program_or_problems(machine, source):
    assembly = assemble(source, machine)
    assert (assembly.program is None) == any(d.severity == "error" for d in assembly.diagnostics)


@pytest.mark.parametrize(
    "source",
    [
        ".rept 1000000000\n.rept 1000000000\nNOP\n.endr\n.endr",
        ".rept 3000\n.rept 3000\n.rept 3000\nX = 1\n.endr\n.endr\n.endr",
        ".macro m\nm\nm\n.endm\nm",
        "".join(f".macro m{i}\nm{i + 1}\nm{i + 1}\n.endm\n" for i in range(30)) + ".macro m30\nNOP\n.endm\nm0",
        ".macro m a\nm \\a\\a\n.endm\nm xxxxxxxx",
        ".rept 1000000\n.word " + "1," * 1000 + "1\n.endr",
        ".if 1\n" * 20_000 + ".endif\n" * 20_000,
        "ADDI x1, x1, " + "(" * 100_000,
        "ADDI x1, x1, " + "1+" * 100_000 + "1",
        "X = 1 << 128 << 128",
        "X = " + "9" * 100_000,
        ".data mem\n.zero 1 << 60",
        "\n".join(f"UNKNOWN{i}" for i in range(20_000)),
        "\n".join(f"GOTO far{i}" for i in range(10_000)) + "\n" + "\n".join(f"fa{i}:" for i in range(10_000)),
        "A" * 250_000, "/*" * 100_000, "'" * 200_000, "a:" * 60_000, "\\" * 200_000,
    ],
    ids=range(19),
)  # fmt: skip
def test_hostile_text_is_refused_in_bounded_time(machine, source):
    start = time.process_time()
    assert assemble(source, machine).program is None
    assert time.process_time() - start < 20
