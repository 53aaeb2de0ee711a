"""Coral's instructions: by hand, against exact rational arithmetic, and the calibration programs with the results of the RTL."""

import csv
import math
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from backends.isa.assembler import assemble, disassemble
from backends.isa.bind import load
from backends.isa.engine import load_images
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.build import find_compiler
from backends.isa.native.engine import NativeEngine
from isa_specs.coral.isa import isa

CALIBRATION = Path(__file__).parents[1] / "data" / "coral" / "calibration"
EXPECTED = {row["name"]: row for row in csv.DictReader((CALIBRATION / "cycles.csv").read_text().splitlines())}
SHORT = sorted((int(row["instructions"]), name) for name, row in EXPECTED.items())[:28]
MODES = ("rne", "rtz", "rdn", "rup", "rmm")


@pytest.fixture(scope="module")
def machine():
    return load(isa)


@pytest.fixture(scope="module")
def golden(machine):
    return GoldenEngine(machine)


@pytest.fixture
def run(golden, machine):
    """Runs a text from reset; the outcome."""

    def run(text, fuel=2000):
        assembly = assemble(text, machine)
        assert assembly.program is not None, assembly.problems
        golden.reset()
        load_images(golden, assembly.program)
        return golden.run(assembly.program, fuel=fuel)

    return run


def x(golden, *numbers):
    values = golden.read("x", 0, 32)
    return [int(values[n]) for n in numbers]


def vector(golden, number, dtype="u1"):
    return golden.read("v", 16 * number, 16).view(dtype).tolist()


# Text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nop", [0x00000013]), ("ret", [0x00008067]), ("mv a0, a1", [0x00058513]), ("li a0, -1", [0xFFF00513]),
        ("li a0, 0xffffffff", [0xFFF00513]), ("li a0, 0x12345678", [0x12345537, 0x67850513]), ("li a0, 0x1000", [0x00001537]),
        ("li a0, 0x800", [0x00001537, 0x80050513]), ("lw a0, 8(sp)", [0x00812503]), ("sw ra, -4(s0)", [0xFE142E23]),
        ("sw a0, 0x10000, t0", [0x00010297, 0x00A2A023]), ("flw fa0, 0x10000, t0", [0x00010297, 0x0002A507]),
        ("beqz a0, .", [0x00050063]), ("j . + 8", [0x0080006F]), ("f: call f", [0x00000097, 0x000080E7]),
        ("csrr t0, vlenb", [0xC22022F3]), ("csrwi vxrm, 2", [0x00A15073]), ("fence", [0x0FF0000F]), ("fence rw, w", [0x0310000F]),
        ("fadd.s fa0, fa1, fa2", [0x00C5F553]), ("fadd.s fa0, fa1, fa2, rtz", [0x00C59553]), ("fneg.s fa0, fa1", [0x20B59553]),
        ("fmadd.s ft0, ft1, ft2, ft3", [0x1820F043]), ("fcvt.w.s a0, fa0, rtz", [0xC0051553]), ("rev8 a0, a1", [0x6985D513]),
        ("vsetvli t0, a0, e32, m1, ta, ma", [0x0D0572D7]), ("vsetivli zero, 4, e8, mf2, tu, mu", [0xC0727057]),
        ("vadd.vv v1, v2, v3", [0x022180D7]), ("vadd.vv v1, v2, v3, v0.t", [0x002180D7]), ("vle32.v v1, (a0)", [0x02056087]),
        ("vadd.vi v8, v8, -1", [0x028FB457]), ("vmv.v.i v0, 5", [0x5E02B057]), ("vmerge.vxm v1, v2, a0, v0", [0x5C2540D7]),
        ("vse8.v v3, (a1), v0.t", [0x000581A7]),
        ("vmsge.vx v8, v16, a0", [0x6F054457, 0x76842457]), ("vmsgeu.vx v8, v16, a0", [0x6B054457, 0x76842457]),
        ("vlseg3e16.v v4, (a0)", [0x42055207]), ("vmv.x.s a0, v1", [0x42102557]), ("vmulhsu.vv v1, v2, v3", [0x9A21A0D7]),
    ],
)  # fmt: skip
def test_words_are_those_of_the_gnu_assembler(machine, text, words):
    program = assemble(text, machine).program
    assert program is not None
    assert [f"{int(word):08x}" for word in program.words] == [f"{word:08x}" for word in words]


