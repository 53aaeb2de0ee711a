"""Every error of the assembler: its cause, place, text and hint."""

import pytest

from backends.isa.assembler import assemble
from backends.isa.assembler.diagnostics import ENOUGH, MOST


@pytest.mark.parametrize(
    ("source", "cause", "line", "column", "message", "hint"),
    [
        ("FOO x1", "unknown_mnemonic", 1, 1, "unknown mnemonic 'FOO'", "the manual lists the instructions"),
        ("ad x1", "unknown_mnemonic", 1, 1, "unknown mnemonic 'ad'", "did you mean 'ADD' or 'FADD'?"),
        ("add x1, x2, x3", "unknown_mnemonic", 1, 1, "unknown mnemonic 'add'", "did you mean 'ADD'? upper and lower case differ"),
        (
            "MORE",
            "unknown_mnemonic",
            1,
            1,
            "'MORE' does not exist in profile 'small' of this machine",
            "the manual lists the instructions",
        ),
        ("STOP", "not_offered", 1, 1, "STOP is not offered", "the manual lists the instructions that are"),
        ("STOP x1", "not_offered", 1, 1, "STOP is not offered", "the manual lists the instructions that are"),
        ("ADD x1, x2", "operand_count", 1, 1, "ADD takes 3 operands, not 2", "syntax: ADD rd, rs1, rs2"),
        ("NOP x1", "operand_count", 1, 1, "NOP takes 0 operands, not 1", "syntax: NOP"),
        ("ADD x1, x2, x3, x4", "operand_count", 1, 1, "ADD takes 3 operands, not 4", "syntax: ADD rd, rs1, rs2"),
        ("FADD f1", "operand_count", 1, 1, "FADD takes 2 to 4 operands, not 1", "syntax: FADD rd, rs1, imm, other"),
        ("FADD f1, f2, 1, 2, 3", "operand_count", 1, 1, "FADD takes 2 to 4 operands, not 5", "syntax: FADD rd, rs1, imm, other"),
        (
            "ADD x1, f2, x3",
            "register_class",
            1,
            9,
            "'f2' is of the wrong class; operand 'rs1' of ADD is one of x0 to x7",
            "write a register x0 to x7",
        ),
        (
            "ADD x1, 5, x3",
            "register_class",
            1,
            9,
            "'5' is not a register; operand 'rs1' of ADD is one of x0 to x7",
            "write a register x0 to x7",
        ),
        (
            "ADD x1, x8, x2",
            "register_range",
            1,
            9,
            "register 'x8' does not exist; there is x0 to x7",
            "write a register x0 to x7",
        ),
        (
            "ADD x1, x2,",
            "register_class",
            1,
            12,
            "an operand is missing; operand 'rs2' of ADD is one of x0 to x7",
            "write a register x0 to x7",
        ),
        (
            "ADD X1, x2, x3",
            "register_class",
            1,
            5,
            "'X1' is not a register; operand 'rd' of ADD is one of x0 to x7",
            "registers are lower case: x1",
        ),
        ("ADD x0, x1, x2", "zero_register", 1, 5, "x0 is always 0 and cannot be written by ADD", "choose another x register"),
        (
            "ADD x1, mode, x2",
            "register_class",
            1,
            9,
            "'mode' is not a register; operand 'rs1' of ADD is one of x0 to x7",
            "write a register x0 to x7",
        ),
        (
            "ADDI x1, x2, 256",
            "immediate_range",
            1,
            14,
            "256 is out of range: operand 'imm' of ADDI is 0 to 255",
            "write a value from 0 to 255",
        ),
        ("ADDI x1, x2, -1", "immediate_range", 1, 14, "-1 is out of range: operand 'imm' of ADDI is 0 to 255", "it is unsigned"),
        (
            "ADDI x1, x2, x3",
            "register_class",
            1,
            14,
            "'x3' is a register; a number is needed here",
            "write a number, a symbol or an expression",
        ),
        ("ADDI x1, x2, 1.5", "immediate_range", 1, 14, "1.5 is not an integer; operand 'imm' of ADDI is", "write an integer"),
        ("ADDI x1, x2, 3 4", "expression", 1, 16, "an operator is expected, not '4'", ""),
        ("ADDI x1, x2, (3", "expression", 1, 16, "')' is missing at the end", ""),
        ("ADDI x1, x2, 3 +", "expression", 1, 17, "a number or a name is missing at the end", ""),
        (
            "ADDI x1, x2, 12ab",
            "expression",
            1,
            14,
            "'12ab' is not a number",
            "decimal, 0x hex, 0b binary, 0o octal, 1.5e3 or 'c'",
        ),
        ("ADDI x1, x2, 0x", "expression", 1, 14, "'0x' is not a number", "decimal, 0x hex, 0b binary, 0o octal, 1.5e3 or 'c'"),
        ("ADDI x1, x2, $$ @", "expression", 1, 17, "unexpected '@'", "numbers, names, operators and parentheses"),
        ("ADDI x1, x2, 1/0", "expression", 1, 15, "division by zero", "the right side must not be 0"),
        ("ADDI x1, x2, 1 << 200", "expression", 1, 16, "shift by 200", "shift by 0 to 128"),
        ("ADDI x1, x2, ~1.0", "expression", 1, 14, "'~' needs integers, not 1.0", "+ - * / and comparisons take floats"),
        ("ADDI x1, x2, '\\q'", "expression", 1, 14, "'\\q' is no character", "escapes are \\n \\t \\r \\0 \\\\ \\'"),
        (
            "ADDI x1, x2, nowhere",
            "undefined_symbol",
            1,
            14,
            "undefined symbol 'nowhere'",
            "define it with '.equ NAME, value' or as a label",
        ),
        (
            "ADDI x1, x2, N*200\nN = 2",
            "immediate_range",
            1,
            14,
            "'N*200' = 400 is out of range: operand 'imm' of ADDI is 0 to 255",
            "write a value from 0 to 255",
        ),
        ("LOADS x1, 1, 4", "operand_literal", 1, 11, "'1' where LOADS has a fixed '0'", "write 0"),
        ("LOADS x1, 0, 3", "immediate_multiple", 1, 14, "3 is no multiple of 2, which operand 'imm' of LOADS must be", "write 2"),
        (
            "LOADS x1, 0, -102",
            "immediate_range",
            1,
            14,
            "-102 is out of range: operand 'imm' of LOADS is -100 to 254",
            "write a value from -100 to 254",
        ),
        (
            "FADD f1, f2, 4",
            "immediate_range",
            1,
            14,
            "4 is out of range: operand 'imm' of FADD is 0 to 3",
            "write a value from 0 to 3",
        ),
        (
            "BR x1, far" + "\nNOP" * 200 + "\nfar:",
            "immediate_range",
            1,
            8,
            "'far' = 201 is 201 words away, which is out of range: the distance of BR is -128 to 127",
            "jump over a shorter distance",
        ),
        ("BR x1, 1b", "undefined_symbol", 1, 8, "no label '1:' before this line", "'1b' is the nearest '1:' before it"),
        ("BR x1, 1f", "undefined_symbol", 1, 8, "no label '1:' after this line", "'1f' is the nearest '1:' after it"),
        (
            "start: NOP\nstart:",
            "duplicate_symbol",
            2,
            1,
            "'start' is defined twice; first at line 1",
            "choose another name, or a numeric label such as '1:' that may be repeated",
        ),
        ("x3: NOP", "reserved_name", 1, 1, "'x3' cannot be defined", "it is a register or built in; choose another name"),
        ("min = 3", "reserved_name", 1, 1, "'min' cannot be defined", "it is a register or built in; choose another name"),
        ("start: NOP\nstart = 3", "duplicate_symbol", 2, 1, "'start' is a label; defined at line 1", "choose another name"),
        ("my-label: NOP", "syntax", 1, 1, "'my-label' is not a name for a label", "letters, digits, _ . and $"),
        (
            "N = later\nlater = 1",
            "undefined_symbol",
            1,
            5,
            "undefined symbol 'later'; its value must be known here",
            "define it with '.equ NAME, value' or as a label",
        ),
        (
            "ADDI x1, x2, N\nN = 1\nN = 2",
            "undefined_symbol",
            1,
            14,
            "'N' is used before it is defined, and defined more than once",
            "define it above",
        ),
        (".wrd 1", "unknown_directive", 1, 1, "unknown directive '.wrd'", "did you mean '.word'?"),
        (".equ N", "directive", 1, 1, "'.equ' takes 2 operands, not 1", "syntax: .equ NAME, value"),
        (".equ 3, 4", "directive", 1, 6, "'3' is not a name", "letters, digits and _, not first a digit"),
        (".word", "directive", 1, 1, "'.word' takes 1 or more operands, not 0", "syntax: .word value, ..."),
        (".word 1 << 32", "immediate_range", 1, 7, "'1 << 32' is not a word of 32 bits", "0 to 0xffffffff"),
        (".word 1.5", "immediate_range", 1, 7, "'1.5' is not a word of 32 bits", "0 to 0xffffffff"),
        (".text 1", "directive", 1, 1, "'.text' takes 0 operands, not 1", "syntax: .text"),
        (".float 1", "directive", 1, 1, "'.float' outside a .data part", "write '.data MEMORY, address' before it"),
        (".zero 3", "directive", 1, 1, "'.zero' outside a .data part", "write '.data MEMORY, address' before it"),
        (".data", "directive", 1, 1, "'.data' takes 1 to 2 operands, not 0", "syntax: .data MEMORY, address"),
        (".data memm", "data_space", 1, 7, "there is no memory 'memm'", "did you mean 'mem'?"),
        (".data acc", "data_space", 1, 7, "'acc' cannot have initial data", "memories with initial data: mem, ram, table"),
        (".data mem, 65", "data_range", 1, 7, "address 65 is outside 'mem', which has 64 elements", "an address from 0 to 63"),
        (".data mem, 0.5", "directive", 1, 12, "the address is 0.5", "write an integer"),
        (".data mem\n.float 1e39", "data_range", 2, 8, "1e+39 does not fit bf16", "write inf where infinity is meant"),
        (".data mem\n.u8 1", "data_type", 2, 1, "'.u8' in 'mem', whose elements are bf16", "write .float"),
        (".data table\n.float 1", "data_type", 2, 1, "'.float' in 'table', whose elements are u32", "write .u32"),
        (".data ram\n.float 1", "data_type", 2, 1, "'.float' in 'ram', whose elements are u8", "write .f32 for 4 bytes each"),
        (".data ram\n.u8 1, 256", "data_range", 2, 8, "256 is out of range: u8 is 0 to 255", "write a legal value"),
        (".data ram\n.u8 1.5", "data_range", 2, 5, "1.5 is not an integer, and u8 is", "write an integer"),
        (".data mem, 62\n.float 1, 2, 3", "data_range", 2, 1, "data up to 64 leaves 'mem': 64 elements", "at most 2 more fit"),
        (".data mem\n.zero -1", "directive", 2, 7, "-1 elements", "0 or more"),
        (".data mem\nNOP", "directive", 2, 1, "'NOP' in a .data part", "write '.text' before instructions"),
        (".data mem\n.word 1", "directive", 2, 1, "'.word' in a .data part", "write .u32, or '.text' before it"),
        (
            ".data mem, 0\n.float 1, 2\n.data mem, 1\n.float 3",
            "data_overlap",
            3,
            None,
            "data from 1 overlaps that of line 1, which ends before 2",
            "start at 2 or later",
        ),
        (".macro m a\nADD \\b, x1, x1\n.endm", "macro", 2, 5, "'\\\\b' is no parameter of macro 'm'", "parameters: a"),
        (".macro m\n.macro n\n.endm\n.endm", "macro", 2, None, "a macro inside a macro", "define it before this one"),
        (".macro ADD\n.endm", "reserved_name", 1, 8, "'ADD' is an instruction or a directive", "choose another name"),
        (
            ".macro m\n.endm\n.macro m\n.endm",
            "duplicate_symbol",
            3,
            8,
            "macro 'm' is defined twice; first at line 1",
            "choose another name",
        ),
        (".macro\n.endm", "macro", 1, 1, "a macro without a name", ".macro NAME a, b=default"),
        (".macro m a, a\n.endm", "macro", 1, 12, "parameter 'a' twice", ".macro NAME a, b=default"),
        (
            ".macro m a\nADD x1, \\a, x2\n.endm\nm f1",
            "register_class",
            2,
            9,
            "'f1' is of the wrong class; operand 'rs1' of ADD is one of x0 to x7 (in macro 'm', called at line 4)",
            "write a register x0 to x7",
        ),
        (
            ".macro m a, b=x2\nADD x1, \\a, \\b\n.endm\nm",
            "operand_count",
            4,
            1,
            "macro 'm' lacks 'a'",
            "defined at line 1: m a, b",
        ),
        (".macro m a\n.endm\nm 1, 2", "operand_count", 3, 1, "macro 'm' takes 1 argument, not 2", "defined at line 1: m a"),
        (
            ".macro m\nm\n.endm\nm",
            "macro",
            2,
            None,
            "macros and blocks are nested deeper than 40 (in macro 'm', called at line 2; in macro 'm', called at line 2"
            "; in 37 more; in macro 'm', called at line 4)",
            "a macro must not call itself without end",
        ),
        (".rept 2\nNOP", "block", 1, None, "'.rept' is not closed", "write '.endr' after its last line"),
        (".endr", "block", 1, 1, "'.endr' has no '.rept'", "remove it"),
        (
            ".rept 2\n.endif\n.endr",
            "block",
            2,
            1,
            "'.endif' stands inside '.rept' of line 1",
            "close that one first, with '.endr'",
        ),
        (".if 1\n.else\n.else\n.endif", "block", 3, 1, "'.else' after '.else'", "'.else' comes last"),
        (".rept -1\n.endr", "directive", 1, 7, "the count is -1", "0 or more"),
        (".rept\n.endr", "directive", 1, 1, "'.rept' takes 1 operand, not 0", "syntax: .rept count"),
        (
            ".rept 1 << 60\nNOP\n.endr",
            "too_large",
            1,
            None,
            "1152921504606846976 repeats are too many",
            "use a loop of the machine",
        ),
        (".for i, 0, 10, 0\n.endfor", "directive", 1, 15, "the step is 0", "1, or another number that is not 0"),
        (".for i, 0\n.endfor", "directive", 1, 1, "'.for' takes 3 to 4 operands, not 2", "syntax: .for NAME, start, stop, step"),
        (
            ".for x1, 0, 2\n.endfor",
            "reserved_name",
            1,
            6,
            "'x1' cannot be defined",
            "it is a register or built in; choose another name",
        ),
        (
            ".if nowhere\n.endif",
            "undefined_symbol",
            1,
            5,
            "undefined symbol 'nowhere'; its value must be known here",
            "define it with '.equ NAME, value' or as a label",
        ),
        ("lab: .rept 2", "unknown_directive", 1, 6, "'.rept' must begin its line", "put it on a line of its own"),
        ("NOP /* open", "syntax", 1, 5, "a comment '/*' is not closed", "write '*/' after it"),
        (
            "ADD x1, x0x, x2",
            "register_class",
            1,
            9,
            "'x0x' is not a register; operand 'rs1' of ADD is one of x0 to x7",
            "write a register x0 to x7",
        ),
    ],
)
def test_what_is_wrong_is_said(machine, source, cause, line, column, message, hint):
    assembly = assemble(source, machine)
    first = assembly.problems[0]
    said = first.diagnostic
    assert assembly.program is None
    assert (first.cause, said.line, said.column, said.message, said.hint) == (cause, line, column, message, hint)
    assert said.severity == "error"
    assert said.snippet == source.replace("\\a", "f1").split("\n")[line - 1].strip() or said.snippet in source


