"""``kernelwright redteam`` on the toy target and a small corpus of its own."""

import json

import pytest

CHEAT = "# cheat: {name}\n# expect: {expect}\n# workload: {workload}\n# {extra}why: it hopes that nobody looks.\n\n{text}\n"


@pytest.fixture
def corpus(tmp_path):
    def add(name, text, expect="wrong", workload="T01/C1 T02/C1", extra="", backend="toy"):
        folder = tmp_path / "corpus" / backend
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.toy").write_text(CHEAT.format(name=name, text=text, expect=expect, workload=workload, extra=extra))
        return tmp_path / "corpus"

    add("zeros", "y = 0")
    add("beyond", "t = a[1000]\ny = a + b", "fault", "T01/C?")
    return add


def test_a_line_for_each_cheat_and_a_matrix_of_layers(kernelwright, corpus, tmp_path):
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--workers", 1)
    assert result.code == 0
    lines = [line.split() for line in result.out.splitlines()]
    assert ["toy", "beyond", "2", "target"] in lines
    assert ["toy", "zeros", "2", "judge"] in lines
    assert ["stopped", "by", "target", "judge", "LEAK"] in lines
    assert ["toy", "2", "2", "0"] in lines
    assert result.out.splitlines()[-1] == "2 cheats, 3 workloads, 4 attempts: 0 leaks, 0 not judged; stopped by target 2, judge 2"


def test_a_leak_is_said_and_is_exit_code_1(kernelwright, corpus, capsys, tmp_path):
    corpus("honest", "y = a + b", workload="T01/C1")
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--workers", 1, "--cheat", "honest")
    assert result.code == 1
    assert "LEAK: toy/honest on T01/C1: right on 4 input sets" in result.out


def test_workers_find_the_same(kernelwright, corpus, tmp_path):
    arguments = ("redteam", "--corpus", tmp_path / "corpus", "--json", "--workers")
    one, two = (kernelwright(*arguments, workers).json["attempts"] for workers in (1, 2))
    for attempt in (*one, *two):
        attempt.pop("seconds")
        attempt.pop("summary")
    assert one == two
    assert [attempt["layer"] for attempt in one] == ["target", "target", "judge", "judge"]


def test_templates_are_filled_for_each_workload(kernelwright, corpus, tmp_path):
    corpus("overwrites", "{{ baseline }}{{ workload.inputs | first }} = 0", extra="template: yes\n# ")
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--workers", 1, "--cheat", "overwrites", "--json")
    assert [attempt["layer"] for attempt in result.json["attempts"]] == ["inputs", "inputs"]


def test_stopped_otherwise_than_written(kernelwright, corpus, tmp_path):
    corpus("typo", "y = nothing", workload="T01/C1")
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--workers", 1, "--cheat", "typo")
    assert result.code == 0
    assert "otherwise than written: toy/typo on T01/C1: build_error: unknown name 'nothing'" in result.out


def test_what_cannot_be_tried_is_said(kernelwright, corpus, tmp_path):
    corpus("other", "y = 0", backend="abacus")
    corpus("code", "y = 0", extra="machine: pdp11\n# ")
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--workers", 1)
    assert "not tried: abacus: no backend of this name is registered" in result.out
    assert "not tried: toy/code: it is machine code of pdp11" in result.out


def test_nothing_tried_is_no_success(kernelwright, corpus, tmp_path):
    corpus("other", "y = 0", backend="abacus")
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--backend", "abacus", "--json")
    assert result.code == 1
    assert json.loads(result.out)["attempts"] == []


def test_a_machine_that_fails_is_no_success(kernelwright, corpus, monkeypatch, tmp_path):
    import toyplugin

    from harness.errors import InfraError

    def broken(*_arguments):
        raise InfraError("the box broke")

    monkeypatch.setattr(toyplugin.Toy, "execute", broken)
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--workers", 1, "--cheat", "zeros")
    assert result.code == 1
    assert "not judged: toy/zeros on T01/C1: the box broke" in result.out


def test_quick_tries_the_first_workload(kernelwright, corpus, tmp_path):
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--workers", 1, "--quick", "--json")
    assert [attempt["workload"] for attempt in result.json["attempts"]] == ["T01/C1", "T01/C1"]
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", "--workers", 1, "--tasks", "T02", "--json")
    assert [attempt["workload"] for attempt in result.json["attempts"]] == ["T02/C1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "tay"], "unknown backend 'tay' in the corpus"),
        (["--cheat", "zero"], "did you mean 'zeros'?"),
        (["--tasks", "T09"], "unknown task or suite 'T09'"),
    ],
)
def test_names_that_do_not_exist(kernelwright, corpus, arguments, message, tmp_path):
    result = kernelwright("redteam", "--corpus", tmp_path / "corpus", *arguments)
    assert result.code == 2
    assert message in str(result.error)
