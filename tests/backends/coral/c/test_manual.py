"""The pages about C say what is so."""

import re

from backends.coral.c.prelude import signature
from backends.isa.backend import IsaBackend
from harness.grading.evaluate import Judge
from harness.task import Workload

FENCE = re.compile(r"^```c\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"`?(__riscv_\w+)(?=\()")


def text(backend: IsaBackend) -> str:
    return "\n".join(page.text for page in backend.info.manual.sections[:3])


def test_the_program_shown_is_right(coral_c: IsaBackend, judge_c: Judge, add: Workload) -> None:
    (program,) = FENCE.findall(text(coral_c))
    evaluation = judge_c.grade(program, add)
    assert evaluation.verdict == "passed", evaluation.summary


def test_the_intrinsics_named_exist(coral_c: IsaBackend, add: Workload) -> None:
    names = sorted(set(NAME.findall(text(coral_c))) - {"__riscv_vadd"})
    assert len(names) > 20
    for first in range(0, len(names), 12):  # clang stops after twenty errors
        uses = "\n".join(f"    {name}();" for name in ["__riscv_vno_such", *names[first : first + 12]])
        build = coral_c.build(f"{signature(add)}\n{{\n{uses}\n}}\n", add)
        unknown = [one.message for one in build.diagnostics if "undeclared" in one.message]
        assert len(unknown) == 1, unknown
        assert "__riscv_vno_such" in unknown[0]


def test_the_flags_are_those_that_are_used(coral_c: IsaBackend) -> None:
    from backends.coral.c.toolchain import ISA, LANGUAGE, VECTORIZER_OFF

    shown = re.sub(r"\s+", " ", text(coral_c))
    for flag in (*ISA, *LANGUAGE, *VECTORIZER_OFF):
        assert flag in shown, flag
