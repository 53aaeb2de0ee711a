"""Every kernel of the template compiler, as the judge sees it."""

import struct
from collections.abc import Callable

import numpy as np
import pytest

from backends.coral import baselines
from backends.isa.backend import IsaBackend
from backends.templates import environment
from harness.backend import Limits
from harness.grading import seeds
from harness.grading.evaluate import Judge
from harness.task import Task, Workload, f32
from tasks import core, every_task

VARIANTS = ("naive", "vector")
WORKLOADS = [
    workload
    for task in every_task().values()
    for dtype in task.dtypes
    for configuration in task.configurations
    if baselines.known(workload := task.workload(configuration, dtype))
]
SECRET = "coral baselines"


def renders(workload: Workload, variant: str) -> bool:
    try:
        baselines.render(workload, variant)
    except KeyError:
        return False
    return True


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.id)
def test_a_baseline_is_right_and_not_faster_than_light(workload: Workload, judge: Judge, coral: IsaBackend) -> None:
    evaluation = judge.grade(coral.baseline(workload), workload)
    assert (evaluation.verdict, evaluation.alarms) == ("passed", ()), evaluation.summary
    assert evaluation.speedup == 1
    assert evaluation.cycles >= coral.bound(workload).cycles


@pytest.mark.parametrize("workload", [w for w in WORKLOADS if all(renders(w, v) for v in VARIANTS)], ids=lambda w: w.id)
def test_a_scalar_kernel_beside_a_vectorised_one_is_right_and_slower(workload: Workload, judge: Judge) -> None:
    evaluation = judge.grade(baselines.render(workload, "naive"), workload)
    assert evaluation.verdict == "passed", evaluation.summary
    assert workload.configuration == "C5" or evaluation.speedup < 1


@pytest.mark.parametrize("id", ["P09", "P11", "P15", "P16", "P17", "C04", "C07", "C08", "C11", "E05", "E06"])
def test_baselines_that_divide_or_reduce_are_right_on_many_draws(
    id: str, tasks: dict[str, Task], coral: IsaBackend, right_on_many_draws: Callable[..., None]
) -> None:
    right_on_many_draws(coral, tasks[id].workload("C3"), SECRET)


@pytest.mark.parametrize(
    ("id", "old", "new"),
    [
        ("P01", "fadd.s fa0, fa0, fa1", "fsub.s fa0, fa0, fa1"),
        ("P09", "addi t3, t3, 127", "addi t3, t3, 126"),
        ("P11", "fadd.s fa0, fa0, fa1", "fmax.s fa0, fa0, fa1"),
        ("P21", "fmadd.s fa3, ft4, ft0, fa3", "fmadd.s fa3, ft3, ft0, fa3"),
        ("P24", "addi a2, a2, 8", "addi a2, a2, 4"),
        ("C08", "fmul.s fa5, fa5, fa7", "fadd.s fa5, fa5, fa7"),
        ("E06", "fmsub.s fa2, fa0, ft0, fa2", "fmadd.s fa2, fa0, ft0, fa2"),
    ],
)
def test_a_baseline_with_a_mistake_is_wrong(id: str, old: str, new: str, tasks: dict[str, Task], judge: Judge) -> None:
    workload = tasks[id].workload("C2", f32)
    source = baselines.render(workload, "naive")
    assert old in source
    assert judge.run(source.replace(old, new), workload).verdict == "wrong"


@pytest.mark.parametrize("id", ["P15", "P18", "P26", "C06"])
def test_both_engines_give_the_same_outputs_and_cycles(
    id: str, tasks: dict[str, Task], coral: IsaBackend, golden: IsaBackend
) -> None:
    workload = tasks[id].workload("C1")
    inputs = seeds.draw(SECRET, workload, "public")
    ran = [b.execute(b.build(b.baseline(workload), workload), [inputs], Limits())[0] for b in (golden, coral)]
    assert ran[0].cycles == ran[1].cycles
    for name in workload.outputs:
        np.testing.assert_array_equal(ran[0].outputs[name].view(np.uint32), ran[1].outputs[name].view(np.uint32))


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -87.5, 1e-39, 88.8, 104.5, -103.0, 1e30, -1e30, 0.34657, -0.34657])
def test_the_exponential_of_the_pieces_is_within_four_roundoffs(value: float, tasks: dict[str, Task], coral: IsaBackend) -> None:
    workload = tasks["P04"].workload("C5")
    text = """{% import "pieces_float.S.j2" as go with context %}
    {{ go.start() }}{{ go.exp_constants() }}
    la a0, x
    flw fa0, 0(a0)
    {{ go.exp() }}
    la a0, y
    fsw fa0, 0(a0)
    mpause
    """
    bits = baselines.bits
    source = environment(baselines.__name__).from_string(text).render(bits=bits, unique=str, p=workload.p)
    build = coral.build(source, workload)
    inputs = {"x": np.full(17, value, np.float32)}
    (execution,) = coral.execute(build, [inputs], Limits())
    found = float(execution.outputs["y"][0])
    with np.errstate(over="ignore"):
        expected = float(np.exp(np.float64(np.float32(value))).astype(np.float32))
    assert found == expected or abs(found - expected) <= 4 * 2.0**-24 * expected + 2.0**-149


def test_every_core_task_has_a_scalar_kernel_for_floats() -> None:
    assert all(renders(task.workload("C1", f32), "naive") for task in core().tasks)


def test_what_has_no_kernel_is_not_known(tasks: dict[str, Task]) -> None:
    workload = tasks["P01"].workload("C1", f32)
    assert not renders(workload, "vector")
    with pytest.raises(KeyError, match="no vector kernel for P01/C1 vec_add in f32"):
        baselines.render(workload, "vector")


@pytest.mark.parametrize("workload", [w for w in WORKLOADS if w.configuration == "C4"], ids=lambda w: w.id)
def test_labels_are_unique_and_the_text_is_stable(workload: Workload, coral: IsaBackend) -> None:
    source = coral.baseline(workload)
    labels = [line[:-1] for line in source.splitlines() if line.endswith(":") and not line[0].isdigit()]
    assert len(labels) == len(set(labels)) > 1
    assert source == coral.baseline(workload)
    assert source.rstrip().endswith("mpause")


def test_bits_are_those_of_a_float() -> None:
    assert baselines.bits(1.0) == "0x3f800000"
    assert baselines.bits(-2.5) == f"{struct.unpack('<I', np.float32(-2.5).tobytes())[0]:#x}"
