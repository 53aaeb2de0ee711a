"""Every baseline in C, as the judge sees it, with the compiler's vectorizer off and on."""

from pathlib import Path

import pytest

from backends.coral.c import create
from backends.cpu import baselines
from backends.isa.backend import IsaBackend
from harness.backend import BackendContext
from harness.grading.evaluate import Judge
from harness.sandbox import Sandbox
from harness.task import Task, Workload
from tasks import every_task

WORKLOADS = [
    workload
    for task in every_task().values()
    for dtype in task.dtypes
    for configuration in task.configurations
    if baselines.supported(workload := task.workload(configuration, dtype)) is None
]


@pytest.fixture(scope="module")
def vectorizing(cache: Path, sandbox: Sandbox, coral_c: IsaBackend) -> IsaBackend:
    return create(BackendContext(cache, lambda: sandbox, {"autovectorize": "on"}))


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.id)
def test_a_baseline_fits_and_is_right(workload: Workload, judge_c: Judge, coral_c: IsaBackend) -> None:
    assert coral_c.support(workload).supported
    evaluation = judge_c.grade(coral_c.baseline(workload), workload)
    assert (evaluation.verdict, evaluation.alarms) == ("passed", ()), evaluation.summary
    assert evaluation.speedup == 1


@pytest.mark.parametrize("workload", [w for w in WORKLOADS if w.configuration == "C3"], ids=lambda w: w.id)
def test_a_vectorized_baseline_is_right(workload: Workload, vectorizing: IsaBackend) -> None:
    evaluation = Judge(vectorizing, "vectorized").grade(vectorizing.baseline(workload), workload)
    assert evaluation.verdict == "passed", evaluation.summary


def test_the_vectorizer_makes_vector_instructions(tasks: dict[str, Task], vectorizing: IsaBackend, coral_c: IsaBackend) -> None:
    workload = tasks["P21"].workload("C2", tasks["P21"].dtypes[-1])
    source = coral_c.baseline(workload)
    assert "vsetvli" in vectorizing.call_tool("disassemble", {"source": source}, workload, 0)
    plain = coral_c.call_tool("disassemble", {"source": source}, workload, 0)
    assert "vle8.v" not in plain
    assert vectorizing.info.digest != coral_c.info.digest
    assert "auto-vectorized" in vectorizing.info.title


@pytest.mark.parametrize(
    ("id", "old", "new"), [("P21", "row[j] += a", "row[j] -= a"), ("P15", "x[i] - max", "x[i]"), ("P18", "m * N + n", "m * N")]
)
def test_a_baseline_with_a_mistake_is_wrong(
    id: str, old: str, new: str, tasks: dict[str, Task], judge_c: Judge, coral_c: IsaBackend
) -> None:
    workload = tasks[id].workload("C2")
    source = coral_c.baseline(workload)
    assert old in source
    assert judge_c.run(source.replace(old, new), workload).verdict in ("wrong", "fault")
