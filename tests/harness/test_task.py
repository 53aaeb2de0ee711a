"""The contract of tasks: symbols, shapes, element types, drawing and computing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.task import (
    DTYPES,
    Params,
    Suite,
    Task,
    TensorSpec,
    Work,
    Workload,
    acc,
    bf16,
    elem,
    f32,
    i8,
    i32,
    integer_expression,
    keep_all,
    standard,
    standard_inputs,
)


def pool(**fields: Any) -> Task:
    task = Task(
        id="T10", name="halves", level="primitive", category="pooling", statement="y[i] = x[2 i] + x[2 i + 1].",
        inputs={"x": elem["N"]}, outputs={"y": acc["H"]}, configurations={"C1": {"N": 8}, "C3": {"N": 10}},
        held_out={"C1": {"N": 12}}, derive={"H": "N // 2", "Q": "H // 2"}, dtypes=(f32, i8), generate=standard_inputs,
        adversarial=lambda rng, workload: {"x": np.zeros(workload.p.N)},
        reference=lambda p, step, x: {"y": step("second", x[::2] + x[1::2], x[::2])}, work=lambda p: Work({"add": p.H}),
    )  # fmt: skip
    return replace(task, **fields)


# Symbols and shapes


@pytest.mark.parametrize(
    ("text", "value"),
    [("H", 15), (7, 7), ("(H + 2*P - K) // S + 1", 8), ("H - K - 1", 11), ("3 * H // 2", 22), ("K * (S - P)", 3)],
)
def test_dimensions_are_integer_expressions(text, value):
    assert integer_expression(text, {"H": 15, "P": 1, "K": 3, "S": 2}) == value


@pytest.mark.parametrize(
    ("text", "part"),
    [("H / 2", "H / 2"), ("H + Z", "Z"), ("max(H, 2)", "max(H, 2)"), ("-H", "-H"), ("H ** 2", "H ** 2"), ("H.real", "H.real"),
     ("2.5", "2.5"), ("'a'", "'a'")],
)  # fmt: skip
def test_other_expressions_are_refused_by_name(text, part):
    with pytest.raises(ValueError, match="is not") as caught:
        integer_expression(text, {"H": 15})
    assert repr(part) in str(caught.value) or part in str(caught.value)
    assert "over H" in str(caught.value)


def test_parameters_are_read_by_attribute_and_by_key():
    p = Params({"R": 4, "C": 32})
    assert (p.R, p["C"], len(p), list(p), dict(p)) == (4, 32, 2, ["R", "C"], {"R": 4, "C": 32})
    assert repr(p) == "R=4 C=32"
    with pytest.raises(AttributeError, match=r"no symbol 'N'; this workload has R, C"):
        _ = p.N


def test_derived_symbols_follow_from_the_others_in_order():
    assert dict(pool().workload("C3").p) == {"N": 10, "H": 5, "Q": 2}


def test_tensors_have_concrete_types_and_sizes():
    workload = pool().workload("C1", i8)
    x, y = workload.inputs["x"], workload.outputs["y"]
    assert (x.dtype, x.shape, x.size, x.bytes) == (i8, (8,), 8, 8)
    assert (y.dtype, y.shape, y.bytes) == (i32, (4,), 16)
    assert pool().workload("C1").outputs["y"].dtype is f32


def test_a_tensor_without_dimensions_holds_one_element():
    scalar = replace(pool(), inputs={"x": TensorSpec(f32, ())}).workload("C1").inputs["x"]
    assert (scalar.shape, scalar.size, scalar.bytes) == ((), 1, 4)


# Element types


def test_element_types_know_their_rounding():
    assert f32.roundoff == 2.0**-24
    assert (f32.tiny, f32.subnormal) == (2.0**-126, 2.0**-149)
    assert bf16.roundoff == 2.0**-8
    assert DTYPES["f16"].roundoff == 2.0**-11
    assert all(dtype.is_float == dtype.name.startswith(("f", "bf")) for dtype in DTYPES.values())
    assert {name: dtype.bytes for name, dtype in DTYPES.items()} == {
        "f32": 4, "f16": 2, "bf16": 2, "i8": 1, "u8": 1, "i16": 2, "i32": 4, "u32": 4,
    }  # fmt: skip


# Workloads


def test_ids_name_type_and_configuration_where_they_are_not_the_usual():
    assert pool().workload("C1").id == "T10/C1"
    assert pool().workload("C1", i8).id == "T10.i8/C1"
    assert pool().workload("C1", i8, held_out=True).id == "T10.i8/C1+held-out"


def test_unknown_configurations_and_types_are_refused_with_the_known_ones():
    with pytest.raises(KeyError, match=r"T10 has no configuration 'C9'; it has C1, C3"):
        pool().workload("C9")
    with pytest.raises(KeyError, match=r"T10 has no type 'bf16'; it has f32, i8"):
        pool().workload("C1", bf16)


def test_held_out_sizes_are_a_workload_of_their_own_or_none():
    other = pool().workload("C1", i8).held_out
    assert other is not None
    assert (other.p.N, other.dtype, other.is_held_out) == (12, i8, True)
    assert pool().workload("C3").held_out is None
    assert other.held_out is None
    assert (other.shown.p.N, other.shown.id) == (8, "T10.i8/C1")


def test_work_follows_the_sizes():
    assert pool().workload("C3").work.operations == {"add": 5}


def test_drawing_gives_dense_arrays_of_the_declared_types():
    strided = pool(generate=lambda rng, workload: {"x": np.arange(2 * workload.p.N, dtype=np.float64)[::2]})
    x = strided.workload("C1").draw(np.random.default_rng(0))["x"]
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert not pool().workload("C1").draw(np.random.default_rng(0), adversarial=True)["x"].any()


@pytest.mark.parametrize(
    ("drawn", "message"),
    [({"z": np.zeros(8)}, r"T10/C1: the generator drew \['z'\], the task declares \['x'\]"),
     ({"x": np.zeros(9)}, r"T10/C1: the generator drew x as \(9,\), declared \(8,\)")],
)  # fmt: skip
def test_a_generator_that_disagrees_with_the_declaration_is_found_out(drawn, message):
    with pytest.raises(ValueError, match=message):
        pool(generate=lambda rng, workload: drawn).workload("C1").draw(np.random.default_rng(0))


@pytest.mark.parametrize(("dtype", "precision", "wide"), [(f32, np.float64, np.float64), (f32, np.float32, np.float32),
                                                         (i8, np.float64, np.int64), (i8, np.float32, np.int64)])  # fmt: skip
def test_computing_keeps_to_one_precision_and_integers_wide(dtype, precision, wide):
    workload = pool().workload("C1", dtype)
    inputs = workload.draw(np.random.default_rng(0))
    result = workload.compute(inputs, precision)["y"]
    assert result.dtype == wide
    assert result == pytest.approx(inputs["x"][::2].astype(np.float64) + inputs["x"][1::2], rel=1e-6)


def test_steps_can_be_dropped_while_computing():
    workload = pool().workload("C1")
    inputs = workload.draw(np.random.default_rng(0))
    dropped = workload.compute(inputs, step=lambda name, kept, dropped: dropped if name == "second" else kept)
    assert (dropped["y"] == inputs["x"][::2]).all()
    assert keep_all("second", 1, 2) == 1


def test_computing_does_not_change_its_inputs():
    def in_place(p: Params, step: Any, x: Any) -> Any:
        x += 1
        return {"y": x[: p.H]}

    workload = pool(reference=in_place).workload("C1")
    inputs = workload.draw(np.random.default_rng(0))
    before = inputs["x"].copy()
    workload.compute(inputs, np.float32)
    assert (inputs["x"] == before).all()


# The rest


def test_standard_draws_cover_the_type():
    rng, workload = np.random.default_rng(0), pool(configurations={"C1": {"N": 20000}})
    floats = standard(rng, workload.workload("C1").inputs["x"], scale=3)
    assert floats.dtype == np.float32
    assert floats.std() == pytest.approx(3, rel=0.05)
    integers = standard(rng, workload.workload("C1", i8).inputs["x"])
    assert (integers.min(), integers.max()) == (-128, 127)


def test_the_digest_follows_the_file_and_the_id():
    assert pool().digest == pool().digest
    assert pool(id="T11").digest != pool().digest
    assert len(pool().digest) == 64


def test_suites_and_workloads_compare_by_content():
    task = pool()
    assert Suite("s", "", (task,)) == Suite("s", "", (task,))
    assert task.workload("C1") == Workload(task, "C1", f32)
