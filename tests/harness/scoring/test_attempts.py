import pytest

from harness.model import StopReason
from harness.scoring.attempts import FINAL, attempts, useless
from harness.trial import Verdict

from .events import Story, call, public, repairing


def test_a_transcript_becomes_its_attempts() -> None:
    found = attempts(repairing().events)
    assert [a.number for a in found] == list(range(1, 8))
    assert [a.tool for a in found] == ["check", "check", "run", "run", "run", "profile", FINAL]
    assert [a.turn for a in found] == list(range(1, 8))
    assert found[0].source == "ADDD\nHALT"
    assert found[0].evaluation is not None
    assert found[0].evaluation.verdict is Verdict.build_error


def test_the_graded_kernel_is_found_by_its_digest() -> None:
    assert attempts(repairing().events)[-1].source == "MULV\nHALT"


def test_tokens_and_cost_add_up_over_replies() -> None:
    found = attempts(repairing().events)
    assert [a.tokens for a in found] == [120 * n for n in range(1, 8)]
    assert [a.cost for a in found] == pytest.approx([0.25 * n for n in range(1, 8)])
    assert [a.at for a in found] == sorted(a.at for a in found)


def test_an_unknown_price_stays_unknown() -> None:
    story = Story()
    story.reply(cost=None)
    story.attempt("run", "ADD", public())
    [one] = attempts(story.events)
    assert one.cost is None


def test_calls_that_judge_nothing_are_no_attempts_and_bad_calls_are() -> None:
    story = Story()
    story.reply(reading := call("read_manual", section="x"))
    story.tool(reading)
    story.reply(bad := call("jump"))
    story.tool(bad, problem="unknown tool")
    [one] = attempts(story.events)
    assert (one.tool, one.problem, one.source, one.evaluation) == ("jump", "unknown tool", None, None)


def test_two_calls_of_one_reply_share_its_turn() -> None:
    story = Story()
    first, second = call("run", source="A"), call("run", source="B")
    story.reply(first, second)
    story.tool(first, public())
    story.tool(second, public())
    assert [(a.turn, a.source) for a in attempts(story.events)] == [(1, "A"), (1, "B")]


def test_replies_without_calls_say_why_they_are_of_no_use() -> None:
    story = Story()
    story.reply(stop=StopReason.length, text="half a")
    story.reply(stop=StopReason.refusal)
    story.reply(text="words")
    story.reply()
    story.reply(call("run", source="A"))
    assert useless(story.events) == ["truncated", "refusal", "no tool call", "empty"]


def test_an_empty_transcript_has_none() -> None:
    assert attempts([]) == useless([]) == []
