"""``show`` on a trial of the toy target."""

import shutil

import pytest

from harness.errors import IntegrityError, UsageError

TRIAL = "run/scripted--toy--T01-C1--r0"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("made") / "run"


@pytest.fixture
def run(kernelwright, tmp_path, made):
    """A run of the scripted agent, made once and copied for every test."""
    if not made.exists():
        kernelwright("run", "--model", "scripted", "--backend", "toy", "--suite", "toy", "--workers", "1", "--out", made)
    shutil.copytree(made, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    "name", [TRIAL, "run/scripted--toy--T01-C1", "run/trials/scripted--toy--T01-C1--r0", "run/trials/scripted--toy--T01-C1"]
)
def test_a_trial_by_any_of_its_names(kernelwright, run, name):
    out = kernelwright("show", name).out
    assert "scripted on toy: T01/C1, repeat 0" in out
    assert "turn 1" in out
    assert "graded on hidden inputs" in out


def test_the_kernel_alone_is_the_file(kernelwright, run):
    stored = next((run / "trials" / "scripted--toy--T01-C1--r0").glob("kernel.*")).read_text()
    assert kernelwright("show", TRIAL, "--kernel").out == stored.rstrip("\n") + "\n"


def test_the_difference_that_a_repair_made(kernelwright, run):
    out = kernelwright("show", TRIAL, "--diff", 1, 2).out
    assert "--- attempt 1: build/other" in out
    assert "+++ attempt 2: built" in out
    assert any(line.startswith("-") and not line.startswith("---") for line in out.splitlines())


def test_the_same_for_programs(kernelwright, run):
    found = kernelwright("show", TRIAL, "--json").json
    assert found["trial"]["spec"]["workload"] == "T01/C1"
    assert [a["number"] for a in found["attempts"]] == list(range(1, len(found["attempts"]) + 1))
    assert found["attempts"][-1]["outcome"] == "passed"
    assert found["failure"] == ""


def test_a_trial_copied_out_of_its_run_is_shown_too(kernelwright, run, tmp_path):
    shutil.copytree(run / "trials" / "scripted--toy--T01-C1--r0", tmp_path / "copied")
    assert "repeat 0" in kernelwright("show", "copied").out


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ["run/scriptd--toy--T01-C1--r0"],
            "unknown trial 'scriptd--toy--T01-C1--r0' in run",
            "did you mean 'scripted--toy--T01-C1--r0'",
        ),
        (["run/scripted"], "'scripted' is the beginning of 4 trials in run", "one of: run/scripted--toy--T01-C1--r0, "),
        (["run"], "run is a run, not a trial", "name one of its trials: run/scripted--toy--T01-C1--r0, "),
        (["nowhere/x"], "there is no trial 'nowhere/x'", "give the folder of a trial"),
        ([TRIAL, "--kernel", "--profile"], "--kernel, --profile, --diff and --json show different things", "choose one"),
        ([TRIAL, "--diff", 1, 99], "there is no attempt 99", "this trial has attempts 1 to "),
        ([TRIAL, "--profile"], "no attempt of this trial has a profile", "only the tool 'profile'"),
    ],
)
def test_what_cannot_be_shown_says_why(kernelwright, run, arguments, message, hint):
    result = kernelwright("show", *arguments)
    assert isinstance(result.error, UsageError)
    assert result.error.message == message
    assert result.error.hint.startswith(hint)


def test_a_damaged_transcript_is_named(kernelwright, run):
    (run / "trials" / "scripted--toy--T01-C1--r0" / "transcript.jsonl").write_text("{}\n")
    error = kernelwright("show", TRIAL).error
    assert isinstance(error, IntegrityError)
    assert "transcript.jsonl line 1 is not an event" in error.message
