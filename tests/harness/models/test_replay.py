from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import ProviderError, UsageError
from harness.model import Message, Request, ToolCall, ToolResult
from harness.models.resolve import create_model
from harness.testing import calls, says
from harness.trial import Event

RUN, SUBMIT = calls(("run", {"source": "k"})), calls(("submit", {"source": "k"}))
TIMED = "PASSED on 1 public input set.\ncycles: 100"


def answer(content: str) -> dict[str, object]:
    call = ToolCall(id="call_0", name="run", raw="{}", arguments={})
    return {"call": call.model_dump(), "result": ToolResult(call_id="call_0", name="run", content=content).model_dump()}


def write(path: Path, request: Request, feedback: str = TIMED, text: str = "") -> Path:
    """A transcript of two replies with a run between them."""
    first = RUN.model_copy(update={"message": RUN.message.model_copy(update={"text": text})})
    events = [
        Event(kind="prompt", at=0, data=request.model_dump(mode="json")),
        Event(kind="note", at=0, data={"resumed": True}),
        Event(kind="reply", at=1, data=first.model_dump(mode="json")),
        Event(kind="evaluation", at=2, data={"verdict": "passed"}),
        Event(kind="tool", at=2, data=answer(feedback)),
        Event(kind="reply", at=3, data=SUBMIT.model_dump(mode="json")),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(event.model_dump_json() + "\n" for event in events), encoding="utf-8")
    return path


def test_the_recorded_replies_come_in_order(tmp_path, opening, extend):
    model = create_model(f"replay/{write(tmp_path / 'transcript.jsonl', opening)}")
    assert model.info.is_offline
    assert model.reply(opening).message == RUN.message
    request = extend(opening, RUN.message, "PASSED on 1 public input set.\ncycles: 99\n\n2 replies are left.")
    assert model.reply(request).message == SUBMIT.message
    with pytest.raises(ProviderError, match="it holds 2 replies and the conversation asks for one more"):
        model.reply(extend(request, SUBMIT.message, "Submitted."))


def test_a_folder_is_searched_by_prompt(tmp_path, opening):
    other = opening.model_copy(update={"messages": (Message(role="user", text="Another task."),)})
    write(tmp_path / "trials" / "a" / "transcript.jsonl", opening, text="the first")
    write(tmp_path / "trials" / "b" / "transcript.jsonl", other, text="the second")
    model = create_model("replay", {"transcript": str(tmp_path)})
    assert model.reply(other).message.text == "the second"
    assert model.reply(opening).message.text == "the first"
    with pytest.raises(ProviderError, match=r"no transcript in .* begins with this conversation's prompt"):
        model.reply(opening.model_copy(update={"system": "Changed."}))


def test_another_verdict_stops_it(tmp_path, opening, extend):
    model = create_model(f"replay/{write(tmp_path / 'transcript.jsonl', opening)}")
    with pytest.raises(ProviderError, match="before reply 2 a tool said 'PASSED' and now says 'WRONG'"):
        model.reply(extend(opening, RUN.message, "WRONG: 3 of 4 elements"))


def test_other_words_of_the_model_stop_it(tmp_path, opening, extend):
    model = create_model(f"replay/{write(tmp_path / 'transcript.jsonl', opening)}")
    with pytest.raises(ProviderError, match="reply 1 of the conversation is not the recorded one"):
        model.reply(extend(opening, says("something else").message, "Go on."))


def test_exact_compares_every_word(tmp_path, opening, extend):
    path = write(tmp_path / "transcript.jsonl", opening)
    model = create_model(f"replay/{path}", {"exact": "true"})
    assert model.reply(extend(opening, RUN.message, TIMED)).message == SUBMIT.message
    with pytest.raises(ProviderError, match="before reply 2"):
        model.reply(extend(opening, RUN.message, TIMED.replace("100", "101")))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("garbage", "Expecting value"),
        ('{"kind": "reply"}', "at: Field required"),
        (json.dumps({"kind": "reply", "at": 1, "data": {"message": {}}}), "message.role: Field required"),
        (json.dumps({"kind": "tool", "at": 1, "data": {}}), "no 'result'"),
        (json.dumps({"kind": "prompt", "at": 1, "data": {"system": ""}}), "messages: Field required"),
        ("[]", "valid dictionary"),
    ],
)
def test_a_damaged_transcript_names_the_line(tmp_path, opening, line, reason):
    path = write(tmp_path / "transcript.jsonl", opening)
    rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*rows[:3], line, *rows[3:]]), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        create_model(f"replay/{path}")
    assert caught.value.message.startswith(f"transcript {str(path)!r} line 4: ")
    assert reason in caught.value.message


def test_what_is_no_recording(tmp_path):
    with pytest.raises(UsageError, match="needs a transcript"):
        create_model("replay")
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        create_model(f"replay/{tmp_path / 'none.jsonl'}")
    with pytest.raises(UsageError, match=r"holds no transcript\.jsonl"):
        create_model(f"replay/{tmp_path}")
    (tmp_path / "transcript.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match="holds no reply"):
        create_model(f"replay/{tmp_path / 'transcript.jsonl'}")
