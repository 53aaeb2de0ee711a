from __future__ import annotations

import pytest

from harness.models.mistakes import faulting, miscalculated, misspelled, repaired, without_comments

LOOP = "/* a + b */\nvoid kernel(const float *x, float *y)\n{\n    for (int i = 0; i + 1 <= N; i += 2) y[i] = x[i + 1];\n}\n"
ASSEMBLY = "; add all\nloop: fadd.s f1, f1, f2\n  addi x1, x1, -1\n  bnez x1, loop\n"


@pytest.mark.parametrize(
    ("kernel", "wrong"),
    [
        ("y = a + b", "y = aa + b"),
        ("y = a + aa", "y = aaa + aa"),
        ("t = a\nif (t == 0) t <= a;\n", "t = aa\nif (t == 0) t <= a;\n"),
        ("y = 0.0f;\nz = 1.0f * sum; // = x\n", "y = 0.0f;\nz = 1.0f * summ; // = x\n"),
        (LOOP, LOOP.replace("= x[i", "= xx[i")),
        ("NOP\nV_ADD r1, r2\n", "NOP\nV_ADDD r1, r2\n"),
        ("", None),
        ("# only words\n", None),
    ],
)
def test_misspelled(kernel, wrong):
    assert misspelled(kernel) == wrong


@pytest.mark.parametrize(
    ("kernel", "wrong"),
    [
        ("y = a + b", "y = a - b"),
        ("y = a * b\ns += 1", "y = a * b\ns -= 1"),
        ("y[i + 1] = a * b", "y[i + 1] = a + b"),
        (LOOP, LOOP.replace("x[i + 1]", "x[i - 1]")),
        ("y = max(x, 0)", "y = min(x, 0)"),
        (ASSEMBLY, ASSEMBLY.replace("fadd.s", "fsub.s")),
        ("V_ADD_VV v1, v2, v3\n", "V_SUB_VV v1, v2, v3\n"),
        ("vfmul.vv v1, v2, v3\n", "vfadd.vv v1, v2, v3\n"),
        ("for (i = 0; i < n + 1; i += 1) f(i);", None),
        ("y = x", None),
    ],
)
def test_miscalculated(kernel, wrong):
    assert miscalculated(kernel) == wrong


def test_comments_keep_their_place():
    text = "a /* b\nc */ d // e\n# f\n  ; g\nh;"
    assert without_comments(text) == "a     \n     d     \n   \n     \nh;"


@pytest.mark.parametrize(
    ("line", "kernel"), [(2, "a\nb\nZ\n"), (3, "a\nY\nc\n"), (9, "a\nY\nc\n"), (1, "a\nb\nZ\n"), (None, "a\nb\nZ\n")]
)
def test_one_line_is_repaired_the_one_named_or_the_nearest_above(line, kernel):
    assert repaired("a\nY\nZ\n", "a\nb\nc\n", line) == kernel


def test_a_draft_of_another_length_is_written_anew():
    assert repaired("a\n", "a\nb\n", 1) == "a\nb\n"


VECTOR = """\
; rows
.data mem, 0
.float 1.0
.text
  addi x1, x0, 4
row: fadd f1, f0, f0
  vmul x2, x2, x3
  bne x1, x0, row
  halt
"""
LOOPS = "S_ADDI r1, r0, 4\nC_LOOP_START r2, 3\n  M_MM r1, r3\n  S_ADDI r1, r1, 4\n  M_MM_WO r1\nC_LOOP_END r2\n"


@pytest.mark.parametrize(
    ("kernel", "wrong"),
    [
        (VECTOR, VECTOR.replace("vmul", "vadd")),
        (VECTOR.replace("vmul x2, x2, x3", "vsum f1, x2"), VECTOR.replace("vmul x2, x2, x3", "fadd f1, f0, f0")),
        (LOOPS, LOOPS.replace("M_MM_WO r1", "S_ADDI r1, r1, 4")),
        ("S_ADDI r1, r0, 4\n", None),
        ("add: fadd f1, f2, f3 ; fmul\n", "add: fsub f1, f2, f3 ; fmul\n"),
    ],
)
def test_mistakes_in_assembly_are_in_lanes_and_not_in_addresses(kernel, wrong):
    assert miscalculated(kernel) == wrong


@pytest.mark.parametrize(
    ("kernel", "wrong"),
    [
        (VECTOR, VECTOR.replace("  halt", "  bne x1, x0, row")),
        (LOOPS, LOOPS.replace("C_LOOP_START r2, 3", "S_ADDI r1, r0, 4")),
        ("add x1, x2, x3\nadd x2, x1, x3\n", None),
        ("halt\n", None),
        ("y = a + b\nend\n", None),
        (LOOP, None),
    ],
)
def test_faulting(kernel, wrong):
    assert faulting(kernel) == wrong
