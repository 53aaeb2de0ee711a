"""Instruction counts: they repeat, they follow the work, and lines get their share."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from backends.cpu.backend import CpuBackend
from harness.backend import Limits, Profile
from harness.sandbox import Sandbox
from harness.task import Workload

HEAD = "void kernel(const float *restrict a, const float *restrict b, float *restrict y)\n"
LOOP = "    for (int i = 0; i < N; i++)\n        y[i] = a[i] + b[i];\n"


@pytest.fixture(autouse=True)
def counter(sandbox: Sandbox) -> None:
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    if sandbox.name == "confined":
        pytest.skip("valgrind needs a /proc, which the confined sandbox cannot give")


def profile(backend: CpuBackend, add: Workload, source: str) -> Profile | str:
    return backend.profile(backend.build(source, add), add.draw(np.random.default_rng(0)), Limits())


def test_counts_repeat_and_follow_the_work(backend: CpuBackend, add: Workload) -> None:
    first = profile(backend, add, HEAD + "{\n" + LOOP + "}\n")
    again = profile(backend, add, HEAD + "{\n" + LOOP + "}\n")
    more = profile(backend, add, HEAD + "{\n" + LOOP + "    for (int i = 0; i < N; i++)\n        y[i] = y[i] * a[i];\n}\n")
    assert first is not None, backend.profiler.reason
    assert first == again
    assert first.unit == "instructions"
    assert sum(line.cycles for line in first.lines) == first.total
    assert {line.line for line in first.lines} <= {2, 3, 4, 5}
    assert first.lines[0].line == 4
    assert not isinstance(more, str)
    assert more.total > 1.5 * first.total


def test_a_kernel_that_enters_itself_hides_nothing(backend: CpuBackend, add: Workload) -> None:
    source = HEAD + "{\n    static volatile int depth;\n    if (depth++ % 2 == 0) kernel(a, b, y);\n" + LOOP + "}\n"
    once, twice = profile(backend, add, HEAD + "{\n" + LOOP + "}\n"), profile(backend, add, source)
    assert not isinstance(once, str)
    assert not isinstance(twice, str)
    assert twice.total >= 2 * once.total


def test_fewer_instructions_than_stores_are_refused(backend: CpuBackend, add: Workload) -> None:
    reason = profile(backend, add, HEAD + "{\n    (void)a, (void)b, (void)y;\n}\n")
    assert "cannot have stored the outputs; at least 128 are needed" in reason


def test_without_valgrind_there_is_a_reason(backend: CpuBackend, add: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert profile(backend, add, HEAD + "{\n" + LOOP + "}\n") == "valgrind is not installed: apt-get install valgrind"
