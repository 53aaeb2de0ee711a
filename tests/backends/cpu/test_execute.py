"""Running kernels: what honest ones leave, and how each way of misbehaving ends. The layers below the gates are tried alone."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from backends.cpu.backend import CpuBackend
from harness.backend import Execution, Limits
from harness.task import Workload

from .conftest import Run

ADD = "void kernel(const float *restrict a, const float *restrict b, float *restrict y)\n{{\n{body}\n}}\n"
HONEST = ADD.format(body="for (int i = 0; i < N; i++) y[i] = a[i] + b[i];")
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64 assembly")


def cause(execution: Execution) -> str:
    assert execution.fault is not None, execution
    return execution.fault.cause


def test_an_honest_kernel(backend: CpuBackend, add: Workload) -> None:
    rng = np.random.default_rng(3)
    batch = [add.draw(rng) for _ in range(3)]
    executions = backend.execute(backend.build(HONEST, add), batch, Limits())
    assert [e.outcome for e in executions] == ["completed"] * 3
    for inputs, execution in zip(batch, executions, strict=True):
        assert execution.outputs is not None
        np.testing.assert_array_equal(execution.outputs["y"], inputs["a"] + inputs["b"])
        assert execution.inputs_intact


def test_what_is_not_written_is_random_poison(backend: CpuBackend, add: Workload) -> None:
    executions = backend.execute(
        backend.build(ADD.format(body="(void)a, (void)b; y[1] = 5;"), add), [add.draw(np.random.default_rng(1))] * 2, Limits()
    )
    first, second = (e.outputs["y"].view(np.uint32) for e in executions if e.outputs)
    assert np.isnan(first.view(np.float32)[0])
    assert first[0] != second[0]
    assert first.view(np.float32)[1] == 5


def test_state_does_not_carry_outputs_over(backend: CpuBackend, add: Workload) -> None:
    once = ADD.format(body="static int done; if (done++) return; for (int i = 0; i < N; i++) y[i] = a[i] + b[i];")
    executions = backend.execute(backend.build(once, add), [add.draw(np.random.default_rng(1))] * 2, Limits())
    assert executions[1].outputs is not None
    assert np.isnan(executions[1].outputs["y"]).all()


@pytest.mark.parametrize(
    ("body", "expected", "line"),
    [
        ("    y[0] = a[0] + b[0];\n    *(volatile float *)8 = 1;", "segmentation", 4),
        ("    ((float *)a)[0] = b[0]; y[0] = 0;", "segmentation", 3),
        ("    static volatile int zero; y[0] = a[0] + b[0] + N / zero;", "arithmetic", 3),
        ("    (void)a, (void)b, (void)y; __builtin_trap();", "illegal_instruction", None),
        ("    volatile char big[64 << 20]; big[0] = 1; y[0] = a[0] + b[0] + big[0];", "stack_overflow", None),
        ("    y[N] = a[0] + b[0];", "out_of_bounds_write", None),
        ("    y[-1] = a[0] + b[0];", "out_of_bounds_write", None),
        ("    for (int i = 0; i < 100 * N; i++) y[i] = a[0] + b[0];", "segmentation", 3),
    ],
    ids=["wild pointer", "inputs are read-only", "division by zero", "trap", "stack", "past the end", "before", "far past"],
)
def test_faults_are_typed(run: Run, add: Workload, body: str, expected: str, line: int | None) -> None:
    if expected == "arithmetic" and platform.machine() != "x86_64":
        pytest.skip("dividing by zero traps on x86 only")
    execution = run(ADD.format(body=body), add)
    assert execution.outcome == "fault"
    assert cause(execution) == expected
    assert execution.fault is not None
    if line is not None:
        assert execution.fault.line == line


def test_an_overrun_says_where(run: Run, add: Workload) -> None:
    fault = run(ADD.format(body="y[N + 2] = a[0] + b[0];"), add).fault
    assert fault is not None
    assert (fault.operand, fault.address, fault.limit) == ("y", 4 * 1026, 4 * 1024)
    assert fault.message == "the kernel wrote at byte 4104 of y, which has 4096 bytes"


def test_an_endless_loop_times_out(run: Run, add: Workload) -> None:
    assert (
        run(ADD.format(body="(void)a, (void)b; for (volatile int i = 0;; i++) y[0] = i;"), add, wall_s=0.3).outcome == "timeout"
    )


def test_arrays_that_do_not_fit_are_a_limit(run: Run, add: Workload) -> None:
    body = "static float big[1L << 30]; for (long i = 0; i < N; i++) { big[i * 997] = a[i]; y[i] = big[i] + b[i]; }"
    execution = run(ADD.format(body=body), add)
    assert (execution.outcome, cause(execution)) == ("limit", "memory")


@X86
def test_a_changed_rounding_mode_is_a_fault(run: Run, add: Workload) -> None:
    body = "__builtin_ia32_ldmxcsr(0x9fc0); for (int i = 0; i < N; i++) y[i] = a[i] + b[i];"
    assert cause(run(ADD.format(body=body), add)) == "floating_point_environment"


@pytest.mark.parametrize(
    ("body", "causes"),
    [
        ("(void)a, (void)b, (void)y; exit(0);", {"exited", "forbidden_system_call"}),
        ("(void)a, (void)b, (void)y; fork();", {"forbidden_system_call"}),
        ("(void)a, (void)b; y[0] = open(\"/etc/passwd\", 0);", {"forbidden_system_call"}),
        ("(void)a, (void)b, (void)y; char r[32] = {0}; for (int f = 0; f < 32; f++) write(f, r, 32);", {"forbidden_system_call"}),
        ("(void)a, (void)b; y[0] = socket(2, 1, 0);", {"forbidden_system_call"}),
        ("(void)a, (void)b; y[0] = mprotect((void *)((long)kernel & -4096), 4096, 7);", {"forbidden_system_call"}),
        ("(void)a, (void)b, (void)y; raise(9);", {"forbidden_system_call"}),
        ("(void)a, (void)b, (void)y; abort();", {"forbidden_system_call", "abort"}),
    ],
    ids=["exit", "fork", "open", "forged reply", "socket", "patch", "kill", "abort"],
)  # fmt: skip
def test_without_the_gates_the_walls_still_hold(run: Run, add: Workload, body: str, causes: set[str]) -> None:
    headers = "#include <fcntl.h>\n#include <signal.h>\n#include <stdlib.h>\n#include <sys/mman.h>\n#include <sys/socket.h>\n"
    execution = run(headers + "#include <unistd.h>\n" + ADD.format(body=body), add, gates=False)
    assert execution.outcome == "fault"
    assert cause(execution) in causes


def test_a_constructor_that_the_gates_missed_is_confined_already(run: Run, add: Workload) -> None:
    early = "#include <fcntl.h>\nstatic int fd;\n"
    early += '__attribute__((constructor)) static void early(void) { fd = open("/etc/passwd", 0); }\n'
    execution = run(early + ADD.format(body="(void)a, (void)b; for (int i = 0; i < N; i++) y[i] = fd;"), add, gates=False)
    assert execution.outputs is not None
    assert (execution.outputs["y"] == -1).all()
