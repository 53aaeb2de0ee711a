"""A trial in the terminal: snapshots, and what must never happen to a reader's terminal."""

import pytest

from harness.errors import UsageError
from harness.model import Usage
from harness.scoring.attempts import attempts
from harness.scoring.report import transcript
from harness.trial import Status

from ..events import Story, call, public, repairing, wrong
from ..trials import trial, ungraded
from .test_versus import text


@pytest.fixture
def story():
    return repairing()


@pytest.fixture
def one(story):
    final = attempts(story.events)[-1].evaluation
    return trial("P01/C1", model="acme/large", final=final, iterations=7, turns=7, tool_calls=7, cost=1.75,
                 usage=Usage(input_tokens=700, output_tokens=140), model_seconds=7.0, tool_seconds=3.5)  # fmt: skip


def test_the_transcript(one, story, golden):
    shown = transcript.conversation(one, story.events, attempts(story.events))
    golden("show/transcript.txt", text(shown, 100))


def test_the_kernel_with_its_costs(story, golden):
    golden("show/profile.txt", text(transcript.profile(attempts(story.events)), 100))


def test_the_difference_between_attempts(story, golden):
    golden("show/diff.txt", text(transcript.difference(attempts(story.events), 1, 2), 100))


def test_equal_kernels_have_no_difference(story):
    assert text(transcript.difference(attempts(story.events), 6, 7)) == "attempts 6 and 7 show the same kernel\n"


@pytest.mark.parametrize("pair", [(0, 1), (1, 8), (-1, 2)])
def test_attempts_that_do_not_exist(story, pair):
    with pytest.raises(UsageError, match="there is no attempt") as error:
        transcript.difference(attempts(story.events), *pair)
    assert error.value.hint == "this trial has attempts 1 to 7"


def test_an_attempt_without_a_kernel():
    story = Story()
    story.reply(bad := call("jump"))
    story.tool(bad, problem="unknown tool")
    story.attempt("run", "ADD", public())
    with pytest.raises(UsageError, match="attempt 1 shows no kernel: agent/unknown_tool") as error:
        transcript.difference(attempts(story.events), 1, 2)
    assert error.value.hint == "those that do: 2"


def test_no_profile_says_how_to_get_one():
    story = Story()
    story.attempt("run", "ADD", public())
    with pytest.raises(UsageError, match="no attempt of this trial has a profile"):
        transcript.profile(attempts(story.events))


def test_long_texts_are_cut_unless_all_is_asked_for():
    story = Story(prompt="\n".join(f"row {n}" for n in range(500)))
    short = text(transcript.conversation(ungraded(), story.events, []))
    assert "[... 440 lines left out; all of them with --full ...]" in short
    assert "row 499" in short
    assert "row 250" not in short
    assert "row 250" in text(transcript.conversation(ungraded(), story.events, [], full=True))


def test_nothing_that_a_model_wrote_reaches_the_terminal_as_a_command():
    story = Story()
    story.attempt("run", "ADD\x1b[2J\x1b]0;title\x07 ; [bold]x[/bold]", wrong())
    story.reply(text="\x1b[31mred\x9b and \r back")
    shown = text(transcript.conversation(ungraded(detail="\x1b[31m"), story.events, attempts(story.events)))
    shown += text(transcript.kernel("NOP\x1b[2J")) + text(transcript.difference(attempts(story.events), 1, 1))
    assert not {c for c in shown if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160}
    assert "[bold]x[/bold]" in shown


def test_trials_without_a_kernel_or_events_are_shown_too():
    shown = text(transcript.conversation(ungraded(status=Status.provider, detail="503", model="m"), [], []))
    assert "provider: 503" in shown
    assert "class: lost/provider (the model's server failed)" in shown
    assert "no kernel was shown to the judge" in shown
    assert "unknown tokens, unknown cost" in " ".join(shown.split())


def test_a_kernel_has_line_numbers():
    assert text(transcript.kernel("A\nB\n")) == "1 | A\n2 | B\n"