def test_a_rounding_mode_without_a_name_is_disassembled_as_a_word(machine):
    assert disassemble([0x00C5D553], machine) == "    .word 0x00c5d553 # fadd.s with rm = 5, which has no name\n"


def test_every_instruction_disassembles_to_what_assembles_to_it(machine):
    words = [instruction.match for instruction in machine.instructions]
    text = disassemble(words, machine)
    assert assemble(text, machine).program.words.tolist() == words


def test_sections_symbols_and_values(machine, run, golden):
    run("""
        .macro put reg, value
        li \\reg, \\value
        .endm
    _start:
        put a0, 19
        la a1, table
        lui a2, %hi(table)
        lw a2, %lo(table)(a2)
        lw a3, table
        la a4, text
        lbu a4, 1(a4)
        jal leaf
        j 1f
        li a5, 99
    1:  mpause
    leaf: li a5, 7
        ret
        .section .rodata
    text: .asciz "a#b"
        .data
        .align 2
    table: .word 1, table, -1
        .half 0x1234
        .byte 'x'
        .float 1.5
    end:
    """)
    assert x(golden, 10, 11, 12, 13, 14, 15) == [19, 0x10000, 1, 1, ord("#"), 7]
    assert golden.read("mem", 0x10004, 4).view("<u4")[0] == 0x10000
    assert golden.read("mem", 0x1000F, 4).view("<f4")[0] == 1.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("addd a0, a1, a2", "unknown mnemonic 'addd'"), ("lw a0, 4096(a1)", "out of range: operand 'imm' of lw is -2048 to 2047"),
        ("add a0, a1, f2", "'f2' is of the wrong class"), ("vadd.vv v1, v2, v32", "'v32' is no register"),
        ("vadd.vv v1, v2, v3, v1.t", "'v1.t' is no value of operand 'vm'"), ("li a0, nowhere", "'nowhere' must be known here"),
        ("beq a0, a1, far\n.space 5000\nfar: nop", "bytes away"), ("csrr a0, mtime", "undefined symbol 'mtime'"),
        (".section .heap", "there is no section '.heap'"), (".data\nnop", "'nop' in section .data"),
        ("vsetvli t0, a0, e24, m1", "'e24' is no value of operand 'sew'"), ("lw a0", "lw takes 2 operands, not 1"),
    ],
)  # fmt: skip
def test_mistakes_are_named(machine, text, message):
    diagnostics = assemble(text, machine).diagnostics
    assert any(message in found.message for found in diagnostics), diagnostics


# Scalar


def test_divisions_by_zero_and_of_the_least_number(run, golden):
    run(
        "li a0, 7\nli a1, 0x80000000\nli a2, -1\n"
        "div a3, a0, x0\ndivu a4, a0, x0\nrem a5, a0, x0\ndiv a6, a1, a2\nrem a7, a1, a2\nmpause"
    )
    assert x(golden, 13, 14, 15, 16, 17) == [0xFFFFFFFF, 0xFFFFFFFF, 7, 0x80000000, 0]


def test_zbb(run, golden):
    run("li a0, 0x00FF0100\nclz a1, a0\nctz a2, a0\ncpop a3, a0\norc.b a4, a0\nrev8 a5, a0\nctz a6, x0\nror a7, a0, a1\nmpause")
    assert x(golden, 11, 12, 13, 14, 15, 16, 17) == [8, 8, 9, 0x00FFFF00, 0x0001FF00, 32, 0x0000FF01]


@pytest.mark.parametrize(
    ("line", "cause", "value"),
    [
        ("lw a0, -4(x0)", 5, 0xFFFFFFFC), ("sw a0, 0(x0)", 7, 0), ("ecall", 11, 0), (".word 0", 2, 0), ("csrr a0, 0x7c0", 2, 0),
        ("csrw vl, a0", 2, 0), (".word 0x00A55553", 2, 0), ("vadd.vv v1, v2, v3", 2, 0), ("jalr x0, 2(x0)", 0, 2),
    ],
)  # fmt: skip
def test_exceptions_go_to_the_handler_with_their_cause(run, golden, line, cause, value):
    handler = "handler: csrr s2, mcause\ncsrr s3, mtval\ncsrr s4, mepc\naddi t1, s4, 4\ncsrw mepc, t1\nmret"
    outcome = run(f"la t0, handler\ncsrw mtvec, t0\n{line}\nli s1, 5\nmpause\n{handler}")
    assert outcome.ended == "end", outcome.trap
    assert x(golden, 18, 19, 20, 9) == [cause, value, 12, 5]


