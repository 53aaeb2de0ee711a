# ruff: noqa: D103 - the name of a test says it
"""What this package promises: its target conforms, its model is faster than the baseline it starts from."""

import pytest
from minnow.angler import unroll
from minnow.tasks import pond

from harness.conformance.kit import CHECKS, open_bench, run
from harness.conformance.result import lines
from harness.grading.lint import lint


@pytest.fixture(scope="module")
def bench():
    return open_bench("minnow", ["pond"])


@pytest.mark.parametrize("check", CHECKS)
def test_the_target_conforms(bench, check):
    result = run(bench, check)
    if result.status == "skipped":
        pytest.skip(f"{result.seen}; {result.fix}")
    assert result.status == "ok", "\n".join(lines(result))


@pytest.mark.parametrize("task", pond().tasks, ids=lambda task: task.name)
def test_its_tasks_tell_right_from_wrong(task):
    for configuration in task.configurations:
        result = lint(task.workload(configuration))
        assert result.ok, (result.leaks, result.refused)


def test_the_model_unrolls(bench):
    workload = bench.few[0]
    baseline = bench.backend.baseline(workload)
    assert bench.judge.run(unroll(baseline), workload).speedup > 1
    assert unroll("    ADDI x1, x0, 1\n") == "    ADDI x1, x0, 1\n"
