import pytest

from harness.agent import prompts
from harness.agent.loop import PATIENCE, converse
from harness.errors import ProviderError
from harness.model import StopReason
from harness.record import canonical_json
from harness.testing import ScriptedModel, ToyBackend, calls, says, vec_add
from harness.trial import AgentLimits, AgentSettings, Status

GOOD, SLOW, BAD = "y = a + b", "t = a + b\ny = t + 0", "y = a - b"


@pytest.fixture
def play(make_toolbox):
    """Plays a script; returns the outcome and the model."""

    def run(script, limits=None, **settings):
        tools = make_toolbox(**settings)
        opening = prompts.opening(ToyBackend(), vec_add.workload("C3"), AgentSettings(**settings), tools.specs)
        model = ScriptedModel(script)
        return converse(model, tools, opening, limits or AgentLimits()), model

    return run


def submit(source=GOOD):
    return calls(("submit", {"source": source}))


def last_answers(model):
    return [result.content for result in model.requests[-1].messages[-1].tool_results]


def test_a_submission_ends_the_conversation(play):
    outcome, model = play([calls(("run", {"source": BAD})), submit()])
    assert (outcome.status, outcome.kernel, outcome.detail) == (Status.graded, GOOD, "")
    assert len(model.requests) == 2


def test_parallel_calls_are_answered_in_order(play):
    _, model = play([calls(("run", {"source": BAD}), ("check", {"source": GOOD}), ("run", {"source": GOOD})), submit()])
    results = model.requests[-1].messages[-1].tool_results
    assert [result.call_id for result in results] == ["call_0", "call_1", "call_2"]
    assert [result.content.split(":")[0].split(" on")[0] for result in results] == ["WRONG", "BUILT", "PASSED"]


def test_nothing_after_a_submission_is_executed(make_toolbox):
    tools, budget_free = make_toolbox(), AgentLimits()
    asked = []
    original = tools.call
    tools.call = lambda call: asked.append(call.name) or original(call)
    script = [
        calls(("check", {"source": GOOD}), ("submit", {"source": GOOD}), ("run", {"source": BAD}), ("submit", {"source": BAD}))
    ]
    opening = prompts.opening(ToyBackend(), vec_add.workload("C3"), AgentSettings(), tools.specs)
    outcome = converse(ScriptedModel(script), tools, opening, budget_free)
    assert outcome.kernel == GOOD
    assert asked == ["check", "submit"]


def test_a_submission_with_wrong_arguments_is_none(play):
    outcome, model = play([calls(("submit", {"kernel": GOOD}), ("run", {"source": GOOD})), submit()])
    assert outcome.status is Status.graded
    wrong, passed = last_answers(model)
    assert "the argument 'source' (a string) is missing" in wrong
    assert passed.startswith("PASSED")


USELESS = {
    "truncated": says("let me think", StopReason.length),
    "empty": says(" \n"),
    "refusal": says("I cannot", StopReason.refusal),
    "no tool call": says("```toy\ny = a + b\n```"),
}


@pytest.mark.parametrize("kind", USELESS)
def test_each_useless_reply_gets_its_own_answer(play, golden, kind):
    outcome, model = play([USELESS[kind], submit()])
    assert outcome.status is Status.graded
    message = model.requests[-1].messages[-1]
    assert message.role == "user"
    golden(f"nudges/{kind.replace(' ', '_')}.txt", message.text + "\n")


def test_the_answers_to_useless_replies_all_differ(play):
    texts = {play([reply, submit()])[1].requests[-1].messages[-1].text for reply in USELESS.values()}
    assert len(texts) == len(USELESS)


ERRORS = {
    "unknown tool": calls(("runn", {"source": GOOD})),
    "malformed arguments": calls(("run", '{"source": "y')),
    "wrong arguments": calls(("run", {"source": 3})),
    "truncated call": calls(("run", {"source": GOOD}), stop=StopReason.length),
}


@pytest.mark.parametrize("kind", USELESS | ERRORS)
def test_useless_replies_in_a_row_end_the_trial(play, kind):
    reply = (USELESS | ERRORS)[kind]
    outcome, model = play([reply] * PATIENCE)
    assert (outcome.status, outcome.kernel) == (Status.refused, None)
    assert outcome.detail == f"3 replies in a row were of no use: {kind}, {kind}, {kind}"
    assert len(model.requests) == PATIENCE


@pytest.mark.parametrize("kind", USELESS | ERRORS)
def test_a_useful_reply_renews_the_patience(play, kind):
    reply = (USELESS | ERRORS)[kind]
    outcome, _ = play([reply, reply, calls(("check", {"source": GOOD})), reply, reply, submit()])
    assert outcome.status is Status.graded


def test_a_reply_with_one_good_call_is_useful(play):
    mixed = calls(("runn", {}), ("check", {"source": GOOD}))
    assert play([mixed] * PATIENCE + [submit()])[0].status is Status.graded


