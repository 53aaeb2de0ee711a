import errno
import json
import os

import pytest

from harness.errors import IntegrityError
from harness.model import Reply, Request, ToolCall
from harness.run.journal import RESERVE_BYTES, Journal, JournaledModel, encode, read_events
from harness.testing import says
from harness.trial import Evaluation, Event, Mismatch, MismatchElement, Verdict


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def fill(path, count=3):
    with Journal(path) as journal:
        for number in range(count):
            journal.append("reply", says(f"reply {number}"))
    return path.read_bytes()


def texts(path):
    return [event.data["message"]["text"] for event in read_events(path)[0]]


def test_events_come_back_as_they_were(path):
    fill(path)
    with Journal(path) as journal:
        assert [reply.message.text for reply in journal.of_kind("reply", Reply)] == ["reply 0", "reply 1", "reply 2"]


def test_every_event_is_one_line_on_disk_at_once(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(path.read_bytes().count(b"\n")))
    fill(path)
    assert synced == [0, 1, 2, 3]


@pytest.mark.parametrize("keep", [0, 1, -2, -1])
def test_a_torn_last_line_is_cut_off(path, keep):
    rows = fill(path).splitlines(keepends=True)
    path.write_bytes(b"".join(rows[:2]) + rows[2][:keep])
    with Journal(path) as journal:
        assert len(journal.events) == 2
        assert path.read_bytes() == b"".join(rows[:2])
        journal.append("reply", says("again"))
    assert texts(path) == ["reply 0", "reply 1", "again"]


def test_zeros_after_a_power_cut_are_cut_off(path):
    whole = fill(path)
    path.write_bytes(whole + bytes(512))
    with Journal(path):
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b"garbage\n", "Expecting value"),
        (b'{"kind": "song", "at": 0, "data": {}}\n', "1 validation error for Event"),
        (b"\xff\xfe\n", "'ascii' codec can't decode"),
        (b"\n", "Expecting value"),
        (b'{"kind": "note", \r"at": 0, "data": []}\n', "1 validation error for Event"),
    ],
)
def test_damage_in_the_middle_is_an_error_with_its_place(path, damage, reason):
    rows = fill(path).splitlines(keepends=True)
    path.write_bytes(rows[0] + damage + rows[2])
    with pytest.raises(IntegrityError, match=f"journal.jsonl line 2 is not an event: .*{reason}") as caught:
        Journal(path)
    assert "delete the trial's folder" in caught.value.hint
    assert path.read_bytes() == rows[0] + damage + rows[2]


def test_what_the_disk_refuses_leaves_no_trace(path, monkeypatch):
    with Journal(path) as journal:
        journal.append("reply", says("kept"))
        whole, sync = path.read_bytes(), os.fsync

        def full(_descriptor):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            journal.append("reply", says("lost"))
        assert path.read_bytes() == whole
        assert len(journal.events) == 1
        monkeypatch.setattr(os, "fsync", sync)
        journal.append("reply", says("next"))
    assert texts(path) == ["kept", "next"]


def test_room_for_a_reply_is_set_aside_before_it_is_asked_for(path):
    fill(path, 1)
    whole = path.read_bytes()
    asked = []

    class Model:
        def reply(self, request):
            asked.append(path.stat().st_size - len(whole))
            return says("b")

    request = Request(system="", messages=(), tools=())
    with Journal(path) as journal:
        model = JournaledModel(Model(), journal)
        assert model.reply(request).message.text == "reply 0"
        assert asked == []
        model.reply(request)
    assert asked == [RESERVE_BYTES]
    assert texts(path) == ["reply 0", "b"]
    assert path.read_bytes().endswith(b"\n")


def test_what_was_set_aside_is_given_back(path):
    whole = fill(path, 1)
    with Journal(path) as journal:
        journal.reserve()
        assert read_events(path)[1] == len(whole)  # as after a kill
    assert path.read_bytes() == whole


def test_where_there_is_no_room_a_model_is_not_asked(path, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with Journal(path) as journal, pytest.raises(OSError, match="No space left"):
        JournaledModel(None, journal).reply(Request(system="", messages=(), tools=()))
    assert path.read_bytes() == b""


@pytest.mark.parametrize("at", ["Infinity", "NaN", "1e300", "-1", '"now"'])
def test_a_time_that_no_calendar_has_is_damage(path, at):
    path.write_text(f'{{"kind": "note", "at": {at}, "data": {{}}}}\n')
    with pytest.raises(IntegrityError, match="line 1 is not an event"):
        Journal(path)


def test_once_asks_only_at_the_end_of_the_record(path):
    fill(path, 1)
    asked = []

    def ask():
        asked.append(1)
        return says(f"new {len(asked)}")

    with Journal(path) as journal:
        assert [journal.once("reply", Reply, ask).message.text for _ in range(3)] == ["reply 0", "new 1", "new 2"]
    with Journal(path) as journal:
        assert [journal.once("reply", Reply, ask).message.text for _ in range(3)] == ["reply 0", "new 1", "new 2"]
    assert len(asked) == 2


def test_notes_are_passed_over(path):
    with Journal(path) as journal:
        journal.append("note", {"text": "resumed"})
        journal.append("reply", says("a"))
        journal.append("note", {"text": "resumed"})
    with Journal(path) as journal:
        assert journal.upcoming() == "reply"
        assert journal.once("reply", Reply, lambda: says("never")).message.text == "a"
        assert journal.upcoming() is None
        assert journal.once("reply", Reply, lambda: says("b")).message.text == "b"


def test_another_course_is_an_error(path):
    fill(path)
    with Journal(path) as journal, pytest.raises(IntegrityError, match="line 1 holds 'reply' where this trial comes to 'tool'"):
        journal.once("tool", Reply, says)


def test_what_json_cannot_hold_survives(path):
    element = MismatchElement(index=(0,), expected=1.0, got=float("nan"), error=float("inf"), allowed=0.0)
    mismatch = Mismatch(output="y", inputs="public", wrong=1, total=1, pattern="", examples=(element,))
    wrong = Evaluation(
        workload="w", backend="b", stage="public", kernel="k", verdict=Verdict.wrong, summary="s", mismatches=(mismatch,)
    )
    surrogate = ToolCall(id="1", name="run", raw='{"source": "\\ud800"}', arguments={"source": "\ud800"})
    with Journal(path) as journal:
        journal.append("evaluation", wrong)
        journal.append("tool", surrogate)
    assert "NaN" not in json.dumps([json.loads(row, parse_constant=pytest.fail) for row in path.read_bytes().splitlines()][1])
    with Journal(path) as journal:
        (found,) = journal.of_kind("evaluation", Evaluation)
        assert str(found) == str(wrong)
        assert list(journal.of_kind("tool", ToolCall)) == [surrogate]


def test_an_encoded_event_is_one_ascii_line():
    row = encode(Event(kind="note", at=1.0, data={"text": "ä\n\u2028"}))
    assert row.isascii()
    assert row.count("\n") == 1
    assert row.endswith("\n")
