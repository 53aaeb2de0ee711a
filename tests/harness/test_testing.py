import math

import numpy as np
import pytest

from harness.backend import Limits, ToolProvider
from harness.grading.evaluate import Judge
from harness.model import Message, Request
from harness.testing import ScriptedModel, ToyBackend, calls, relu, says, vec_add
from harness.trial import Verdict

BACKEND = ToyBackend()
WORKLOAD = vec_add.workload("C3")


@pytest.mark.parametrize("workload", [task.workload(c) for task in (vec_add, relu) for c in ("C1", "C3")], ids=lambda w: w.id)
def test_baselines_pass(workload):
    assert BACKEND.support(workload).supported
    final = Judge(BACKEND, "secret").grade(BACKEND.baseline(workload), workload)
    assert (final.verdict, final.speedup, final.alarms) == (Verdict.passed, 1.0, ())


@pytest.mark.parametrize(
    ("line", "message", "column", "hint"),
    [
        ("y = a + c", "unknown name 'c'", 9, "known: a, b, temp"),
        ("y = a + tmp", "unknown name 'tmp'", 9, "did you mean 'temp'?"),
        ("y = a / b", "'a / b' is not in the language", 5, ""),
        ("y = abs(a)", "'abs(a)' is not in the language", 5, ""),
        ("y = a[-1]", "'a[-1]' is not in the language", 5, ""),
        ("a + b", "this line is not an assignment", 1, "write: name = expression"),
        ("y = (", "cannot read this line: '(' was never closed", 1, "write: name = expression"),
        ("spin fast", "'spin' takes a number of cycles or 'forever', not 'fast'", 1, ""),
        ("y = " + "a + " * 60 + "b", "an expression is nested more than 50 deep", 5, "use scratch names"),
    ],
)
def test_build_errors_name_line_and_column(line, message, column, hint):
    build = BACKEND.build(f"temp = a\n{line}\n", WORKLOAD)
    (wrong,) = build.diagnostics
    assert (build.outcome, wrong.line, wrong.message, wrong.column, wrong.hint) == ("build_error", 2, message, column, hint)


def test_every_wrong_line_is_reported():
    assert [d.line for d in BACKEND.build("y = q\n# fine\nz = r\n", WORKLOAD).diagnostics] == [1, 3]


@pytest.mark.parametrize(
    ("source", "verdict", "words"),
    [
        ("y = a[19] + b", Verdict.fault, "index 19 is outside of a (0 to 18)"),
        ("spin 100001\ny = a + b", Verdict.limit, "more than 100000 cycles"),
        ("spin forever\ny = a + b", Verdict.timeout, "timeout"),
        ("t = a + b", Verdict.wrong, "19 of 19 elements of y are wrong"),
        ("y = a + b\na = y", Verdict.wrong, "the kernel changed its inputs"),
        ("# nothing", Verdict.build_error, "the kernel is empty"),
    ],
)
def test_every_way_to_fail_is_typed(source, verdict, words):
    evaluation = Judge(BACKEND, "secret").run(source, WORKLOAD)
    assert evaluation.verdict is verdict
    assert words in evaluation.summary


def test_cycles_are_what_the_manual_says_and_repeat():
    inputs = WORKLOAD.draw(np.random.default_rng(0))
    build = BACKEND.build("spin 7\nt = a * 2 + b\ny = t", WORKLOAD)
    first, second = BACKEND.execute(build, [inputs, inputs], Limits())
    assert first.cycles == second.cycles == 7 + 2 * (4 + math.ceil(19 / 8)) + 2 * math.ceil(19 / 8)
    assert first.profile.total == first.cycles == sum(line.cycles for line in first.profile.lines)
    np.testing.assert_array_equal(first.outputs["y"], inputs["a"] * 2 + inputs["b"])


def test_execution_stops_at_the_first_that_does_not_complete():
    inputs = WORKLOAD.draw(np.random.default_rng(0))
    build = BACKEND.build("spin forever", WORKLOAD)
    assert [e.outcome for e in BACKEND.execute(build, [inputs] * 3, Limits())] == ["timeout"]


def test_the_toy_answers_its_own_tool():
    assert isinstance(BACKEND, ToolProvider)
    with pytest.raises(ValueError, match="no tool 'look'"):
        BACKEND.call_tool("look", {}, WORKLOAD, 0)


def test_a_script_is_played_by_the_turn_of_the_conversation():
    model = ScriptedModel([says("one"), calls(("run", "{"))])
    first = Request(system="", messages=(Message(role="user", text="go"),), tools=())
    second = first.model_copy(update={"messages": (*first.messages, says("one").message)})
    assert model.reply(second).message.tool_calls[0].arguments is None
    assert model.reply(first).message.text == "one"
    assert model.requests == [second, first]
    with pytest.raises(AssertionError, match="the script has 2 replies"):
        model.reply(third(second))


def third(request):
    return request.model_copy(update={"messages": (*request.messages, says("two").message)})