def test_without_a_handler_an_exception_is_a_fault_and_ebreak_always_is(run):
    assert run("vadd.vv v1, v2, v3").trap.cause == "vtype_unset"
    assert run("lw a0, 0x700(x0)\nlui a0, 3\nlw a0, 0(a0)").trap.address == 0x3000
    assert run("la t0, h\ncsrw mtvec, t0\nebreak\nh: mpause").trap.cause == "breakpoint"


# Floats, against exact arithmetic


def value_of(pattern):
    return Fraction(float(np.uint32(pattern).view(np.float32)))


def rounded(value, mode):
    """Pattern and flags of a number that is not 0."""
    sign, size = int(value < 0), abs(value)
    exponent = (
        math.frexp(float(size))[1] - 1 if size.denominator == 1 else size.numerator.bit_length() - size.denominator.bit_length()
    )
    while Fraction(2) ** exponent > size:
        exponent -= 1
    while Fraction(2) ** (exponent + 1) <= size:
        exponent += 1
    flags = 0

    def to_integer(scaled):
        low = math.floor(scaled)
        rest = scaled - low
        up = {
            "rne": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1), "rtz": False, "rdn": rest > 0 and sign,
            "rup": rest > 0 and not sign, "rmm": rest >= Fraction(1, 2),
        }[mode]  # fmt: skip
        return low + bool(up), rest != 0

    unbounded, _ = to_integer(size / Fraction(2) ** (exponent - 23))
    tiny = unbounded * Fraction(2) ** (exponent - 23) < Fraction(2) ** -126
    quantum = max(exponent, -126) - 23
    mantissa, inexact = to_integer(size / Fraction(2) ** quantum)
    if inexact:
        flags |= 1 | (2 if tiny else 0)
    made = mantissa * Fraction(2) ** quantum
    if made >= Fraction(2) ** 128:
        finite = mode == "rtz" or (mode == "rdn" and not sign) or (mode == "rup" and sign)
        return (sign << 31) | (0x7F7FFFFF if finite else 0x7F800000), 5
    return int(np.float32(float(made)).view(np.uint32)) | sign << 31, flags


OPERATIONS = {
    "fadd.s": lambda a, b, c: a + b, "fsub.s": lambda a, b, c: a - b, "fmul.s": lambda a, b, c: a * b,
    "fdiv.s": lambda a, b, c: a / b, "fmadd.s": lambda a, b, c: a * b + c, "fnmsub.s": lambda a, b, c: c - a * b,
}  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
def test_float_arithmetic_is_exact_in_all_modes(machine, golden, operation):
    rng = np.random.default_rng(zlib.crc32(operation.encode()))
    count = 4 if operation in ("fmadd.s", "fnmsub.s") else 3
    sources = ", ".join(f"f{k}" for k in range(1, count))
    programs = {mode: assemble(f"{operation} f{count}, {sources}, {mode}\nmpause", machine).program for mode in MODES}
    for trial in range(60):
        exponents = rng.integers([1, 1, 1], [255, 255, 255]) if trial % 3 == 0 else rng.integers([118, 118, 118], [136, 136, 136])
        if trial % 3 == 1:
            exponents[: 2 - trial % 2] = rng.integers(0, 30)
        mantissas = rng.integers(0, 1 << 23, 3) & rng.choice([0x7FFFFF, 0x7FF000, 0x400000, 0], 3)
        patterns = (rng.integers(0, 2, 3) << 31 | exponents << 23 | mantissas).astype(np.uint32)
        if any(p << np.uint32(1) == 0 for p in patterns):
            continue
        exact = OPERATIONS[operation](*map(value_of, patterns))
        if exact == 0:
            continue
        for mode in MODES:
            golden.reset()
            golden.write("f", 1, patterns)
            golden.run(programs[mode], fuel=9)
            found = int(golden.read("f", count, 1)[0]), int(golden.read("fflags", 0, 1)[0])
            assert found == rounded(exact, mode), (operation, mode, [hex(p) for p in patterns])


