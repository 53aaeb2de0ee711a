"""The kernels that people read are right: every baseline and every example of the manual, at every size, in every element type.

They are compiled with the backend's own flags and called in this process; the sandbox has tests of its own.
"""

import ctypes
import dataclasses
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backends.cpu
from backends.cpu import baselines
from backends.cpu.prelude import prelude
from backends.cpu.toolchain import FLAGS, machine_flags
from harness.grading.compare import compare
from harness.grading.seeds import generator
from harness.grading.tolerance import allowed_error
from harness.task import Array, DType, Formats, Task, Tensors, Workload
from tasks import every_task

TASKS = every_task()
VARIANTS = [pytest.param(task, dtype, id=f"{task.id}-{dtype.name}") for task in TASKS.values() for dtype in task.dtypes]
PAGES = sorted((Path(backends.cpu.__file__).parent / "manual").glob("*.md"))
FENCE = re.compile(r"^```c ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ALIGNMENT = 64
GUARD = 64
"""Elements after an output that must keep what they hold."""
POISON = 0x7B


def all_sizes(task: Task, dtype: DType) -> list[Workload]:
    shown = [task.workload(configuration, dtype) for configuration in task.configurations]
    return shown + [task.workload(configuration, dtype, held_out=True) for configuration in task.held_out]


def compiled(text: str, workloads: list[Workload], folder: Path) -> ctypes.CDLL:
    """A library with ``kernel_0``, ``kernel_1``, ...: the text at each workload. No warning, no silent double is acceptable."""
    for index, workload in enumerate(workloads):
        (folder / f"{index}.c").write_text(f"#define kernel kernel_{index}\n{prelude(workload, text)}{text}")
    sources = [f"{index}.c" for index in range(len(workloads))]
    command = ["cc", *FLAGS, *machine_flags(), "-Werror", "-Wdouble-promotion", *sources, "-o", "kernels.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    return ctypes.CDLL(str(folder / "kernels.so"))


def aligned(array: Array) -> Array:
    """A copy that starts at a cache line."""
    memory = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def call(kernel: Any, workload: Workload, inputs: Tensors) -> dict[str, Array]:
    """The outputs, which are poisoned before the call; what lies behind them must survive it."""
    given = {name: aligned(array) for name, array in inputs.items()}
    poisoned = {name: aligned(np.full(t.size + GUARD, POISON, t.dtype.numpy)) for name, t in workload.outputs.items()}
    kernel.restype = None
    kernel(*(ctypes.c_void_p(array.ctypes.data) for array in (*given.values(), *poisoned.values())))
    for name, memory in poisoned.items():
        assert (memory[workload.outputs[name].size :] == POISON).all(), f"wrote behind {name}"
    return {name: poisoned[name][: t.size].reshape(t.shape) for name, t in workload.outputs.items()}


def assert_right(text: str, workloads: list[Workload], folder: Path) -> None:
    """Two ordinary input sets and an adversarial one, at each workload."""
    library = compiled(text, workloads, folder)
    for index, workload in enumerate(workloads):
        for seed in range(3):
            inputs = workload.draw(generator(seed), adversarial=seed == 0)
            outputs = call(library[f"kernel_{index}"], workload, inputs)
            expected = workload.compute(inputs)
            allowed = allowed_error(workload, inputs, expected, Formats())
            assert not compare(workload, outputs, expected, allowed, f"{workload.id} seed {seed}")


@pytest.mark.parametrize(("task", "dtype"), VARIANTS)
def test_baseline_is_right(task: Task, dtype: DType, tmp_path: Path) -> None:
    workloads = all_sizes(task, dtype)
    assert_right(baselines.render(workloads[0]), workloads, tmp_path)


@pytest.mark.parametrize(("task", "dtype"), VARIANTS)
def test_one_text_serves_all_sizes(task: Task, dtype: DType) -> None:
    texts = {baselines.render(workload) for workload in all_sizes(task, dtype)}
    assert len(texts) == 1
    assert max(map(len, texts.pop().splitlines())) <= 130


def test_every_recipe_and_template_is_used() -> None:
    assert {f"{task.id} {task.name}" for task in TASKS.values()} == set(baselines.RECIPES)
    families = {f"{recipe.template}.c.j2" for recipe in baselines.RECIPES.values()}
    templates = {path.name for path in (Path(baselines.__file__).parent / "templates").glob("*.j2")}
    assert templates == families | {"kernel.c.j2", "pieces.c.j2"}


def test_what_is_supported_says_so() -> None:
    assert all(baselines.supported(task.workload("C1", dtype)) is None for task in TASKS.values() for dtype in task.dtypes)


def test_a_task_of_another_suite_has_no_baseline() -> None:
    foreign = dataclasses.replace(TASKS["P01"], name="vec_sub").workload("C1")
    reason = "the template compiler has no template for 'P01 vec_sub'"
    assert baselines.supported(foreign) == reason
    with pytest.raises(ValueError, match=reason):
        baselines.render(foreign)


def test_an_element_type_without_a_template_is_refused() -> None:
    workload = Workload(TASKS["P01"], "C1", DType("i16", np.dtype(np.int16), 0.0, 0.0, 0.0))
    assert baselines.supported(workload) == "the template of 'P01 vec_add' exists in f32, i32, not in 'i16'"


# The manual: blocks of a page that are fenced as ``c ID`` are kernels of that task, those fenced as ``c`` their helpers.


def examples() -> Iterator[Any]:
    for page in PAGES:
        helpers = ""
        for task, block in FENCE.findall(page.read_text()):
            if task:
                yield pytest.param(task, helpers + block, id=f"{page.stem}-{task}")
            else:
                helpers += block + "\n"


@pytest.mark.parametrize(("task", "text"), list(examples()))
def test_example_of_the_manual_is_right(task: str, text: str, tmp_path: Path) -> None:
    if "immintrin.h" in text and "-march=x86-64-v3" not in machine_flags():
        pytest.skip("the example is for x86-64-v3, which this machine is not")
    assert_right(text, all_sizes(TASKS[task], TASKS[task].dtypes[0]), tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_code_of_a_page_is_compiled(page: Path) -> None:
    fences = FENCE.findall(page.read_text())
    assert page.read_text().count("```") == 2 * len(fences), "a fence that is not C"
    assert not fences or fences[-1][0], "the last block is a helper of no kernel"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_begins_with_its_only_title_and_is_not_too_wide(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert [line.startswith("# ") for line in lines].index(True) == 0
    assert sum(line.startswith("# ") for line in lines) == 1
    assert max(map(len, lines)) <= 130
