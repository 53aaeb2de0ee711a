"""Each attack in Verilog works where our defence is absent; that it does not where it is present is tested beside the backend."""

from __future__ import annotations

import shutil
from pathlib import Path

import naive_verilog
import pytest

from harness.grading.redteam import CHECKOUT, Cheat, read_corpus

CHEATS = [cheat for cheat in read_corpus(CHECKOUT) if cheat.backend == "verilog"]
UNPROVEN = {cheat.name for cheat in CHEATS if cheat.fools.startswith("nobody: ")}
"""What no naive grader is tried with; ``cases.toml`` says why."""
RIGHT = (CHECKOUT.parent / "backends" / "verilog" / "kernels" / "add.v").read_text()
WRONG = RIGHT.replace("+ s_data[", "- s_data[").replace("s_valid;", "s_valid; // subtracts")
LOSING = {"kept", "patience", "cycles", "size"}
"""Graders that a design does not pass, but brings down, or gets more out of than it should."""

pytestmark = pytest.mark.skipif(not shutil.which("iverilog"), reason="needs Icarus Verilog")


@pytest.mark.parametrize("cheat", [cheat for cheat in CHEATS if cheat.name not in UNPROVEN], ids=lambda cheat: cheat.name)
def test_it_fools_a_naive_grader(cheat: Cheat, tmp_path: Path) -> None:
    grade = naive_verilog.GRADERS[cheat.fools]
    assert grade(cheat.source, tmp_path), f"{cheat.fools} is not fooled"


def test_a_reason_is_needed_for_fooling_nobody() -> None:
    assert len(UNPROVEN) == 17
    assert all(len(cheat.fools.removeprefix("nobody: ").split()) > 4 for cheat in CHEATS if cheat.name in UNPROVEN)
    assert {cheat.fools for cheat in CHEATS if cheat.name not in UNPROVEN} == set(naive_verilog.GRADERS)


@pytest.mark.parametrize("grader", naive_verilog.GRADERS)
def test_naive_graders_tell_right_from_wrong(grader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naive_verilog, "SECONDS", 30.0)  # here nobody may run out of time on a busy machine
    grade = naive_verilog.GRADERS[grader]
    (tmp_path / "right").mkdir()
    (tmp_path / "wrong").mkdir()
    assert grade(RIGHT, tmp_path / "right") is (grader not in LOSING)
    assert grade(WRONG, tmp_path / "wrong") is (grader == "beats")
