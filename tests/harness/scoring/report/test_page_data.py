import base64
import json
import random
import zlib
from typing import Any

from harness.scoring.report.page.data import Source, digest_of, evaluation_data, slim, trial_data
from harness.scoring.report.page.pack import Packer, Place, Texts, compact, script_json
from harness.trial import Event, TrialSpec

from ..trials import evaluation, trial
from . import sources


def unpack(chunk: str) -> list[Any]:
    return json.loads(zlib.decompress(base64.b64decode(chunk)))


def made(seed: int = 1) -> Source:
    return sources.trial(1, TrialSpec(model="acme/large", backend="toy", workload="P03/C2"), random.Random(seed))


def test_values_come_back_from_where_they_were_put() -> None:
    packer = Packer(size=100)
    values = [{"text": "x" * 40, "n": n} for n in range(7)]
    places = [packer.add(value) for value in values]
    chunks = [unpack(chunk) for chunk in packer.close()]
    assert len(chunks) > 1
    assert [chunks[place.chunk][place.item] for place in places] == values


def test_closing_twice_adds_nothing() -> None:
    packer = Packer()
    packer.add(1)
    assert packer.close() == packer.close()
    assert Packer().close() == []


def test_a_text_is_stored_once_by_headings() -> None:
    packer = Packer()
    texts = Texts(packer)
    manual = "## One\n\nfirst\n\n## Two\n\nsecond\n"
    a, b = texts.add(f"# P01\n\n{manual}"), texts.add(f"# P02\n\n{manual}")
    stored = [unpack(chunk) for chunk in packer.close()]
    assert "".join(stored[p.chunk][p.item] for p in b) == f"# P02\n\n{manual}"
    assert a[1:] == b[1:]
    assert sum(map(len, stored)) == 4
    assert texts.add("") == []


def test_json_survives_surrogates_and_what_is_not_finite() -> None:
    value = {"a": [float("nan"), float("inf"), (-float("inf"),)], "s": "\ud800 é"}
    assert json.loads(compact(value)) == {"a": ["NaN", "Infinity", ["-Infinity"]], "s": "\ud800 é"}
    assert compact(value).isascii()


def test_no_text_ends_a_script() -> None:
    text = script_json({"x": "</script><!--<script>"})
    assert "<" not in text
    assert json.loads(text) == {"x": "</script><!--<script>"}


def test_nothing_said_is_left_out_but_zero() -> None:
    assert slim({"a": None, "b": "", "c": [], "d": {}, "e": (), "f": False, "g": 0, "h": 0.0, "i": True}) == {
        "g": 0, "h": 0.0, "i": True,
    }  # fmt: skip


def test_a_trial_holds_each_kernel_once_in_the_order_shown() -> None:
    data = trial_data(made(), Texts(Packer()))
    assert len(set(data["kernels"])) == len(data["kernels"])
    judged = [step["kernel"] for step in data["steps"] if step["kind"] == "evaluation" and step["stage"] != "final"]
    assert judged == sorted(judged)
    calls = [call for step in data["steps"] if step["kind"] == "reply" for call in step["calls"]]
    assert [call["kernel"] for call in calls] == judged
    assert all("source" not in call["arguments"] for call in calls if "arguments" in call)
    assert data["kernels"][data["final"]["kernel"]] == made().kernel
    assert json.dumps(data).count("attempt 0") == 1


def test_prompts_go_to_the_texts() -> None:
    packer = Packer()
    data = trial_data(made(), Texts(packer))
    prompt = data["steps"][0]
    stored = [unpack(chunk) for chunk in packer.close()]
    text = "".join(stored[p.chunk][p.item] for p in prompt["messages"][0]["text"])
    assert text.startswith("# The task\n\nWrite P03/C2.")
    assert text.endswith(sources.MANUAL)
    assert "Write P03/C2" not in json.dumps(data)


def test_a_trial_without_a_transcript_shows_its_kernel() -> None:
    source = Source("run", trial(final=evaluation(kernel=digest_of("HALT"))), kernel="HALT")
    data = trial_data(source, Texts(Packer()))
    assert data["kernels"] == ["HALT"]
    assert data["final"]["kernel"] == 0
    assert data["steps"] == []


def test_a_kernel_whose_text_is_not_kept_is_named_by_its_digest() -> None:
    data = trial_data(Source("run", trial(final=evaluation(kernel="f" * 64))), Texts(Packer()))
    assert data["final"]["kernel"] is None
    assert data["final"]["digest"] == "f" * 64


def test_malformed_calls_are_kept_as_they_came() -> None:
    call = {"id": "1", "name": "run", "raw": "{not json", "arguments": None, "error": "Expecting property name"}
    message = {"role": "assistant", "text": "", "tool_calls": [call]}
    result = {"call_id": "1", "name": "run", "content": "bad arguments", "is_error": True}
    events = [
        Event(kind="reply", at=1.0, data={"message": message, "stop": "length", "usage": {}, "retries": ["429, waited 1 s"]}),
        Event(kind="tool", at=2.0, data={"call": call, "result": result, "problem": "bad arguments", "seconds": 0.0}),
        Event(kind="note", at=3.0, data={"why": "resumed"}),
    ]
    reply, tool, note = trial_data(Source("run", trial(), events), Texts(Packer()))["steps"]
    assert reply["calls"] == [{"id": "1", "name": "run", "raw": "{not json", "error": "Expecting property name"}]
    assert reply["retries"] == ["429, waited 1 s"]
    assert (tool["is_error"], tool["problem"], tool["text"]) == (True, "bad arguments", "bad arguments")
    assert note["data"] == {"why": "resumed"}


def test_places_are_pairs_for_the_script() -> None:
    assert json.loads(compact([Place(3, 4)])) == [[3, 4]]


def test_an_evaluation_drops_what_its_trial_says() -> None:
    from harness.scoring.report.page.data import Kernels

    data = evaluation_data(evaluation().model_dump(mode="json"), Kernels())
    assert "workload" not in data
    assert "profile" not in data
    assert data["speedup"] == 1.0
