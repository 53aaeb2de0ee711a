"""What prompts say, as snapshots: one of each profile."""

from __future__ import annotations

import pytest

pytest.importorskip("pyslang", reason="the verilog backend needs the rtl extra")

from backends.verilog.brief import RUN_FAILURES, brief
from backends.verilog.classes import Failure
from harness.task import i8
from tasks import every_task


def test_the_stream_profile(golden):
    said = brief(every_task()["P18"].workload("C3", i8))
    golden("verilog/brief_stream.md", f"{said.signature}\n\n{said.text}\n")


def test_the_memory_profile(golden):
    said = brief(every_task()["P21"].workload("C3", i8))
    golden("verilog/brief_memory.md", f"{said.signature}\n\n{said.text}\n")


def test_every_failure_of_a_run_is_named(add):
    text = brief(add).text
    assert all(f"`{failure}`" in text for failure in RUN_FAILURES)
    assert {Failure.x_control, Failure.synth_mismatch} <= set(RUN_FAILURES)
    assert Failure.latch not in RUN_FAILURES
