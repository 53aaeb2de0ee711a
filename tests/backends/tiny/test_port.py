"""Layouts, what is supported, the brief, and the baselines as the judge sees them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from backends.isa.backend import IsaBackend
from backends.isa.bind import load
from backends.templates import environment
from backends.tiny import baselines, create
from backends.tiny.port import Layout, TinyPort
from harness.backend import BackendContext, Limits
from harness.grading import seeds
from harness.grading.evaluate import Judge
from harness.task import Workload, i8
from isa_specs.tiny.isa import isa
from tasks import core

TASKS = {task.id: task for task in core().tasks}
WORKLOADS = [task.workload(c) for task in TASKS.values() for c in task.configurations]
PORT = TinyPort(load(isa))
SECRET = "tiny port"
each_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.id)


def context(tmp_path_factory: pytest.TempPathFactory, **options: str) -> BackendContext:
    def no_sandbox() -> object:
        raise AssertionError("kernels are data to a simulator")

    return BackendContext(tmp_path_factory.mktemp("cache"), no_sandbox, options)


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> IsaBackend:
    return create(context(tmp_path_factory))


@pytest.fixture(scope="module")
def judge(backend: IsaBackend) -> Judge:
    return Judge(backend, SECRET)


def test_what_is_not_supported_says_why() -> None:
    assert PORT.support(TASKS["P04"].workload("C1", i8)) == "x is i8: data memory holds only f32, and lanes are f32"
    stranger = replace(TASKS["P04"], name="clip").workload("C1")
    assert PORT.support(stranger) == "there are baselines for the core suite only, not for P04 clip"
    huge = replace(TASKS["P01"], configurations={"C9": {"N": 1 << 21}}).workload("C9")
    assert PORT.support(huge) == ("its tensors take 6291456 of 4194304 words of data memory; a kernel needs 262144 for itself")
    with pytest.raises(KeyError):
        PORT.baseline(stranger)


@each_workload
def test_every_core_workload_is_supported_and_its_tensors_follow_each_other(workload: Workload) -> None:
    assert PORT.support(workload) is None
    signature, text = PORT.brief(workload)
    layout, at = Layout.of(workload), 0
    for name, tensor in [*workload.inputs.items(), *workload.outputs.items()]:
        assert (layout.inputs | layout.outputs)[name] == at
        assert f"{name}[{', '.join(map(str, tensor.shape))}]: mem {at}\n" in signature
        at += tensor.size
    assert signature.endswith(f"; mem from {at} on is scratch")
    assert "row-major" in text


@each_workload
def test_a_baseline_is_right_and_not_faster_than_light(workload: Workload, judge: Judge, backend: IsaBackend) -> None:
    source = PORT.baseline(workload)
    for evaluation in (judge.run(source, workload), judge.grade(source, workload)):
        assert (evaluation.verdict, evaluation.alarms) == ("passed", ())
        assert evaluation.speedup == 1
        assert evaluation.cycles >= backend.bound(workload).cycles


@pytest.mark.parametrize("id", ["P11", "P15", "P16", "P17", "C07", "C08", "C11", "E05", "E06"])
def test_baselines_that_divide_or_reduce_are_right_on_many_draws(
    id: str, backend: IsaBackend, right_on_many_draws: Callable[..., None]
) -> None:
    right_on_many_draws(backend, TASKS[id].workload("C3"), SECRET)


@pytest.mark.parametrize(
    ("id", "old", "new"),
    [
        ("P01", "VADD x3, x1, x2", "VSUB x3, x1, x2"),
        ("P11", "VSUM f1, x1", "VRMAX f1, x1"),
        ("P21", "VAXPY x13, x12, f7", "VMUL x13, x12, x12"),
        ("P24", "ADDI x3, x3, 2", "ADDI x3, x3, 1"),
        ("C08", "FMUL f3, f3, f4", "FADD f3, f3, f4"),
        ("E06", "VSUB x11, x10, x11", "VADD x11, x10, x11"),
    ],
)
def test_a_baseline_with_a_mistake_is_wrong(id: str, old: str, new: str, judge: Judge) -> None:
    workload = TASKS[id].workload("C2")
    source = PORT.baseline(workload)
    assert old in source
    assert judge.run(source.replace(old, new), workload).verdict == "wrong"


def test_a_kernel_that_changes_its_inputs_is_wrong(judge: Judge) -> None:
    workload = TASKS["P01"].workload("C1")
    source = PORT.baseline(workload).replace("HALT", "FSW f0, x0, 3\nHALT")
    assert "changed its inputs" in judge.run(source, workload).summary


def test_both_engines_give_the_same_outputs_and_cycles(backend: IsaBackend, tmp_path_factory: pytest.TempPathFactory) -> None:
    golden = create(context(tmp_path_factory, engine="golden"))
    for id in ("P15", "P18", "P26", "C08"):
        workload = TASKS[id].workload("C1")
        inputs = seeds.draw(SECRET, workload, "public")
        ran = [b.execute(b.build(PORT.baseline(workload), workload), [inputs], Limits())[0] for b in (golden, backend)]
        assert ran[0].cycles == ran[1].cycles
        for name in workload.outputs:
            np.testing.assert_array_equal(ran[0].outputs[name].view(np.uint32), ran[1].outputs[name].view(np.uint32))


def test_a_recipe_and_a_template_for_every_core_task() -> None:
    assert set(baselines.RECIPES) == {f"{task.id} {task.name}" for task in TASKS.values()}
    templates = environment(baselines.__name__).list_templates()
    assert set(templates) == {f"{name}.s.j2" for name in (*baselines.RECIPES.values(), "pieces")}


def test_labels_are_unique_and_the_text_is_stable() -> None:
    source = PORT.baseline(TASKS["E06"].workload("C2"))
    labels = [line[:-1] for line in source.splitlines() if line.endswith(":")]
    assert len(labels) == len(set(labels)) > 50
    assert source == PORT.baseline(TASKS["E06"].workload("C2"))
