"""``compare`` on runs of the toy agents."""

import json
import os
import shutil

import pytest

from harness.errors import UsageError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Runs that were made already, by what they are made of."""
    folder, runs = tmp_path_factory.mktemp("runs"), {}
    return lambda key: runs.setdefault(key, folder / str(len(runs)))


@pytest.fixture
def run(kernelwright, tmp_path, made):
    """``run("a", "compiler")`` puts a run of these models into a folder of that name."""

    def make(name, *models, **options):
        source = made((models, tuple(options.items()), os.environ.get("TOY_VERSION")))
        if not source.exists():
            chosen = [argument for model in models for argument in ("--model", model)]
            more = [argument for key, value in options.items() for argument in (f"--{key}", value)]
            result = kernelwright("run", *chosen, "--backend", "toy", "--suite", "toy", "--workers", "1", "--out", source, *more)
            assert result.code in (0, 1), result
        shutil.copytree(source, tmp_path / name)
        return name

    return make


def test_two_models_of_one_run(kernelwright, run):
    [found] = kernelwright("compare", run("one", "compiler", "toyagent"), "--json").json
    assert (found["a"]["label"], found["b"]["label"], found["backend"]) == ("compiler", "toyagent", "toy")
    assert len(found["pairs"]) == 4
    assert found["speed"]["estimate"]["value"] == pytest.approx(2.0), "the toy agent is twice as fast"
    assert found["score"]["decision"] == "undecided", "the toy suite has too few tasks"
    shown = kernelwright("compare", "one").out
    assert "toyagent against compiler on toy" in shown
    assert "4 of 4 workloads differ" in shown


def test_two_runs_of_one_model_are_told_apart_by_their_folders(kernelwright, run):
    run("first", "compiler")
    run("second", "compiler", **{"feedback": "none"})
    out = kernelwright("compare", "first", "second").out
    assert "compiler (second) against compiler (first) on toy" in out
    assert "note: another settings" in out
    assert "workloads differ" not in out
    assert "4 of 4 workloads\n" in "".join(
        f"{line.strip()}\n" for line in kernelwright("compare", "first", "second", "--pairs").out.splitlines()
    )


def test_sides_are_chosen_by_model(kernelwright, run):
    run("one", "compiler", "toyagent")
    run("two", "compiler")
    [found] = kernelwright("compare", "two", "one:toyagent", "--json").json
    assert (found["a"]["model"], found["b"]["model"]) == ("compiler", "toyagent")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["two"], "two has 1 model(s): compiler; one run alone needs two", "name two sides: two:compiler two:compiler"),
        (["one", "two"], "one has 2 models: compiler, toyagent", "choose one: one:compiler"),
        (["one:toyagnet", "two"], "unknown model 'toyagnet' in one", "did you mean 'toyagent'?"),
        (["two", "two"], "both sides are 'compiler' of two", "name two different ones"),
        (["two", "two", "two"], "a comparison has two sides, 3 were given", "name two runs, or one run of two models"),
        (["one", "--backend", "cpu"], "unknown backend 'cpu' in both runs", "known: toy"),
    ],
)
def test_what_cannot_be_compared_says_why(kernelwright, run, arguments, message, hint):
    run("one", "compiler", "toyagent")
    run("two", "compiler")
    result = kernelwright("compare", *arguments)
    assert isinstance(result.error, UsageError)
    assert (result.error.message, result.error.hint) == (message, hint)


def test_a_folder_that_is_no_run(kernelwright):
    assert "nowhere is not a run" in kernelwright("compare", "nowhere").error.message


def test_no_common_workloads(kernelwright, run):
    run("left", "compiler", tasks="T01")
    run("right", "compiler", tasks="T02")
    error = kernelwright("compare", "left", "right").error
    assert error.message.startswith("no workload has a graded trial of both 'compiler (left)' and 'compiler (right)' on 'toy'")
    assert "A has T01/C1" in error.hint


def test_what_was_judged_by_another_target_is_refused_unless_one_insists(kernelwright, run, monkeypatch):
    run("before", "compiler")
    monkeypatch.setenv("TOY_VERSION", "2")
    run("after", "compiler")
    error = kernelwright("compare", "before", "after").error
    assert error.message == "before and after were judged with different things: backend toy"
    assert "--mixed" in error.hint
    result = kernelwright("compare", "before", "after", "--mixed")
    assert "note: judged with another backend toy" in result.out


def test_a_run_moved_elsewhere_reads_the_same(kernelwright, run, tmp_path):
    run("one", "compiler", "toyagent")
    before = kernelwright("compare", "one", "--json").json
    shutil.move(tmp_path / "one", tmp_path / "with:colon")
    assert json.dumps(kernelwright("compare", "with:colon", "--json").json) == json.dumps(before)
