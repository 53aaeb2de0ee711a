"""Bounds by hand, and that what counts as needed is."""

from __future__ import annotations

from dataclasses import replace

from backends.verilog.bound import bound
from harness.task import Work, Workload, i8
from tasks import every_task


def workload(task: str, configuration: str, dtype) -> Workload:
    return every_task()[task].workload(configuration, dtype)


def test_a_stream_is_bound_by_its_longer_side(add):
    assert bound(add).cycles == 16
    assert bound(add).formula == "max(16 input beats, 16 output beats)"
    transposed = bound(workload("P18", "C5", i8))  # 2 x 67: rows of 17 beats in, rows of one beat out
    assert (transposed.cycles, transposed.limited_by) == (67, "output stream")


def test_a_memory_is_bound_by_its_port():
    light = bound(workload("P21", "C1", i8))  # 8 x 8 x 8: 8 words each in, 32-bit results in 32 words
    assert light.cycles == 8 + 8 + 32 + 1
    assert light.formula == "16 words read + max(32 words written, latency 8) + 1 for done"


def test_few_outputs_wait_for_the_last_answer(copy):
    light = bound(copy)
    assert (light.cycles, light.limited_by) == (4 + 8 + 1, "memory latency")


def test_what_windows_that_move_in_steps_leave_unread_is_not_counted():
    light = bound(workload("P26", "C2", i8))
    assert light.formula == "1 words read + max(32 words written, latency 8) + 1 for done"
    assert light.cycles == 34


def test_multiplications_bound_nothing():
    w = workload("P21", "C1", i8)
    heavy = replace(w, task=replace(w.task, work=lambda p: Work({"mac": 10**9})))
    assert bound(heavy).cycles == bound(w).cycles