def test_all_errors_of_a_line_and_of_a_text_are_said_at_once(machine):
    source = "FOO\nADD f1, x9, 3\nlabel: ADDI x0, x1, 999\nGOTO label\nBR x1, nowhere"
    found = [(p.cause, p.diagnostic.line, p.diagnostic.column) for p in assemble(source, machine).problems]
    assert found == [
        ("unknown_mnemonic", 1, 1), ("register_class", 2, 5), ("register_range", 2, 9), ("register_class", 2, 13),
        ("zero_register", 3, 13), ("immediate_range", 3, 21), ("undefined_symbol", 5, 8),
    ]  # fmt: skip


def test_a_long_list_ends_with_how_many_more(machine):
    problems = assemble("\n".join(f"FOO{i}" for i in range(MOST + 7)), machine).problems
    assert len(problems) == MOST + 1
    assert (problems[-1].cause, problems[-1].diagnostic.message) == ("more", "and 7 more errors")
    problems = assemble("\n".join(f"FOO{i}" for i in range(2 * ENOUGH)), machine).problems
    assert problems[-1].diagnostic.message == f"and at least {ENOUGH + 1 - MOST} more errors"


def test_the_same_line_in_a_repeat_is_said_once(machine):
    assert len(assemble(".rept 100\nFOO\n.endr", machine).problems) == 1


