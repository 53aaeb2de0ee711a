"""The kernels that speed and area are measured against: right at every size, in every run, and clean in every tool."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from backends.verilog import baselines, interface
from backends.verilog.backend import VerilogBackend
from harness.backend import BackendContext
from harness.errors import InfraError
from harness.grading.evaluate import Judge
from harness.sandbox import Sandbox
from harness.task import Task, Workload
from harness.trial import Verdict
from tasks import every_task, rtl

SUITE = rtl()
TASKS = {task.id: task for task in SUITE.tasks}
CYCLES = {
    "P01": 17, "P02": 19, "P03": 18, "P04": 17, "P05": 18, "P11": 66, "P12": 68, "P14": 18, "P18": 34, "P21": 117, "P23": 127,
    "P28": 20, "P29": 103, "C18": 104, "C19": 188,
}  # fmt: skip
"""Of the scored run at C1: the baselines are frozen."""

per_task = pytest.mark.parametrize("task", SUITE.tasks, ids=lambda task: task.id)


def workload(task: Task, configuration: str, *, held_out: bool = False) -> Workload:
    return task.workload(configuration, SUITE.dtype(task), held_out=held_out)


@pytest.fixture(scope="session")
def backend(cache: Path, sandbox: Sandbox) -> VerilogBackend:
    made = VerilogBackend(BackendContext(cache, lambda: sandbox))
    try:
        made.build(baselines.render(workload(TASKS["P04"], "C1")), workload(TASKS["P04"], "C1"))
    except InfraError as error:
        pytest.skip(f"a tool is missing: {error}")
    return made


def grade(backend: VerilogBackend, one: Workload) -> float:
    """Cycles of the baseline, which must pass: no stall pattern, junk or second problem changes what it computes."""
    evaluation = Judge(backend, "secret", None).grade(baselines.render(one), one)
    assert evaluation.verdict is Verdict.passed, evaluation.summary
    assert evaluation.speedup == 1
    assert not evaluation.alarms
    assert evaluation.cycles is not None
    return evaluation.cycles


@per_task
def test_baseline_passes_and_takes_the_cycles_that_it_always_took(backend: VerilogBackend, task: Task) -> None:
    assert grade(backend, workload(task, "C1")) == CYCLES[task.id]


@pytest.mark.slow
@pytest.mark.parametrize("held_out", [False, True], ids=["shown", "held-out"])
@pytest.mark.parametrize("configuration", ["C3", "C5"])
@per_task
def test_baseline_passes_at_tails_and_edges(backend: VerilogBackend, task: Task, configuration: str, held_out: bool) -> None:
    grade(backend, workload(task, configuration, held_out=held_out))


@per_task
def test_no_tool_has_anything_to_say(backend: VerilogBackend, task: Task) -> None:
    one = workload(task, "C3")
    build = backend.build(baselines.render(one), one)
    assert build.outcome == "built"
    assert build.diagnostics == ()


@per_task
def test_one_text_serves_all_sizes(task: Task) -> None:
    sizes = [workload(task, name, held_out=held) for name in task.configurations for held in (False, True)]
    texts = {baselines.render(one) for one in sizes}
    assert len(texts) == 1
    text = texts.pop()
    assert max(map(len, text.splitlines())) <= 130
    assert "\n\n\n" not in text
    assert text.startswith("// ")


@per_task
def test_declared_parameters_are_those_of_the_interface(task: Task) -> None:
    """All have defaults, so that the text stands on its own."""
    one = workload(task, "C1")
    header = baselines.render(one).partition(");")[0]
    declared = re.findall(r"parameter (\w+) = \d+", header)
    assert set(declared) <= interface.contract(one).parameters.keys()
    assert len(declared) == header.count("parameter ")


def test_every_recipe_and_template_is_used() -> None:
    assert {f"{task.id} {task.name}": SUITE.dtype(task).name for task in SUITE.tasks} == {
        key: recipe.dtype for key, recipe in baselines.RECIPES.items()
    }
    families = {f"{recipe.template}.v.j2" for recipe in baselines.RECIPES.values()}
    templates = {path.name for path in (Path(baselines.__file__).parent / "templates").glob("*.j2")}
    assert templates == families | {"pieces.v.j2"}


def test_what_is_not_supported_says_why() -> None:
    foreign = dataclasses.replace(TASKS["P04"], name="clip").workload("C1", SUITE.dtype(TASKS["P04"]))
    reason = "the template compiler has no template for 'P04 clip'"
    assert baselines.supported(foreign) == reason
    with pytest.raises(ValueError, match=reason):
        baselines.render(foreign)
    assert baselines.supported(TASKS["P04"].workload("C1")) == "the template of 'P04 relu' exists in i8, not in 'f32'"
    assert baselines.supported(every_task()["P15"].workload("C1")) == "the template compiler has no template for 'P15 softmax'"
