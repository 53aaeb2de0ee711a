"""Kernels that are called as the brief says."""

import numpy as np
import pytest

from backends.isa.backend import IsaBackend
from harness.backend import Build, Execution, Limits
from harness.grading.evaluate import Judge
from harness.task import Task, Workload, f32, i8

COPY = """\
_start:
    la a0, x
    la a1, y
    la a2, y
    li a3, {count}
1:  lbu a4, 0(a0)
    sb a4, 0(a1)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a3, a3, -1
    bnez a3, 1b
    {last}
    mpause
{data}
"""


def run(backend: IsaBackend, source: str, workload: Workload) -> Execution:
    build = backend.build(source, workload)
    assert build.artifact is not None, build.diagnostics
    (execution,) = backend.execute(build, [workload.draw(np.random.default_rng(1))], Limits())
    assert execution.outcome == "completed", execution.fault
    return execution


def errors(build: Build) -> list[str]:
    assert build.artifact is None
    return [diagnostic.message for diagnostic in build.diagnostics]


@pytest.mark.parametrize("configuration", ["C1", "C4"])
@pytest.mark.parametrize("dtype", [f32, i8])
def test_inputs_and_outputs_are_bytes_in_order(
    configuration: str, dtype: object, tasks: dict[str, Task], coral: IsaBackend
) -> None:
    workload = tasks["P04"].workload(configuration, dtype)
    source = COPY.format(count=workload.inputs["x"].bytes, last="", data="")
    execution = run(coral, source, workload)
    assert execution.inputs_intact
    np.testing.assert_array_equal(execution.outputs["y"], workload.draw(np.random.default_rng(1))["x"])


def test_the_stack_pointer_is_the_end_of_scratch_and_other_registers_are_zero(tasks: dict[str, Task], coral: IsaBackend) -> None:
    numbers = [n for n in range(32) if n not in (2, 30, 31)]
    stores = "\n".join(f"sw x{n}, {4 * n}(t6)" for n in numbers)
    source = f"la t6, y\n{stores}\nla t5, scratch_end\nsub t5, sp, t5\nsw t5, 8(t6)\nsw x0, 120(t6)\nsw x0, 124(t6)\nmpause"
    execution = run(coral, source, tasks["P04"].workload("C1"))
    assert not execution.outputs["y"][:32].view(np.uint32).any()


def test_a_kernels_own_data_lies_in_scratch(tasks: dict[str, Task], coral: IsaBackend) -> None:
    data = ".data\nours: .word 1, 2, 3\n.bss\nbuffer: .zero 64\n.section .extmem\nfar: .word 7"
    last = "la t0, ours\nla t1, scratch\nla t2, far\nla t3, extmem\nsub t0, t0, t1\nsub t2, t2, t3\nsw t0, 0(a2)\nsw t2, 4(a2)"
    execution = run(coral, COPY.format(count=4, last=last, data=data), tasks["P04"].workload("C1"))
    assert execution.outputs["y"][:2].tolist() == [0, 0]


def test_outputs_hold_noise_that_is_never_the_same(tasks: dict[str, Task], coral: IsaBackend) -> None:
    workload = tasks["P04"].workload("C1")
    one, other = (run(coral, "mpause", workload).outputs["y"].tobytes() for _ in range(2))
    assert one != other


def test_a_kernel_cannot_define_a_tensor(tasks: dict[str, Task], coral: IsaBackend) -> None:
    workload = tasks["P04"].workload("C1")
    assert errors(coral.build("mpause\n.data\nx: .zero 4", workload)) == ["'x' is defined already, as 0x10000"]
    assert errors(coral.build(".equ y, 0x20000000\nmpause", workload)) == ["'y' is defined already, as 0x10100"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".rept 2049\nnop\n.endr", "section .text is longer than the 8192 bytes that there are from 0x0 on"),
        (".data\n.zero 32257", "section .data is longer than the 32256 bytes that there are from 0x10200 on"),
        (".bss\n.zero 32257", "section .bss is longer than the 32256 bytes that there are from 0x10200 on"),
        (
            ".section .extmem\n.zero 0x400001",
            "section .extmem is longer than the 4194304 bytes that there are from 0x20000000 on",
        ),
    ],
)
def test_a_kernel_that_does_not_fit_is_not_built(text: str, message: str, tasks: dict[str, Task], coral: IsaBackend) -> None:
    assert message in errors(coral.build(f"{text}\n", tasks["P04"].workload("C1")))


def test_a_kernel_that_changes_its_inputs_is_wrong(tasks: dict[str, Task], judge: Judge, coral: IsaBackend) -> None:
    workload = tasks["P01"].workload("C1")
    source = coral.baseline(workload).replace("mpause", "la a0, a\nsb a0, 0(a0)\nmpause")
    assert "changed its inputs" in judge.run(source, workload).summary


def test_the_tools_know_the_symbols(tasks: dict[str, Task], coral: IsaBackend) -> None:
    workload = tasks["P04"].workload("C1")
    source = COPY.format(count=4, last="done:", data="")
    assert "auipc" in coral.call_tool("disassemble", {"source": source}, workload, 1)
    assert "stopped before" in coral.call_tool("inspect", {"source": source, "at": "done", "what": "registers"}, workload, 1)


@pytest.mark.parametrize("id", ["P01/C1", "P04.i8/C1", "C07/C1"])
def test_specimens_end_as_they_say(id: str, tasks: dict[str, Task], coral: IsaBackend, judge: Judge) -> None:
    name, _, configuration = id.partition("/")
    task, _, dtype = name.partition(".")
    workload = tasks[task].workload(configuration, i8 if dtype else f32)
    for specimen in coral.specimens(workload):
        evaluation = judge.run(specimen.source, workload)
        assert evaluation.verdict in specimen.ends, (specimen.name, evaluation.summary)
        if specimen.cause:
            (execution,) = coral.execute(
                coral.build(specimen.source, workload), [workload.draw(np.random.default_rng(1))], Limits()
            )
            assert execution.fault.cause == specimen.cause
