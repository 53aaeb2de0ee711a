from dataclasses import replace

import numpy as np
import pytest

from harness.cli import linting
from harness.errors import InfraError, UsageError
from harness.run import selection
from harness.task import Suite
from harness.testing import relu


@pytest.fixture
def leaky(monkeypatch: pytest.MonkeyPatch):
    """The only suite: a task whose tolerance lets everything finite pass."""
    task = replace(relu, error=lambda workload, *_: {"y": np.full(workload.p.N, 1e9)})
    suites = {"leaky": Suite("leaky", "", (task,))}
    monkeypatch.setattr(selection, "load_suites", lambda names=(): suites)


def test_lists_the_tasks_of_a_suite(kernelwright):
    result = kernelwright("tasks", "list", "--suite", "toy", "--json")
    assert result.code == 0
    assert [(row["id"], row["name"], row["types"], row["configurations"]) for row in result.json] == [
        ("T01", "vec_add", ["f32"], ["C1", "C3"]),
        ("T02", "relu", ["f32"], ["C1", "C3"]),
    ]
    table = kernelwright("tasks", "list").out
    assert "softmax" in table
    assert "vec_add" in table


def test_shows_statement_tensors_sizes_and_work(kernelwright):
    out = kernelwright("tasks", "show", "P15").out
    assert "y[r, c] = exp(x[r, c] - m[r]) / sum over j of exp(x[r, j] - m[r])" in out
    assert "x: f32[R, C]" in out
    assert "R=13 C=127" in out
    assert "2,048 exp" in out


def test_shows_a_task_as_json_by_name(kernelwright):
    task = kernelwright("tasks", "show", "conv2d", "--json").json
    assert task["id"] == "P24"
    assert task["types"] == ["f32", "i8"]
    first = task["configurations"]["C1"]
    assert first["symbols"]["OH"] == 8
    assert first["tensors"]["y"] == {"type": "f32", "shape": [1, 8, 8]}
    assert first["work"]["mac"] == 22 * 22


def test_an_unknown_task_is_refused_with_the_nearest(kernelwright):
    result = kernelwright("tasks", "show", "sofmax")
    assert isinstance(result.error, UsageError)
    assert result.error.message == "unknown task 'sofmax'"
    assert "'softmax'" in result.error.hint


def test_an_unknown_suite_is_refused(kernelwright):
    assert kernelwright("tasks", "list", "--suite", "cor").error.message == "unknown task suite 'cor'"


@pytest.mark.parametrize("processes", [1, 2])
def test_lints_workloads_and_says_so(kernelwright, processes):
    result = kernelwright("tasks", "lint", "T01", "P04.i8/C5", "--processes", processes, "--json")
    assert result.code == 0
    assert [row["workload"] for row in result.json] == ["P04.i8/C5", "P04.i8/C5+held-out", "T01/C1", "T01/C3"]
    assert all(row["ok"] and not row["leaks"] for row in result.json)
    assert {"name": "zeros", "passed": False, "ratio": "Infinity"} in result.json[0]["nulls"]


def test_a_table_sums_up_a_lint(kernelwright):
    out = kernelwright("tasks", "lint", "P26/C5", "--processes", 1).out
    assert "P26" in out
    assert "ok" in out
    assert "passes" not in out


def test_a_leak_is_named_and_is_a_failure(kernelwright, leaky):
    result = kernelwright("tasks", "lint", "--processes", 1)
    assert result.code == 1
    assert "LEAKS" in result.out
    assert "T02/C1: a wrong kernel passes: zeros" in result.out
    assert kernelwright("tasks", "lint", "--processes", 1, "--json").json[0]["leaks"][0] == "zeros"


def test_the_smallest_mistakes_are_told_by_arithmetic(kernelwright):
    options = ("--backend", "tiny", "--processes", 1)
    [shown, held_out] = kernelwright("tasks", "lint", "P16/C1", *options, "--json").json
    assert held_out["bands"] == []
    [band] = shown["bands"]
    assert (band["backends"], band["arithmetic"]) == (["tiny"], "f32")
    assert {"kind": "one lane off", "name": "gamma", "caught": True} in [
        {key: value for key, value in one.items() if key != "ratio"} for one in band["mistakes"]
    ]
    assert "### f32 (tiny)" in kernelwright("tasks", "lint", "P16/C1", *options, "--markdown").out
    assert "gamma" not in kernelwright("tasks", "lint", "P16/C1", *options).out, "only what passes is told one by one"


def test_mistakes_that_pass_are_no_failure_but_told(kernelwright):
    result = kernelwright("tasks", "lint", "P16/C1", "--backend", "plena", "--processes", 1)
    assert result.code == 0
    assert "P16 in bf16, sums in f32: passes: wrong scale (1), up to 0.62 of the allowed error" in result.out


def test_a_backend_that_was_asked_for_must_be_there(kernelwright):
    assert kernelwright("tasks", "lint", "P16/C1", "--backend", "tny").error.message == "unknown backend 'tny'"


def test_backends_that_cannot_be_opened_are_named(kernelwright, monkeypatch):
    def broken(name: str):
        raise InfraError(f"no tool for {name}")

    monkeypatch.setattr(linting, "_open", broken)
    result = kernelwright("tasks", "lint", "T01/C1", "--processes", 1)
    assert result.code == 0
    assert "not in the arithmetic of tiny: no tool for tiny" in result.out


def test_help_has_an_example_for_every_command(kernelwright):
    for command in ("list", "show", "lint"):
        assert f"Example: kernelwright tasks {command}" in kernelwright("tasks", command, "--help").out
