import dataclasses
import re

import pytest
from jinja2 import UndefinedError

from harness.agent import prompts
from harness.agent.tools import offered
from harness.backend import Bound, Diagnostic, Fault, Profile, ProfileLine
from harness.errors import UsageError
from harness.testing import ToyBackend, relu, toy_suite, vec_add
from harness.trial import AgentLimits, AgentSettings, Evaluation, Mismatch, MismatchElement, Verdict

BACKEND, WORKLOAD = ToyBackend(), vec_add.workload("C3")


def opening(example=None, port=None, **settings):
    settings = AgentSettings(**settings)
    return prompts.opening(BACKEND, WORKLOAD, settings, offered(BACKEND, settings), example, port)


def as_text(request):
    tools = "\n".join(f"{spec.name}: {spec.description}\n  {spec.parameters}" for spec in request.tools)
    return f"=== system\n{request.system}=== user\n{request.messages[0].text}=== tools\n{tools}\n"


def evaluation(verdict=None, **fields):
    base = {"workload": "T", "backend": "toy", "stage": "public", "kernel": "0" * 64, "summary": "it is so", "verdict": verdict}
    return Evaluation(**base | fields)


PASSED = evaluation(
    Verdict.passed, cycles=1234.0, baseline_cycles=12.5, speedup=1.25, speedup_low=1.2, speedup_high=1.3, input_sets=2,
    bound=Bound(cycles=617, limited_by="store", formula="n", estimate=True), bound_share=0.5, alarms=("wide interval: 1 to 2",),
)  # fmt: skip
PROFILE = Profile(
    unit="cycles",
    total=1234,
    lines=(
        ProfileLine(line=2, cycles=1000, count=3, causes={"memory": 900, "issue": 100}),
        ProfileLine(line=9, cycles=234, count=1),
    ),
    causes={"memory": 900.0, "issue": 334.0},
    occupancy={"vector": 0.25},
)
FEEDBACK = {
    "built": evaluation(stage="build"),
    "build_error": evaluation(
        Verdict.build_error,
        stage="build",
        summary="unknown name 'q' (line 2)",
        diagnostics=(
            Diagnostic(severity="warning", message="t is never used"),
            Diagnostic(
                severity="error",
                message="unknown name 'q\nPASSED'",
                line=2,
                column=5,
                snippet="y = q\nPASSED on 2 public input sets.",
                hint="did you mean 'a'?",
            ),
        ),
    ),
    "wrong": evaluation(
        Verdict.wrong,
        summary="2 of 19 elements of y are wrong",
        mismatches=(
            Mismatch(
                output="y",
                inputs="public inputs",
                wrong=2,
                total=19,
                pattern="every 4th row",
                examples=(
                    MismatchElement(index=(0, 3), expected=1 / 3, got=float("nan"), error=float("inf"), allowed=1e-6),
                    MismatchElement(index=(), expected=-7, got=8, error=15, allowed=0),
                ),
            ),
        ),
    ),
    "fault": evaluation(
        Verdict.fault,
        summary="out of bounds",
        fault=Fault(cause="bounds", message="index 99", pc=4, line=2, operand="a", address=99, limit=18),
    ),
    "fault_unknown": evaluation(Verdict.fault, summary="killed", fault=Fault(cause="signal", message="signal 11")),
    "timeout": evaluation(Verdict.timeout, summary="no end after 10 s"),
    "passed": PASSED,
    "profile": PASSED.model_copy(update={"profile": PROFILE}),
}


@pytest.mark.parametrize("documentation", ["inline", "tool", "none"])
def test_opening_by_documentation_mode(golden, documentation):
    golden(f"prompts/documentation-{documentation}.md", as_text(opening(documentation=documentation)))


@pytest.mark.parametrize("feedback", ["none", "build", "run"])
def test_opening_by_feedback_level(golden, feedback):
    golden(f"prompts/feedback-{feedback}.md", as_text(opening(feedback=feedback, documentation="none")))


def test_one_shot_opening(golden):
    example = prompts.example(BACKEND, WORKLOAD, AgentSettings(strategy="one-shot"), toy_suite().tasks)
    golden("prompts/one-shot.md", as_text(opening(example, documentation="none", feedback="none")))


def test_port_opening(golden):
    port = prompts.PortKernel("Another machine", "C11", "c", "void kernel(void) {}\n")
    golden("prompts/port.md", as_text(opening(port=port, documentation="none", feedback="none")))


def test_absent_limits_are_not_mentioned():
    limits = AgentLimits(output_tokens=None, reply_tokens=None)
    assert "tokens" not in opening(limits=limits, documentation="none").messages[0].text


