"""Each cheat on the cpu works where our defence is absent; that it does not where it is present is tested beside the backend."""

from __future__ import annotations

import platform
from pathlib import Path

import naive_cpu
import pytest

from harness.grading.redteam import CHECKOUT, Cheat, read_corpus
from harness.run.selection import find_workload, load_suites, select
from harness.task import Workload

CHEATS = [cheat for cheat in read_corpus(CHECKOUT) if cheat.backend == "cpu"]
UNPROVEN = {"data_executed", "early_reply", "raw_signal_parent"}
"""What no naive grader is tried with; the file says why."""
RIGHT = "void kernel(const float *a, const float *b, float *y) { for (int i = 0; i < N; i++) y[i] = a[i] + b[i]; }\n"
WRONG = "void kernel(const float *a, const float *b, float *y) { for (int i = 0; i < N; i++) y[i] = 1e5f * (a[i] - b[i]) - 7; }\n"
LOSING = {"in_process", "limits", "messages"}
"""Graders that a kernel does not pass, but brings down, or gets more out of than it should."""
BLIND = {"ended", "report"}
"""Graders that look at no output."""


def workload_of(cheat: Cheat) -> Workload:
    return select(cheat.workloads, load_suites())[0]


@pytest.fixture(scope="module")
def add() -> Workload:
    return find_workload("P01/C1", load_suites())


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_it_fools_a_naive_grader(cheat: Cheat, tmp_path: Path) -> None:
    if cheat.name in UNPROVEN:
        assert len(cheat.fools.removeprefix("nobody: ").split()) > 5, "say why"
        return
    if cheat.machine not in ("", platform.machine()):
        pytest.skip(f"machine code of {cheat.machine}")
    grade = naive_cpu.GRADERS[cheat.fools]
    assert grade(cheat.source, workload_of(cheat), tmp_path), f"{cheat.fools} is not fooled"


def test_a_reason_is_needed_for_fooling_nobody() -> None:
    assert {cheat.name for cheat in CHEATS if cheat.fools.startswith("nobody: ")} == UNPROVEN
    assert {cheat.fools for cheat in CHEATS if cheat.name not in UNPROVEN} == set(naive_cpu.GRADERS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of libraries that are built once."""
    return {source: tmp_path_factory.mktemp("kernel") for source in (RIGHT, WRONG)}


@pytest.mark.parametrize("grader", naive_cpu.GRADERS)
def test_naive_graders_tell_right_from_wrong(
    grader: str, add: Workload, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Here nobody may run out of time on a busy machine.
    monkeypatch.setattr(naive_cpu, "SECONDS", 30.0)
    monkeypatch.setattr(naive_cpu, "COMPILE_SECONDS", 30.0)
    grade = naive_cpu.GRADERS[grader]
    assert grade(RIGHT, add, folders[RIGHT]) is (grader not in LOSING)
    assert grade(WRONG, add, folders[WRONG]) is (grader in BLIND)
