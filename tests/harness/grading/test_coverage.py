"""Bands are counted by task, arithmetic and kind of mistake."""

from __future__ import annotations

from typing import Any

import pytest

from harness.grading.band import Band, MistakeCheck
from harness.grading.coverage import Count, markdown, missed, rows, total
from harness.grading.lint import LintCheck
from harness.grading.mistakes import KINDS


def mistake(kind: str, caught: bool, ratio: float = 0.5) -> MistakeCheck:
    return MistakeCheck(kind=kind, name=f"some {kind}", caught=caught, ratio=ratio)  # type: ignore[arg-type]


def made(workload: str, *mistakes: MistakeCheck, arithmetic: str = "f32", right: bool = True, **fields: Any) -> Band:
    check = LintCheck(name="first term first", passed=right, ratio=0.25)
    return Band(workload=workload, backends=("cpu",), arithmetic=arithmetic, right=(check,), mistakes=mistakes, **fields)


@pytest.fixture
def several() -> list[Band]:
    return [
        made("P16/C1", mistake("wrong scale", True, 9), mistake("wrong scale", False, 0.5), mistake("one lane off", True, 9)),
        made("P16/C2", mistake("wrong scale", False, 0.75)),
        made("P16/C1", arithmetic="bf16", right=False),
        made("P01/C1", mistake("one lane off", True, 9)),
    ]


def test_a_row_for_each_arithmetic_and_task(several):
    found = rows(several)
    assert [(row.arithmetic, row.task, row.right) for row in found] == [
        ("bf16", "P16", (0, 1)), ("f32", "P01", (1, 1)), ("f32", "P16", (2, 2)),
    ]  # fmt: skip
    counts = dict(zip(KINDS, found[-1].counts, strict=True))
    assert counts["wrong scale"] == (1, 3)
    assert counts["one lane off"] == (1, 1)
    assert counts["wrong epsilon"] == (0, 0)
    assert dict(zip(KINDS, total(found), strict=True))["one lane off"] == (2, 2)


def test_where_there_is_nothing_there_is_no_count():
    assert [str(Count(0, 0)), str(Count(0, 2))] == ["-", "0/2"]


def test_what_passes_is_named_with_its_largest_share(several):
    [one] = missed(several)
    assert (one.task, one.kind, one.largest, one.configurations) == ("P16", "wrong scale", 0.75, ("C1", "C2"))
    assert one.names == ("P16/C1: some wrong scale", "P16/C2: some wrong scale")


def test_the_page_has_totals_and_what_passes(several):
    page = markdown(several)
    assert "### f32 (cpu)" in page
    assert "| all | 3/3 | - | 2/2 | - | 1/3 |" in page
    assert "| P16 | f32 | wrong scale | 2 | C1 C2 | 0.75 |" in page
    assert markdown([made("P01/C1")]).endswith("### What passes\n\nNothing.\n")