def test_square_roots_are_the_nearest_numbers(run, machine, golden):
    rng = np.random.default_rng(5)
    program = assemble("fsqrt.s f2, f1\nmpause", machine).program
    for pattern in [1, 0x7FFFFF, 0x3F800000, 0x40000000, *rng.integers(0, 0x7F800000, 60)]:
        golden.reset()
        golden.write("f", 1, np.array([pattern], np.uint32))
        golden.run(program, fuel=9)
        root = np.sqrt(np.uint32(pattern).view(np.float32))
        assert golden.read("f", 2, 1)[0] == root.view(np.uint32)
        assert golden.read("fflags", 0, 1)[0] == int(value_of(root.view(np.uint32)) ** 2 != value_of(pattern))


def test_special_floats(run, golden):
    run("""
        la a0, numbers
        flw f1, 0(a0)       # inf
        flw f2, 4(a0)       # signaling NaN
        flw f3, 8(a0)       # -0
        fsub.s f4, f1, f1
        frflags s0
        fsflags x0
        fmin.s f5, f2, f3
        frflags s1
        fsflags x0
        fmax.s f6, f3, f0
        feq.s s2, f2, f2
        flt.s s3, f3, f1
        fclass.s s4, f2
        fcvt.w.s s5, f2
        fcvt.wu.s s6, f3
        fdiv.s f7, f1, f3
        fmv.x.w s7, f4
        fmv.x.w s8, f5
        fmv.x.w s9, f6
        fmv.x.w s10, f7
        mpause
        .data
    numbers: .word 0x7f800000, 0x7f800001, 0x80000000
    """)
    assert x(golden, 8, 9, 18, 19, 20, 21, 22) == [16, 16, 0, 1, 1 << 8, 0x7FFFFFFF, 0]
    assert x(golden, 23, 24, 25, 26) == [0x7FC00000, 0x80000000, 0, 0xFF800000]


# Vectors


@pytest.mark.parametrize(
    ("text", "length", "kind"),
    [
        ("li a0, 100\nvsetvli t0, a0, e8, m1", 16, 0), ("li a0, 5\nvsetvli t0, a0, e32, m2, ta, ma", 5, 0xD1),
        ("vsetvli t0, x0, e16, m8", 64, 0x0B), ("vsetivli t0, 31, e32, m1", 4, 0x10),
        ("li a0, 9\nvsetvli t0, a0, e32, mf2", 0, 1 << 31),
        ("li a0, 9\nvsetvli t0, a0, e8, mf4", 4, 6), ("li a0, 9\nvsetvli t0, a0, e64, m1", 0, 1 << 31),
        ("vsetivli t0, 7, e8, m1\nvsetvli x0, x0, e16, m2", 7, 9),
        ("vsetivli t0, 7, e8, m1\nvsetvli x0, x0, e16, m1", 0, 1 << 31),
    ],
)  # fmt: skip
def test_vset(run, golden, text, length, kind):
    run(text + "\ncsrr s0, vl\ncsrr s1, vtype\nmpause")
    assert x(golden, 8, 9) == [length, kind]


def test_masked_elements_and_the_tail_keep_their_values(run, golden):
    run("vsetivli t0, 16, e8, m1\nvid.v v1\nvmv.v.i v2, 9\nli a0, 0x55\nvmv.s.x v0, a0\nvsetivli t0, 6, e8, m1, ta, ma\n"
        "vadd.vi v2, v1, 1, v0.t\nmpause")  # fmt: skip
    assert vector(golden, 2) == [1, 9, 3, 9, 5, 9] + [9] * 10


