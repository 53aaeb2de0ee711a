"""Texts that compile and texts that do not: programs, diagnostics, placement."""

from collections.abc import Callable

import numpy as np
import pytest

from backends.coral.c.diagnostics import diagnose, functions
from backends.coral.c.prelude import signature
from backends.isa.backend import IsaBackend
from harness.backend import Build, Execution, Limits
from harness.grading.evaluate import Judge
from harness.task import Workload

Make = Callable[..., Build]
Run = Callable[..., Execution]
VECTOR_ADD = """\
void kernel(const int32_t *restrict a, const int32_t *restrict b, int32_t *restrict y)
{
    for (size_t left = N, vl; left > 0; left -= vl, a += vl, b += vl, y += vl) {
        vl = __riscv_vsetvl_e32m8(left);
        vint32m8_t sum = __riscv_vadd_vv_i32m8(__riscv_vle32_v_i32m8(a, vl), __riscv_vle32_v_i32m8(b, vl), vl);
        __riscv_vse32_v_i32m8(y, sum, vl);
    }
}
"""


def test_intrinsics_are_right_and_faster_than_the_baseline(add: Workload, judge_c: Judge) -> None:
    evaluation = judge_c.grade(VECTOR_ADD, add)
    assert evaluation.verdict == "passed", evaluation.summary
    assert evaluation.speedup > 2


def test_a_profile_has_the_lines_of_the_kernel(add: Workload, coral_c: IsaBackend) -> None:
    rng = np.random.default_rng(0)
    build = coral_c.build(VECTOR_ADD, add)
    profile = coral_c.execute(build, [add.draw(rng)], Limits())[0].profile
    assert {line.line for line in profile.lines} <= set(range(1, 9))
    assert {line.line for line in profile.lines[:4]} & {5, 6, 7}
    assert sum(line.cycles for line in profile.lines) < profile.total, "the start file has no line"


def test_the_library_counts_as_the_line_that_calls_it(floats: Workload, make: Make, coral_c: IsaBackend) -> None:
    build = make(floats, "for (int i = 0; i < N; i++)\n    y[i] = expf(x[i]);")
    program = build.artifact.program
    multiplied = [n for n, word in enumerate(program.words) if int(word) & 0x7F in (0x43, 0x53)]
    assert len(multiplied) > 8
    assert {int(program.lines[n]) for n in multiplied} <= {4, 5}


