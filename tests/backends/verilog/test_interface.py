"""Packing by hand: what is in which bit and in which word."""

from __future__ import annotations

import numpy as np
import pytest

from backends.verilog import interface
from harness.task import Params, Step, Task, Tensors, Work, Workload, i8, i16, i32, standard_inputs, u8


def task(category="elementwise", **shapes) -> Task:
    def reference(_p: Params, _step: Step, **inputs) -> Tensors:
        return inputs

    inputs = {name: spec for name, spec in shapes.items() if name < "u"}
    outputs = {name: spec for name, spec in shapes.items() if name >= "u"}
    return Task(
        id="T91", name="packing", level="primitive", category=category, statement="", inputs=inputs, outputs=outputs,
        configurations={"C1": {"R": 2, "C": 5}}, held_out={}, generate=standard_inputs, adversarial=standard_inputs,
        reference=reference, work=lambda p: Work({"add": 1}), dtypes=(i8,),
    )  # fmt: skip


def workload(category="elementwise", **shapes) -> Workload:
    return task(category, **shapes).workload("C1")


class Junk:
    """Junk that is easy to see."""

    def integers(self, _low, _high, size, dtype):
        return np.full(size, 0xEE, dtype)


def test_rows_start_new_beats_and_the_first_tensor_is_lowest():
    w = workload(a=i8["R", "C"], b=u8["R", "C"], y=i16["R", "C"])
    inputs = {"a": np.arange(-1, 9, dtype=np.int8).reshape(2, 5), "b": np.arange(0xA0, 0xAA, dtype=np.uint8).reshape(2, 5)}
    beats = interface.pack(w, inputs, Junk())
    assert [f"{beat:016x}" for beat in beats] == [
        "a3a2a1a0020100ff", "eeeeeea4eeeeee03", "a8a7a6a507060504", "eeeeeea9eeeeee08",
    ]  # fmt: skip
    assert [f"{mask:016x}" for mask in interface.used_bits(interface.input_groups(w))] == ["f" * 16, "000000ff000000ff"] * 2


def test_tensors_of_another_shape_follow_and_narrow_groups_sit_in_the_low_bits():
    w = workload(a=i8["C"], b=i8["C"], s=i8[()], y=i32["C"])
    first, second = interface.input_groups(w)
    assert [tensor.name for tensor in first.tensors] == ["a", "b"]
    assert [tensor.name for tensor in second.tensors] == ["s"]
    assert (first.beats, second.beats) == (2, 1)
    inputs = {"a": np.zeros(5, np.int8), "b": np.ones(5, np.int8), "s": np.array(7, np.int8)}
    assert f"{interface.pack(w, inputs, Junk())[2]:016x}" == "eeeeeeeeeeeeee07"


def test_groups_depend_on_symbols_not_on_sizes():
    square = task(a=i8["R", "C"], b=i8["C", "R"], y=i8["R"])
    assert len(interface.input_groups(square.workload("C1"))) == 2


def test_outputs_come_back_and_junk_is_dropped():
    w = workload(a=i8["R", "C"], y=i16["R", "C"], z=u8["R", "C"])
    lanes = [[1, -2, 3, 4], [5, -9, -9, -9], [6, 7, 8, 9], [-32768, -9, -9, -9]]
    beats = [
        sum((value & 0xFFFF) << 16 * lane for lane, value in enumerate(row)) | 0x0A0B0C0D << 64 for row in lanes
    ]  # fmt: skip
    outputs = interface.unpack(w, beats)
    assert outputs["y"].tolist() == [[1, -2, 3, 4, 5], [6, 7, 8, 9, -32768]]
    assert outputs["z"].tolist() == [[13, 12, 11, 10, 13]] * 2
    assert outputs["y"].dtype == np.int16


def test_a_missing_beat_is_an_error():
    w = workload(a=i8["C"], y=i8["C"])
    with pytest.raises(ValueError, match="1 output beats; T91/C1 has 2"):
        interface.unpack(w, [0])


def test_stream_contract():
    contract = interface.contract(workload(a=i8["C"], b=i16["C"], y=i32["C"]))
    assert dict(contract.parameters) == {"R": 2, "C": 5, "LANES": 4, "SW": 96, "MW": 128}
    assert {port.name: port.width for port in contract.ports if port.width > 1} == {"s_data": 96, "m_data": 128}


def test_tensors_in_memory_start_on_64_bytes_inputs_first():
    w = workload("matmul", a=i8["R", "C"], b=i32["R", "C"], y=i32["R", "C"])
    assert dict(interface.bases(w)) == {"a": 8, "b": 16, "y": 24}
    assert interface.memory_words(w) == 29
    assert interface.first_output(w) == 24
    contract = interface.contract(w)
    assert contract.parameters["BASE_Y"] == 24
    assert {port.name: port.width for port in contract.ports if port.width > 1} == {
        "req_addr": 20, "req_wdata": 64, "req_wstrb": 8, "rsp_rdata": 64,
    }  # fmt: skip


def test_memory_is_little_endian_and_everything_else_is_junk():
    w = workload("matmul", a=i8["R", "C"], y=i16["R"])
    inputs = {"a": np.arange(-1, 9, dtype=np.int8).reshape(2, 5)}
    words = interface.image(w, inputs, Junk())
    assert [f"{int(word):016x}" for word in words[7:11]] == ["ee" * 8, "06050403020100ff", "eeeeeeeeeeee0807", "ee" * 8]
    assert len(words) == 17
    words[16] = 0x1234_5678_8000_0001
    assert interface.outputs_of(w, words)["y"].tolist() == [1, -32768]


def test_only_words_of_outputs_may_be_written():
    w = workload("matmul", a=i8["C"], x=i8["C"], y=i32["C"])
    assert np.flatnonzero(interface.is_output_word(w)).tolist() == [16, 24, 25, 26]


def test_a_beat_that_is_too_wide_is_an_error():
    w = workload(a=i8["C"], y=i8["C"])
    with pytest.raises(ValueError, match="an output beat has more than 32 bits"):
        interface.unpack(w, [0, 1 << 32])
