from collections import Counter

import pytest

from harness.backend import Fault
from harness.grading.shape import Kind
from harness.scoring.attempts import attempts
from harness.scoring.failures import (
    BUILT,
    PASSED,
    Failure,
    Repair,
    Step,
    counts,
    describe,
    of_evaluation,
    of_trial,
    outcome,
    repairs,
    steps,
    transitions,
)
from harness.trial import Mismatch, MismatchElement, Status, Verdict

from .events import Story, call, public, repairing, trapped, unbuilt, wrong
from .trials import evaluation, trial, ungraded


@pytest.mark.parametrize(
    ("judged", "name"),
    [
        (unbuilt(), "build/unknown_mnemonic"),
        (unbuilt(""), "build/syntax"),
        (public(Verdict.build_error), "build/other"),
        (public(Verdict.rejected, diagnostics=unbuilt("forbidden_object").diagnostics), "integrity/forbidden_object"),
        (trapped(), "fault/vram_bounds"),
        (public(Verdict.fault), "fault/other"),
        (public(Verdict.timeout), "limit/timeout"),
        (public(Verdict.limit), "limit/size"),
        (public(Verdict.limit, fault=Fault(cause="limit", message="")), "limit/cycles"),
        (public(Verdict.limit, fault=Fault(cause="memory", message="")), "limit/memory"),
        (wrong("precision"), "numeric/precision"),
        (public(Verdict.wrong, summary="the kernel changed its inputs (on public inputs)"), "numeric/inputs_changed"),
        (public(Verdict.wrong, summary="2 of 4 elements of y are wrong (while timed)"), "numeric/timed"),
    ],
)
def test_every_failed_evaluation_has_a_class(judged, name) -> None:
    failure = of_evaluation(judged)
    assert str(failure) == name
    assert failure is not None
    assert describe(failure)


@pytest.mark.parametrize("judged", [public(), public(None), evaluation()])
def test_what_did_not_fail_has_none(judged) -> None:
    assert of_evaluation(judged) is None


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.passed])
def test_no_verdict_is_forgotten(verdict) -> None:
    assert of_evaluation(public(verdict)) is not None


def test_records_of_before_there_were_shapes_are_classified_by_their_examples() -> None:
    examples = tuple(MismatchElement(index=(i,), expected=i + 1.0, got=-i - 1.0, error=2.0, allowed=0.1) for i in range(4))
    old = Mismatch(output="y", inputs="public inputs", wrong=9, total=9, pattern="all", examples=examples)
    assert str(of_evaluation(public(Verdict.wrong, mismatches=(old,)))) == "numeric/sign"
    missing = old.model_copy(update={"examples": ()})
    assert str(of_evaluation(public(Verdict.wrong, mismatches=(missing,)))) == "numeric/missing"


@pytest.mark.parametrize(
    ("status", "detail", "name"),
    [
        (Status.refused, "3 replies in a row were of no use: truncated, truncated, empty", "agent/truncated"),
        (Status.refused, "3 replies in a row were of no use: no tool call, no tool call, no tool call", "agent/no_tool_call"),
        (Status.refused, "", "agent/no_submission"),
        (Status.budget, "reached the limit turns=20 with 20", "agent/turns"),
        (Status.budget, "reached the limit output_tokens=200 with 311", "agent/output_tokens"),
        (Status.provider, "503", "lost/provider"),
        (Status.cancelled, "", "lost/cancelled"),
    ],
)
def test_trials_without_a_kernel(status, detail, name) -> None:
    failure = of_trial(ungraded(status=status, detail=detail))
    assert str(failure) == name
    assert failure is not None
    assert ":" not in describe(failure), "these have words of their own"


def test_a_judged_kernel_decides_even_where_a_limit_ended_the_trial() -> None:
    over = {"status": Status.budget, "detail": "reached the limit turns=20 with 20"}
    assert of_trial(trial(speedup=1.0, **over)) is None
    assert str(of_trial(trial(speedup=None, verdict=Verdict.timeout, **over))) == "limit/timeout"


def test_every_kind_of_numeric_failure_is_described() -> None:
    kinds = Kind.__args__  # type: ignore[attr-defined]
    assert all("numeric:" not in describe(Failure("numeric", kind)) for kind in kinds)
    assert describe(Failure("build", "unknown_mnemonic")) == "build: unknown mnemonic"


def test_counts_by_model() -> None:
    trials = [
        trial("P01/C1", None, model="a", verdict=Verdict.timeout), trial("P01/C2", None, model="a", verdict=Verdict.timeout),
        trial("P01/C3", 1.0, model="a"), trial("P01/C1", 1.0, model="b"),
    ]  # fmt: skip
    assert counts(trials) == {("a", "toy"): Counter({Failure("limit", "timeout"): 2}), ("b", "toy"): Counter()}


def test_outcomes_of_attempts() -> None:
    assert [outcome(a) for a in attempts(repairing().events)] == [
        "build/unknown_mnemonic", BUILT, "fault/vram_bounds", "numeric/sign", PASSED, PASSED, PASSED,
    ]  # fmt: skip
    story = Story()
    story.reply(bad := call("jump"))
    story.tool(bad, problem="unknown tool")
    assert [outcome(a) for a in attempts(story.events)] == ["agent/unknown_tool"]


def test_transitions_follow_the_agent_and_leave_out_the_grade() -> None:
    found = steps(attempts(repairing().events))
    assert found == [
        Step("build/unknown_mnemonic", "check", BUILT), Step(BUILT, "check", "fault/vram_bounds"),
        Step("fault/vram_bounds", "run", "numeric/sign"), Step("numeric/sign", "run", PASSED), Step(PASSED, "run", PASSED),
    ]  # fmt: skip
    matrix = transitions(found + found)
    assert list(matrix) == ["build/unknown_mnemonic", BUILT, "fault/vram_bounds", "numeric/sign", PASSED]
    assert matrix["numeric/sign"] == Counter({PASSED: 2})


def test_what_feedback_fixed_what() -> None:
    again = Step("numeric/sign", "run", "numeric/sign")
    worse = Step("numeric/sign", "run", "build/syntax")
    fixed = Step("numeric/sign", "run", PASSED)
    assert repairs([again, worse, fixed, fixed, Step(PASSED, "run", "numeric/sign")]) == {
        ("numeric/sign", "run"): Repair(fixed=2, same=1, total=4)
    }
    assert not worse.is_progress