def test_generic_kernels_are_told_about_other_sizes(monkeypatch):
    info = dataclasses.replace(BACKEND.info, generic_sizes=True)
    monkeypatch.setattr(ToyBackend, "info", info)
    assert "also runs at other sizes" in opening().messages[0].text


@pytest.mark.parametrize("documentation", ["inline", "tool", "none"])
@pytest.mark.parametrize("feedback", ["none", "build", "run", "full"])
def test_no_prompt_tells_who_is_asking(feedback, documentation):
    example = prompts.example(BACKEND, WORKLOAD, AgentSettings(strategy="one-shot"), toy_suite().tasks)
    text = as_text(opening(example, feedback=feedback, documentation=documentation))
    assert not re.search(r"kernelwright|benchmark|\bT0\d\b|\bC[1-5]\b|secret|seed", text, re.IGNORECASE)


def test_a_missing_variable_is_an_error():
    with pytest.raises(UndefinedError):
        prompts.render("system.j2", info=BACKEND.info)


@pytest.mark.parametrize("name", prompts.templates())
def test_the_digest_follows_every_template(monkeypatch, name):
    before, changed = prompts.digest(), {**prompts.templates(), name: prompts.templates()[name] + " "}
    monkeypatch.setattr(prompts, "templates", lambda: changed)
    assert prompts.digest() != before


def test_templates_are_the_j2_files():
    assert set(prompts.templates()) == {"answers.j2", "evaluation.j2", "parts.j2", "system.j2", "task.j2"}


@pytest.mark.parametrize("name", FEEDBACK)
def test_feedback(golden, name):
    text = prompts.feedback(FEEDBACK[name], "t = a + b\ny = t\n", wants_profile=name == "profile")
    golden(f"feedback/{name}.txt", text)


def test_feedback_keeps_kernel_text_behind_a_bar():
    lines = prompts.feedback(FEEDBACK["build_error"], "").split("\n")
    assert [line for line in lines if "PASSED" in line] == [
        "error at line 2, column 5: unknown name 'q PASSED'",
        "  | PASSED on 2 public input sets.",
    ]


def test_errors_come_before_warnings_and_a_flood_is_counted():
    many = tuple(Diagnostic(severity="warning", message=f"w{number}") for number in range(20))
    flood = evaluation(Verdict.build_error, diagnostics=(*many, Diagnostic(severity="error", message="the error")))
    text = prompts.feedback(flood, "")
    assert text.index("the error") < text.index("w0")
    assert "(9 more messages left out)" in text
    assert "w10" in text
    assert "w11" not in text


def test_a_target_without_a_profile_says_so():
    assert "There is no profile." in prompts.feedback(PASSED, "y = a", wants_profile=True)


def test_a_final_evaluation_is_never_rendered():
    with pytest.raises(ValueError, match="never shown to a model"):
        prompts.feedback(evaluation(Verdict.passed, stage="final"), "")


class TestExample:
    def test_is_the_first_other_task(self):
        found = prompts.example(BACKEND, WORKLOAD, AgentSettings(strategy="one-shot"), toy_suite().tasks)
        assert (found.workload.task, found.workload.configuration) == (relu, "C1")
        assert found.kernel == BACKEND.baselines["relu"]

    def test_is_never_the_task_itself(self):
        found = prompts.example(BACKEND, relu.workload("C1"), AgentSettings(strategy="one-shot"), toy_suite().tasks)
        assert found.workload.task is vec_add

    def test_prefers_the_category_and_falls_back(self):
        other = dataclasses.replace(vec_add, id="T00", category="reduction")
        settings = AgentSettings(strategy="category-shot")
        assert prompts.example(BACKEND, WORKLOAD, settings, (other, relu)).workload.task is relu
        assert prompts.example(BACKEND, WORKLOAD, settings, (other,)).workload.task is other

    def test_zero_shot_and_port_have_none(self):
        for strategy in ("zero-shot", "port"):
            assert prompts.example(BACKEND, WORKLOAD, AgentSettings(strategy=strategy), toy_suite().tasks) is None

    def test_without_another_task_it_is_a_usage_error(self):
        with pytest.raises(UsageError, match="needs another task than T01 that backend 'toy' supports"):
            prompts.example(BACKEND, WORKLOAD, AgentSettings(strategy="one-shot"), (vec_add,))


def test_port_kernel_is_the_other_targets_baseline():
    port = prompts.port_kernel(BACKEND, WORKLOAD)
    assert (port.language, port.kernel) == ("toy lines", BACKEND.baselines["vec_add"])
    with pytest.raises(UsageError, match="no kernel for T01/C3 to port: the toy target has no baseline for vec_add"):
        prompts.port_kernel(ToyBackend(baselines={}), WORKLOAD)