def test_saturation_and_rounding(run, golden):
    shifts = "".join(f"csrwi vxrm, {mode}\nvssrl.vi v{4 + mode}, v3, 1\n" for mode in range(4))
    run("vsetivli t0, 4, e8, m1\nli a0, 0x7F\nvmv.v.x v1, a0\nvsadd.vi v2, v1, 1\ncsrr s0, vxsat\n"
        f"li a0, 5\nvmv.v.x v3, a0\n{shifts}mpause")  # fmt: skip
    assert x(golden, 8) == [1]
    assert [vector(golden, n)[0] for n in (2, 4, 5, 6, 7)] == [0x7F, 3, 2, 2, 3]


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize(("name", "a_signed", "b_signed"), [("h", True, True), ("hu", False, False), ("hsu", True, False)])
def test_upper_halves_of_products(run, golden, bits, name, a_signed, b_signed):
    count, lowest = 128 // bits, -(1 << bits - 1)
    a = [lowest, -1, 0, lowest + 3] * (count // 4)
    b = [-1, lowest, 1, -2] * (count // 4)
    size = {8: ".byte", 16: ".half", 32: ".word"}[bits]
    run(f"""
        vsetivli t0, {count}, e{bits}, m1, ta, ma
        la a0, left
        vle{bits}.v v1, (a0)
        la a0, right
        vle{bits}.v v2, (a0)
        vmul{name}.vv v3, v1, v2
        li a1, -2
        vmul{name}.vx v4, v1, a1
        mpause
        .data
    left: {size} {", ".join(map(str, a))}
    right: {size} {", ".join(map(str, b))}
    """)

    def read(value, signed):
        return value if signed else value % (1 << bits)

    high = [(read(i, a_signed) * read(j, b_signed) >> bits) % (1 << bits) for i, j in zip(a, b, strict=True)]
    by_scalar = [(read(i, a_signed) * read(-2, b_signed) >> bits) % (1 << bits) for i in a]
    assert vector(golden, 3, f"<u{bits // 8}") == high
    assert vector(golden, 4, f"<u{bits // 8}") == by_scalar


def test_segments_and_fault_only_first(run, golden):
    run("""
        vsetivli t0, 4, e8, m1
        la a0, table
        vlseg3e8.v v1, (a0)
        li a1, 0x17ffe
        vle8ff.v v5, (a1)
        csrr s0, vl
        mpause
        .data
    table: .byte 1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33
    """)
    assert [vector(golden, n)[:4] for n in (1, 2, 3)] == [[1, 11, 21, 31], [2, 12, 22, 32], [3, 13, 23, 33]]
    assert x(golden, 8) == [2]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("vsetivli t0, 4, e8, m2\nvadd.vv v1, v2, v4", "vector_group"),
        ("vsetivli t0, 4, e32, m1\nvwadd.vv v2, v4, v5", "vector_width"),
        ("vsetivli t0, 4, e8, m1\nvwadd.vv v2, v2, v5", "vector_overlap"),
        ("vsetivli t0, 4, e8, m1\nvadd.vv v0, v1, v2, v0.t", "vector_overlap"),
        ("vsetivli t0, 4, e8, m1\nvslideup.vi v1, v1, 1", "vector_overlap"),
        ("csrwi vstart, 1\nvsetivli t0, 4, e8, m1\ncsrwi vstart, 1\nvid.v v1", "vstart_not_zero"),
        ("vsetivli t0, 4, e8, m4\nvlseg3e8.v v0, (x0)", "vector_group"), ("vid.v v1", "vtype_unset"),
    ],
)  # fmt: skip
def test_illegal_vector_instructions_say_why(run, text, cause):
    assert run(text).trap.cause == cause


# Whole programs


def check_program(engine, machine, name):
    assembly = assemble((CALIBRATION / f"{name}.S").read_text(), machine)
    assert assembly.program is not None, assembly.problems
    program, expected = assembly.program, EXPECTED[name]
    engine.reset()
    load_images(engine, program)
    outcome = engine.run(program, fuel=1_000_000)
    first, last = program.symbols["results"], program.symbols["results_end"]
    found = zlib.crc32(engine.read("mem", first, last - first).tobytes())
    assert (outcome.ended, outcome.instructions, f"{found:08x}") == (
        "end",
        int(expected["instructions"]),
        expected["results_crc32"],
    )


@pytest.mark.parametrize("name", [name for _, name in SHORT])
def test_calibration_programs_give_the_results_of_the_rtl(golden, machine, name):
    check_program(golden, machine, name)


@pytest.mark.slow
def test_all_calibration_programs_give_the_results_of_the_rtl_natively(machine, simulators):
    if find_compiler() is None:
        pytest.skip("no C compiler")
    engine = NativeEngine(machine, simulators)
    for name in EXPECTED:
        check_program(engine, machine, name)
