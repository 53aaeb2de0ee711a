"""Checkouts become suite folders: good problems with all they need, the others with the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.verilog.problems.problem import load
from harness.errors import UsageError
from harness.suites import ImportReport
from tests.backends.verilog.problems.conftest import Import


def reasons(report: ImportReport) -> dict[str, str]:
    return {skipped.name: skipped.reason for skipped in report.skipped}


def test_verilog_eval_keeps_what_its_reference_passes_and_says_why_it_leaves_the_rest(
    import_set: Import, verilog_eval_checkout: Path
) -> None:
    report, folder = import_set("verilog-eval", verilog_eval_checkout)
    assert (report.suite, report.imported) == ("verilog-eval-spec-to-rtl", ("Prob001",))
    why = reasons(report)
    assert why["Prob002"] == "its reference fails its bench: 100 of 100 samples differ"
    assert why["Prob003"].startswith("its reference does not compile with its bench: ")
    assert why["Prob004"] == "with its reference, the bench gave up: its own limit of time was reached"
    assert why["Prob005"] == "the gate refuses its reference: delays are not part of the kernel language (line 2)"
    assert why["Prob006"] == "no file Prob006_lonely_test.sv"
    kept = load(folder)
    assert kept.license == "Terms of the authors.\n"
    assert kept.skipped == report.skipped
    (problem,) = kept.problems
    assert (problem.name, problem.top, problem.samples) == ("sum", "TopModule", 100)
    assert problem.prompt == "Write TopModule (Prob001_sum): y is a + b, one clock later."
    assert "module TopModule" in problem.reference
    assert "module RefModule" in problem.support


def test_verilog_eval_has_two_prompt_styles(import_set: Import, verilog_eval_checkout: Path) -> None:
    report, folder = import_set("verilog-eval", verilog_eval_checkout, "code-complete")
    assert report.suite == "verilog-eval-code-complete"
    assert load(folder).problems[0].prompt.endswith("module TopModule (input clk, input [3:0] a, b, output reg [3:0] y);")


def test_rtllm_finds_designs_wherever_they_are(import_set: Import, rtllm_checkout: Path) -> None:
    report, folder = import_set("rtllm", rtllm_checkout)
    assert report.imported == ("inv",)
    assert reasons(report) == {
        "inv_wrong": "its reference fails its bench: 1 of 1 samples differ",
        "lost": "no module name in its description, no testbench.v or no verified_*.v",
    }
    (problem,) = load(folder).problems
    assert (problem.top, problem.bench_top, problem.data) == ("inv", "bench_inv", {"want.txt": "c\n7\n"})
    assert problem.reference.startswith("module inv (")


@pytest.mark.parametrize(
    ("name", "style", "message"),
    [
        ("verilog-eval", "haiku", "verilog-eval has no prompt style 'haiku'"),
        ("rtllm", "haiku", "rtllm has no prompt style 'haiku'"),
        ("verilog-eval", None, "no folder 'dataset_spec-to-rtl' in"),
        ("rtllm", None, "has no problems of rtllm"),
    ],
)
def test_what_cannot_be_imported(name: str, style: str | None, message: str, import_set: Import, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        import_set(name, tmp_path, style)


def test_a_folder_that_is_no_set_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "suite.json").write_text("{}")
    with pytest.raises(UsageError, match="is no set of Verilog problems"):
        load(tmp_path)
