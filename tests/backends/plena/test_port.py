"""Layouts, what is supported, the brief, and the baselines as the judge sees them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backends.isa.backend import IsaBackend, create_backend
from backends.plena import baselines
from backends.plena.layout import EYE, FIRST_TENSOR, LANES, ONES, VRAM_ROWS, Layout, constants
from backends.plena.mx import decode
from backends.plena.port import FORMATS, PlenaPort, port
from harness.backend import BackendContext, Limits
from harness.grading import lint, seeds
from harness.grading.compare import compare
from harness.grading.evaluate import InputSet
from harness.grading.tolerance import allowed_error
from harness.task import Tensors, Workload, i8
from isa_specs.plena.isa import isa
from tasks import core

TASKS = {task.id: task for task in core().tasks}
WORKLOADS = [task.workload(c) for task in TASKS.values() for c in task.configurations]
PORT = PlenaPort()
SECRET = "plena port"
DRAWS: list[tuple[seeds.SeedKind, int]] = [("public", 0), ("public-adversarial", 0), ("grading", 0), ("adversarial", 0)]
Run = Callable[[str, Workload, Tensors], Any]
each_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.id)


def input_set(workload: Workload, inputs: Tensors, label: str) -> InputSet:
    stored = PORT.stored(workload, inputs)
    expected = workload.compute(stored)
    return InputSet(label, stored, expected, allowed_error(workload, stored, expected, FORMATS))


@each_workload
def test_every_core_workload_is_supported(workload: Workload) -> None:
    assert PORT.support(workload) is None


def test_what_is_not_supported_says_why() -> None:
    assert PORT.support(TASKS["P04"].workload("C1", i8)) == ("x is i8: HBM holds only MXFP8 numbers and vector SRAM only bf16")
    stranger = replace(TASKS["P04"], name="clip").workload("C1")
    assert PORT.support(stranger) == "the calling convention covers the core suite only, not P04 clip"
    huge = replace(TASKS["P01"], configurations={"C9": {"N": 1 << 16}}).workload("C9")
    assert PORT.support(huge) == "its outputs take 1024 of 1024 rows of vector SRAM; a kernel needs 128 for itself"
    with pytest.raises(KeyError):
        PORT.baseline(stranger)


@each_workload
def test_tensors_do_not_overlap_and_come_back(workload: Workload) -> None:
    layout = Layout.of(workload)
    at = FIRST_TENSOR
    inputs = seeds.draw(SECRET, workload, "public")
    images = {image.start: image for image in PORT.images(workload, inputs)}
    stored = PORT.stored(workload, inputs)
    for name, place in layout.inputs.items():
        assert place.address >= at
        assert place.address % LANES == 0
        assert place.rows % LANES == 0
        assert place.scale % LANES == 0
        image = images[place.address].data
        assert len(image) == place.end - place.address
        values = decode(image[: place.scale], image[place.scale :]).reshape(place.rows, place.columns)
        found = values[place.placement.row, place.placement.column].reshape(place.tensor.shape)
        np.testing.assert_array_equal(found, stored[name])
        used = np.zeros(values.shape, bool)
        used[place.placement.row, place.placement.column] = True
        assert used.sum() == place.tensor.size
        assert (values[~used] == 0).all()
        at = place.end
    assert layout.scratch >= at
    assert layout.output_rows <= VRAM_ROWS


@each_workload
def test_outputs_are_read_from_where_the_brief_says(workload: Workload) -> None:
    counted = np.arange(VRAM_ROWS * LANES, dtype=np.float64)
    layout = Layout.of(workload)
    outputs = {n: o.read(counted[o.address : o.address + o.size]) for n, o in layout.outputs.items()}
    for name, place in layout.outputs.items():
        row, column = place.placement.row, place.placement.column
        address = place.address + column // LANES * place.rows * LANES + row * LANES + column % LANES
        np.testing.assert_array_equal(outputs[name], np.broadcast_to(address, place.tensor.shape))
        assert len(np.unique(outputs[name])) == place.tensor.size


def test_the_constants_are_an_identity_and_ones() -> None:
    memory = constants()
    eye = decode(memory[EYE : EYE + 12288], memory[EYE + 12288 : ONES]).reshape(192, 64)
    np.testing.assert_array_equal(eye[64:128], np.eye(64))
    assert not eye[:64].any()
    assert not eye[128:].any()
    assert (decode(memory[ONES : ONES + 4096], memory[ONES + 4096 :]) == 1).all()
    assert len(memory) == FIRST_TENSOR


@each_workload
def test_the_brief_names_every_address(workload: Workload) -> None:
    signature, text = PORT.brief(workload)
    layout = Layout.of(workload)
    for name, place in layout.inputs.items():
        assert f"{name}[" in signature
        assert f"hbm {place.address}, {place.rows} x {place.columns}, scale offset {place.scale}" in signature
        assert f"- `{name}`: " in text
    assert f"hbm from {layout.scratch} on is scratch" in signature


@each_workload
def test_a_baseline_is_right(workload: Workload, run_kernel: Run) -> None:
    source = PORT.baseline(workload)
    assert len(source) < 256 * 1024
    for kind, index in DRAWS:
        inputs = seeds.draw(SECRET, workload, kind, index)
        ran = run_kernel(source, workload, inputs)
        one = input_set(workload, inputs, kind)
        assert compare(workload, ran.outputs, one.expected, one.allowed, kind) == ()
        assert ran.intact


@pytest.mark.parametrize("id", ["P11", "P15", "P16", "P17", "C07", "C08"])
def test_baselines_that_divide_or_reduce_are_right_on_many_draws(id: str, run_kernel: Run) -> None:
    workload = TASKS[id].workload("C3")
    source = PORT.baseline(workload)
    for index in range(12):
        for kind in ("grading", "adversarial"):
            inputs = seeds.draw(SECRET, workload, kind, index)  # type: ignore[arg-type]
            one = input_set(workload, inputs, kind)
            assert compare(workload, run_kernel(source, workload, inputs).outputs, one.expected, one.allowed, kind) == ()


@each_workload
def test_leaving_out_a_named_operation_is_refused(workload: Workload) -> None:
    sets = [input_set(workload, seeds.draw(lint.SECRET, workload, *draw), draw[0]) for draw in seeds.GRADING_DRAWS]
    steps, _ = lint._operations(workload, sets[0].inputs)
    for step in steps:
        kernel = lint._dropping(workload, step)
        assert not lint.judge(workload, step, kernel, sets).passed, step


@pytest.mark.parametrize(
    ("id", "old", "new"),
    [
        ("P01", "V_ADD_VV gp1, gp1, gp5, 0", "V_SUB_VV gp1, gp1, gp5, 0"),
        ("P15", "S_LD_FP f1, gp0, 128", "S_LD_FP f1, gp0, 0"),
        ("P21", "M_MM_WO gp5, gp0, 0", "S_ADDI_INT gp5, gp5, 0"),
        ("P26", "C_LOOP_START gp13, 4", "C_LOOP_START gp13, 3"),
        ("C11", "V_MUL_VF gp8, gp8, f5, 0", "V_MUL_VF gp8, gp8, f4, 0"),
    ],
)
def test_a_baseline_with_a_mistake_is_wrong(id: str, old: str, new: str, run_kernel: Run) -> None:
    workload = TASKS[id].workload("C2")
    source = PORT.baseline(workload)
    assert old in source
    wrong = []
    for kind, index in DRAWS:
        inputs = seeds.draw(SECRET, workload, kind, index)
        one = input_set(workload, inputs, kind)
        outputs = run_kernel(source.replace(old, new), workload, inputs).outputs
        wrong.append(bool(compare(workload, outputs, one.expected, one.allowed, kind)))
    assert any(wrong)


def no_sandbox() -> Any:
    raise AssertionError("kernels are data to a simulator")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> IsaBackend:
    return create_backend(isa, port, BackendContext(tmp_path_factory.mktemp("cache"), no_sandbox))


@pytest.mark.parametrize("id", TASKS)
def test_the_engine_agrees_with_the_interpreter(id: str, backend: IsaBackend, run_kernel: Run) -> None:
    """Two implementations that share no code: the same cycles, and outputs that are both right."""
    workload = TASKS[id].workload("C3")
    source = PORT.baseline(workload)
    inputs = seeds.draw(SECRET, workload, "public")
    build = backend.build(source, workload)
    assert build.diagnostics == ()
    (execution,) = backend.execute(build, [inputs], Limits())
    assert execution.outcome == "completed"
    assert execution.inputs_intact
    assert execution.cycles == run_kernel(source, workload, inputs).cycles
    one = input_set(workload, inputs, "public")
    assert compare(workload, execution.outputs or {}, one.expected, one.allowed, "public") == ()
    assert execution.cycles >= backend.bound(workload).cycles


@pytest.mark.parametrize("timing", ["sequential", "overlapped"])
def test_no_baseline_is_faster_than_light(timing: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    timed = create_backend(isa, port, BackendContext(tmp_path_factory.mktemp("cache"), no_sandbox, {"timing": timing}))
    for workload in WORKLOADS:
        (execution,) = timed.execute(
            timed.build(PORT.baseline(workload), workload), [seeds.draw(SECRET, workload, "public")], Limits()
        )
        assert (execution.outcome, execution.fault) == ("completed", None), workload.id
        assert execution.cycles >= timed.bound(workload).cycles, workload.id


def test_a_recipe_for_every_core_task() -> None:
    assert set(baselines.RECIPES) == {f"{task.id} {task.name}" for task in TASKS.values()}


def test_every_input_is_moved_once() -> None:
    gemm = TASKS["P21"].workload("C4")
    assert PORT.moved(gemm) == {"load": gemm.inputs["a"].size + gemm.inputs["b"].size}