def test_the_last_call_of_a_truncated_reply_is_not_executed(play):
    truncated = calls(("run", {"source": GOOD}), ("run", {"source": BAD}), stop=StopReason.length)
    _, model = play([truncated, submit()])
    first, second = last_answers(model)
    assert first.startswith("PASSED")
    assert "cut off at the length limit" in second
    assert model.requests[-1].messages[-1].tool_results[1].is_error


def test_a_truncated_submission_is_not_graded(play):
    outcome, _ = play([calls(("submit", {"source": BAD}), stop=StopReason.length), submit()])
    assert outcome.kernel == GOOD


@pytest.mark.parametrize("stop", [StopReason.end, StopReason.other, StopReason.refusal])
def test_calls_count_whatever_the_stop_reason_claims(play, stop):
    assert play([calls(("submit", {"source": GOOD}), stop=stop)])[0].kernel == GOOD


@pytest.mark.parametrize(
    ("name", "limit", "detail"),
    [
        ("turns", 3, "reached the limit turns=3 with 3"),
        ("tool_calls", 3, "reached the limit tool_calls=3 with 3"),
        ("output_tokens", 25, "reached the limit output_tokens=25 with 30"),
        ("cost", 0.03, "reached the limit cost=0.03 with 0.03"),
    ],
)
def test_a_limit_grades_the_best_public_kernel(play, name, limit, detail):
    script = [calls(("run", {"source": source}), cost=0.01) for source in (SLOW, GOOD, BAD, BAD, BAD)]
    outcome, model = play(script, AgentLimits(**{name: limit}))
    assert (outcome.status, outcome.kernel, outcome.detail) == (Status.budget, GOOD, detail)
    assert len(model.requests) == 3


def test_the_limit_of_tool_seconds(play, make_toolbox):
    tools = make_toolbox()
    original = tools.call
    tools.call = lambda call: original(call).model_copy(update={"seconds": 4.0})
    opening = prompts.opening(ToyBackend(), vec_add.workload("C3"), AgentSettings(), tools.specs)
    script = ScriptedModel(lambda _: calls(("run", {"source": BAD})))
    outcome = converse(script, tools, opening, AgentLimits(tool_seconds=10))
    assert (outcome.status, outcome.kernel) == (Status.budget, None)
    assert outcome.detail == "reached the limit tool_seconds=10 with 12"


def test_calls_beyond_the_limit_are_not_executed(play):
    many = calls(*[("run", {"source": SLOW})] * 2, ("run", {"source": GOOD}))
    outcome, _ = play([many], AgentLimits(tool_calls=2))
    assert (outcome.status, outcome.kernel) == (Status.budget, SLOW)


def test_a_submission_in_the_last_turn_counts(play):
    assert play([submit()], AgentLimits(turns=1))[0].status is Status.graded


def test_latency_is_not_charged(play):
    slow = calls(("check", {"source": GOOD}), latency_s=1e6)
    assert play([slow, slow, submit()], AgentLimits(tool_seconds=100))[0].status is Status.graded


def test_the_model_is_reminded_when_turns_run_out(play):
    check = calls(("check", {"source": GOOD}))
    _, model = play([check, says("hm"), check, check], AgentLimits(turns=4))
    second, third, last = [request.messages[-1] for request in model.requests[1:]]
    assert "left" not in second.tool_results[0].content
    assert third.text.endswith("2 replies are left.")
    assert last.tool_results[0].content.endswith("\n\n1 reply is left: submit now.")


def test_every_request_extends_the_last_byte_for_byte(play):
    useful = calls(("run", {"source": BAD}), ("zap", "{"), ("profile", {"source": GOOD}))
    script = [reply for bad in (USELESS | ERRORS).values() for reply in (bad, useful)] + [submit()]
    _, model = play(script)
    assert len(model.requests) == len(script)
    for before, after in zip(model.requests, model.requests[1:], strict=False):
        earlier, later = serialised(before), serialised(after)
        assert later.startswith(earlier)
        assert len(later) > len(earlier)


def serialised(request):
    head = canonical_json({"system": request.system, "tools": [tool.model_dump() for tool in request.tools]})
    return head + "".join(canonical_json(message) for message in request.messages)


def test_failures_of_the_server_pass_through(play):
    def fail(_request):
        raise ProviderError("500")

    with pytest.raises(ProviderError):
        play(fail)


def test_reply_tokens_cap_every_request(play):
    _, model = play([says("x"), submit()])
    assert {request.max_output_tokens for request in model.requests} == {AgentLimits().reply_tokens}


def test_the_loop_is_readable_in_one_sitting():
    from pathlib import Path

    import harness.agent.loop

    assert len(Path(harness.agent.loop.__file__).read_text().splitlines()) < 200