@pytest.mark.parametrize(
    ("body", "cause", "line", "message", "hint"),
    [
        ("y[0] = x[0]", "syntax", 4, "expected ';'", ""),
        ("y[0] = z;", "undeclared_name", 4, "undeclared identifier 'z'", ""),
        ("y[0] = sinf(x[0]);", "undeclared_name", 4, "undeclared", "of the library there is sqrtf, fabsf"),
        ("y[0] = __riscv_vadd_vv_f32m1(x[0]);", "undeclared_name", 4, "__riscv_vadd_vv_f32m1", ""),
        ('__asm__("nop");', "refused_word", 4, "poisoned", "inline assembly, sections"),
        ('static int t[4] __attribute__((section(".text")));', "refused_word", 4, "poisoned", "inline assembly, sections"),
        ("volatile double d = 2; y[0] = (float)(d * x[0]);", "double_precision", 4, "double precision is used (__", "1.0f"),
        ("volatile long long a = N; y[0] = 7 / a;", "foreign_symbol", 4, "64-bit integers are used", "use 32 bits"),
        ("float malloc(int); y[0] = malloc(4);", "foreign_symbol", 4, "'malloc' is defined nowhere", "expf"),
        ("static float big[1 << 21]; for (int i = 0; i < N; i++) big[i * 9] = x[i]; y[0] = big[N];", "too_large", None,
         "take 4194304 bytes more than there are in extmem", "smaller"),
        ("#pragma clang loop unroll_count(4096)\nfor (int i = 0; i < N; i++) y[i] = x[i] * x[i / 2];", "too_large", None,
         "bytes, and instruction memory 8192", "unroll"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(
    body: str, cause: str, line: int | None, message: str, hint: str, floats: Workload, make: Make
) -> None:
    build = make(floats, body)
    errors = [one for one in build.diagnostics if one.severity == "error"]
    assert (build.outcome, build.artifact) == ("build_error", None)
    assert errors, build
    first = errors[0]
    assert message in first.message, first
    assert hint in first.hint, first
    assert (first.cause, first.line) == (cause, line), first


def test_a_text_without_a_kernel_is_told_its_signature(floats: Workload, coral_c: IsaBackend) -> None:
    (problem,) = coral_c.build("int helper(void) { return 1; }\n", floats).diagnostics
    assert (problem.cause, problem.message) == ("signature", "the text defines no function 'kernel'")
    assert signature(floats) in problem.hint
    (problem,) = coral_c.build("void kernel(int a) { (void)a; }\n", floats).diagnostics
    assert signature(floats) in problem.hint
    assert (problem.line, problem.cause) == (1, "signature")


@pytest.mark.parametrize(
    ("source", "cause"), [("", "empty"), ("int a;\0", "not_text"), ("\ud800", "not_text"), ("/" * 300_000, "too_large")]
)
def test_what_is_no_text_is_refused_before_the_compiler(source: str, cause: str, floats: Workload, coral_c: IsaBackend) -> None:
    assert coral_c.build(source, floats).diagnostics[0].cause == cause


@pytest.mark.parametrize("name", ["<stdio.h>", "<stdlib.h>", "<linux/types.h>", '"/etc/passwd"'])
def test_no_other_headers_are_there(name: str, floats: Workload, coral_c: IsaBackend) -> None:
    build = coral_c.build(f"#include {name}\n{signature(floats)} {{ y[0] = x[0]; }}\n", floats)
    (problem,) = [one for one in build.diagnostics if one.severity == "error"]
    assert (problem.cause, problem.line) == ("missing_header", 1)


def test_variables_lie_in_data_memory_and_then_in_external_memory(floats: Workload, make: Make, coral_c: IsaBackend) -> None:
    before = (
        "static float near[100], large[9000], behind[100]; EXTMEM static float far[10]; static const float table[4] = {1, 2};"
    )
    body = """for (int i = 0; i < N; i++) {
        near[i % 100] += x[i];
        large[i * 3] = x[i];
        behind[i % 100] = x[i];
        far[i % 10] = x[i];
    }
    y[0] = near[N % 7] + large[N % 9] + behind[N % 3] + far[N % 2] + table[(int)x[0] & 3];"""
    symbols = make(floats, body, before).artifact.program.symbols
    dtcm, extmem = range(0x10000, 0x18000), range(0x20000000, 0x20400000)
    assert all(symbols[name] in dtcm for name in ("near", "table")), symbols
    assert all(symbols[name] in extmem for name in ("large", "behind", "far")), symbols


def test_initial_values_are_there_and_everything_else_is_zero(floats: Workload, run: Run) -> None:
    before = "static float zeros[64]; static float set[3] = {1.5f, 2.5f}; EXTMEM static float far[2] = {8.0f, 9.0f};"
    body = "for (int i = 0; i < 64; i++) y[i] = zeros[i]; y[0] += set[0]; y[1] += set[1]; y[2] += set[2]; y[3] += far[1];"
    inputs = floats.draw(np.random.default_rng(0))
    done = run(floats, body, inputs, before)
    assert done.outcome == "completed", done.fault
    assert done.outputs["y"][:64].tolist() == [1.5, 2.5, 0.0, 9.0] + [0.0] * 60


def test_copies_go_through_the_library(floats: Workload, run: Run) -> None:
    inputs = floats.draw(np.random.default_rng(1))
    size = inputs["x"].size
    done = run(floats, "memcpy(y, x, 4 * N); memmove(y + 1, y, 4 * (N - 1)); memset(y + N - 2, 0, 8);", inputs)
    expected = inputs["x"].copy()
    expected[1:] = inputs["x"][:-1]
    expected[size - 2 :] = 0
    np.testing.assert_array_equal(done.outputs["y"], expected)
    done = run(floats, "memcpy(y, x, 4 * N); memmove(y, y + 3, 4 * (N - 3));", inputs)
    np.testing.assert_array_equal(done.outputs["y"], np.concatenate([inputs["x"][3:], inputs["x"][-3:]]))


def test_warnings_are_shown_and_do_not_stop(floats: Workload, make: Make) -> None:
    build = make(floats, "int unused = 1;\n    y[0] = x[0] * 2.0;")
    assert build.outcome == "built"
    assert {(one.severity, one.line) for one in build.diagnostics} == {("warning", 4), ("warning", 5)}
    assert any("double" in one.message for one in build.diagnostics)


def test_a_fault_points_to_its_line(floats: Workload, run: Run) -> None:
    done = run(floats, "y[0] = x[0];\n    *(volatile int *)0x40000000 = 1;", floats.draw(np.random.default_rng(0)))
    assert (done.outcome, done.fault.cause, done.fault.line) == ("fault", "mem_store_fault", 5)


def test_tools_show_a_c_kernel_from_inside(add: Workload, coral_c: IsaBackend) -> None:
    listing = coral_c.call_tool("disassemble", {"source": VECTOR_ADD}, add, 0)
    assert "vadd.vv v" in listing
    shown = coral_c.call_tool("inspect", {"source": VECTOR_ADD, "at": "6", "visit": 2, "what": "registers"}, add, 0)
    assert "stopped before line 6" in shown
    assert "__riscv_vse32_v_i32m8(y, sum, vl);" in shown
    assert coral_c.call_tool("inspect", {"source": "int"}, add, 0).startswith("the kernel does not build\n")


def test_the_library_is_listed() -> None:
    assert {"sqrtf", "expf", "tanhf", "logf", "memcpy", "memset", "memmove"} <= set(functions())
    assert not any(name.startswith("math") for name in functions())


def test_a_message_of_the_linker_that_is_not_known_is_passed_on() -> None:
    (found,) = diagnose(
        "ld.lld-19: error: something new\n>>> more\nclang-19: error: ld.lld command failed with exit code 1\n", "", "", 8192
    )
    assert (found.severity, found.message) == ("error", "something new")