def test_strictness_decides_between_errors_and_warnings(machine):
    source = "STOP\nADD x0, x1, x2"
    strict, lenient = assemble(source, machine), assemble(source, machine, strict=False)
    compat = assemble(source, machine, compat=True)
    assert strict.program is None
    assert [(p.cause, p.diagnostic.severity) for p in lenient.problems] == [
        ("not_offered", "warning"),
        ("zero_register", "warning"),
    ]
    assert lenient.program is not None
    assert compat.problems == ()
    assert compat.program.words.tolist() == lenient.program.words.tolist()


def test_errors_come_before_warnings(machine):
    problems = assemble("STOP\nFOO", machine, strict=False).problems
    assert [p.cause for p in problems] == ["unknown_mnemonic", "not_offered"]


def test_a_refused_data_part_is_one_error(machine):
    assert [p.cause for p in assemble(".data nowhere\n.float 1, 2\n.zero 3\n.text\nNOP", machine).problems] == ["data_space"]


def test_diagnostics_carry_the_cause_for_those_who_only_see_them(machine):
    problems = assemble("FOO\n" * 60 + "ADD x1, x2", machine).problems
    assert {p.cause for p in problems} == {"unknown_mnemonic", "more"}
    assert all(p.diagnostic.cause == p.cause for p in problems)
