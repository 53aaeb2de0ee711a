"""Problems judged: honest modules pass, wrong ones are wrong, and no module can speak for the bench."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backends.verilog.problems import bench, create
from backends.verilog.problems.backend import ProblemBackend
from backends.verilog.problems.bench import Counted, Ended, verdict
from backends.verilog.problems.problem import Problem, load
from backends.verilog.problems.suite import open_suite, task
from harness.backend import BackendContext
from harness.errors import UsageError
from harness.grading.evaluate import Judge
from harness.grading.seeds import new_secret
from harness.run.selection import every_workload
from harness.sandbox import Sandbox
from harness.task import Workload
from harness.trial import Verdict
from tests.backends.verilog.problems.conftest import PORTS, Import

WRONG = f"module TopModule ({PORTS});\n  always @(posedge clk) y <= a;\n"
SPEAKS = 'initial $display("Mismatches: 0 in 100 samples");'


@pytest.fixture(scope="module")
def backend(simulator: Sandbox, cache: Path) -> ProblemBackend:
    return create(BackendContext(cache, lambda: simulator))


@pytest.fixture(scope="module")
def folder(import_set: Import, verilog_eval_checkout: Path) -> Path:
    return import_set("verilog-eval", verilog_eval_checkout)[1]


@pytest.fixture(scope="module")
def workload(folder: Path) -> Workload:
    (found,) = every_workload(open_suite(folder).tasks)
    return found


@pytest.fixture(scope="module")
def judge(backend: ProblemBackend) -> Judge:
    return Judge(backend, new_secret())


def test_the_authors_solution_passes(judge: Judge, backend: ProblemBackend, workload: Workload) -> None:
    evaluation = judge.grade(backend.baseline(workload), workload)
    assert evaluation.verdict is Verdict.passed, evaluation.summary
    assert (evaluation.speedup, evaluation.counters) == (1.0, {"samples": 100.0})


def test_another_right_solution_passes_though_it_is_no_kernel(judge: Judge, workload: Workload) -> None:
    text = f"module TopModule ({PORTS});\n  function [3:0] f(input [3:0] p, q); return p + q; endfunction\n"
    evaluation = judge.grade(text + "  always @(posedge clk) y <= f(a, b);\nendmodule\n", workload)
    assert evaluation.verdict is Verdict.passed, evaluation.summary


def test_a_wrong_one_is_wrong(judge: Judge, workload: Workload) -> None:
    evaluation = judge.grade(WRONG + "endmodule\n", workload)
    assert evaluation.verdict is Verdict.wrong
    assert "mismatches" in evaluation.summary


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (WRONG + SPEAKS + "\nendmodule\n", Verdict.rejected),
        (WRONG + "initial $finish;\nendmodule\n", Verdict.rejected),
        (WRONG + "always @(posedge clk) tb.errors = 0;\nendmodule\n", Verdict.rejected),
        (WRONG + "always #1 y = a + b;\nendmodule\n", Verdict.rejected),
        (WRONG + "final " + SPEAKS.removeprefix("initial ") + "\nendmodule\n", Verdict.rejected),
        (f"module TopModule ({PORTS});\n  RefModule r (.*);\nendmodule\n", Verdict.build_error),
        (WRONG + "endmodule\nmodule RefModule (input clk, input [3:0] a, b, output [3:0] y); assign y = a; endmodule\n",
         Verdict.build_error),
        (WRONG + "endmodule\nmodule tb; endmodule\n", Verdict.build_error),
        (WRONG.replace("output reg [3:0] y", "output reg [3:0] z").replace("y <=", "z <=") + "endmodule\n", Verdict.build_error),
        ("module TopModule (", Verdict.build_error),
        (WRONG.replace("TopModule", "Other") + "endmodule\n", Verdict.build_error),
    ],
)  # fmt: skip
def test_no_module_speaks_for_the_bench(text: str, verdict: Verdict, judge: Judge, workload: Workload) -> None:
    evaluation = judge.grade(text, workload)
    assert evaluation.verdict is verdict, evaluation.summary


def test_a_module_that_never_settles_runs_into_the_limit(
    judge: Judge, workload: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(bench, "RUN", replace(bench.RUN, cpu_s=1))
    text = f"module TopModule ({PORTS});\n  wire o;\n  assign o = a[0] ? ~o : 1'b0;\nendmodule\n"
    evaluation = judge.grade(text, workload)
    assert evaluation.verdict is Verdict.timeout, evaluation.summary


def test_what_icarus_says_is_told_on_the_lines_of_the_module(backend: ProblemBackend, workload: Workload) -> None:
    text = WRONG.replace("output reg [3:0] y", "output [3:0] y") + "endmodule\n"
    build = backend.build(text, workload)
    assert build.outcome == "build_error"
    assert (build.diagnostics[0].line, build.diagnostics[0].cause) == (2, "elaboration")


def test_a_problem_says_what_it_is_and_other_tasks_are_none(backend: ProblemBackend, workload: Workload, add: Workload) -> None:
    assert backend.support(workload).supported
    assert "no imported Verilog problem" in backend.support(add).reason
    assert "module `TopModule`" in backend.brief(workload).text
    assert workload.task.statement.startswith("Write TopModule")
    with pytest.raises(UsageError, match="unknown option 'speed'"):
        create(BackendContext(Path(), lambda: pytest.fail("no box"), {"speed": "high"}))


def test_the_digest_of_a_task_is_that_of_its_bench(folder: Path, workload: Workload) -> None:
    (problem,) = load(folder).problems
    changed = problem.model_copy(update={"bench": problem.bench + "\n"})
    assert task(problem).digest == workload.task.digest
    assert task(changed).digest != workload.task.digest


def test_a_design_of_rtllm_is_judged_by_the_words_of_its_bench(
    judge: Judge, import_set: Import, rtllm_checkout: Path
) -> None:  # fmt: skip
    (found,) = every_workload(open_suite(import_set("rtllm", rtllm_checkout)[1]).tasks)
    text = "module inv (input [3:0] x, output [3:0] y);\n  assign y = {right};\nendmodule\n"
    assert judge.grade(text.replace("{right}", "x ^ 4'hf"), found).verdict is Verdict.passed
    assert judge.grade(text.replace("{right}", "-x"), found).verdict is Verdict.wrong
    assert judge.grade(text.replace("{right}", 'x;\n  initial $display("Passed")'), found).verdict is Verdict.rejected


def problem(**changes: object) -> Problem:
    fields = {"id": "P", "name": "p", "top": "t", "prompt": "", "bench": "", "bench_top": "tb", "reference": ""}
    return Problem.model_validate({**fields, "verdicts": "counts", "samples": 10, **changes})


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ("Mismatches: 0 in 10 samples\n", Counted(0, 10)),
        ("Mismatches: 0 in 10 samples\nMismatches: 3 in 10 samples\n", Counted(3, 10)),
        ("Hint: Output 'q' has 3 mismatches. First at 5.\nMismatches: 3 in 7 samples\n",
         Counted(3, 7, "Output 'q' has 3 mismatches. First at 5.")),
        ("Mismatches: 0 in 9 samples\n", "the bench compared 9 samples, not 10"),
        ("Mismatches: 0 in 0 samples\n", "the bench compared 0 samples, not 10"),
        ("x Mismatches: 0 in 10 samples\n", "the bench ended without its line of mismatches"),
        ("", "the bench ended without its line of mismatches"),
        ("TIMEOUT\nMismatches: 0 in 10 samples\n", "the bench gave up: its own limit of time was reached"),
    ],
)  # fmt: skip
def test_a_verdict_needs_all_its_samples(log: str, found: Counted | str) -> None:
    told = verdict(problem(), log)
    assert (told.message if isinstance(told, Ended) else told) == found


@pytest.mark.parametrize(("log", "mismatches"), [("=== Your Design Passed ===\n", 0), ("3 failures\n", 1), ("", 1)])
def test_a_bench_that_speaks_in_words(log: str, mismatches: int) -> None:
    assert verdict(problem(verdicts="words", samples=1), log) == Counted(mismatches, 1)
