from __future__ import annotations

import json
from typing import Any

import pytest

from harness.model import Message, StopReason, Usage


def completion(message: dict[str, Any], finish: str | None = "stop", **usage: Any) -> dict[str, Any]:
    return {
        "id": "x", "object": "chat.completion", "created": 0, "model": "gpt-5-2025-08-07",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
        "usage": usage or None,
    }  # fmt: skip


def call(arguments: str, call_id: str | None = "call_1", name: str = "run") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_what_goes_on_the_wire(connect, opening):
    model, wire = connect("openai", [completion({"content": "hi"})], temperature=0.5, top_p=0.9, reasoning_effort="high",
                          max_output_tokens=50, parallel_tool_calls=False, tool_choice="run", extra_body={"seed": 7})  # fmt: skip
    model.reply(opening.model_copy(update={"max_output_tokens": 80}))
    body = wire.bodies[0]
    key = body.pop("prompt_cache_key")
    assert len(key) == 32
    assert body == {
        "model": "m",
        "messages": [{"role": "system", "content": "You write kernels."}, {"role": "user", "content": "Solve é."}],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "run",
                    "description": "Runs a kernel.",
                    "parameters": {"type": "object", "properties": {"source": {"type": "string"}}, "required": ["source"]},
                },
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "run"}},
        "parallel_tool_calls": False,
        "max_completion_tokens": 50,
        "temperature": 0.5,
        "top_p": 0.9,
        "reasoning_effort": "high",
        "seed": 7,
    }
    assert wire.requests[0].headers["authorization"] == "Bearer sk-secret"
    assert str(wire.requests[0].url) == "https://api.openai.com/v1/chat/completions"


def test_a_turn_of_calls_alone_is_sent_with_an_empty_text(connect, opening, extend):
    """llama.cpp's server refuses null, and its chat template refuses a message without content."""
    model, wire = connect(
        "openai", [completion({"content": None, "tool_calls": [call("{}")]}, "tool_calls"), completion({"content": "ok"})]
    )
    first = model.reply(opening)
    model.reply(extend(opening, first.message, "done"))
    assistant = wire.bodies[1]["messages"][2]
    assert (assistant["role"], assistant["content"], len(assistant["tool_calls"])) == ("assistant", "", 1)


def test_other_servers_get_the_old_names_and_no_cache_key(connect, opening):
    model, wire = connect("openai", [completion({"content": "hi"})], base_url="http://127.0.0.1:8000/v1", max_output_tokens=9)
    model.reply(opening)
    assert wire.bodies[0]["max_tokens"] == 9
    assert not {"max_completion_tokens", "prompt_cache_key", "tool_choice"} & set(wire.bodies[0])
    assert model.info.settings == {"base_url": "127.0.0.1:8000", "max_output_tokens": 9}


def test_reply_with_parallel_calls_usage_and_price(connect, opening):
    usage = {
        "prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 60},
    }  # fmt: skip
    calls = [call('{"source": "a"}'), call('{"source": "b"}', "call_2")]
    model, _ = connect("openai", [completion({"content": None, "tool_calls": calls}, "tool_calls", **usage)])
    reply = model.reply(opening)
    assert [c.arguments for c in reply.message.tool_calls] == [{"source": "a"}, {"source": "b"}]
    assert [c.id for c in reply.message.tool_calls] == ["call_1", "call_2"]
    assert reply.stop is StopReason.tool_calls
    assert reply.usage == Usage(input_tokens=1000, cached_tokens=400, output_tokens=100, reasoning_tokens=60)
    assert reply.model == "gpt-5-2025-08-07"
    assert reply.cost is not None
    assert reply.cost > 0
    assert (reply.attempts, reply.retries) == (1, ())


@pytest.mark.parametrize(
    ("message", "finish", "stop"),
    [
        ({"content": "done"}, "stop", StopReason.end),
        ({"content": "", "tool_calls": [call("{}")]}, "tool_calls", StopReason.tool_calls),
        ({"content": None, "tool_calls": [call("{}")]}, "stop", StopReason.tool_calls),
        ({"content": None, "tool_calls": [call("{}")]}, None, StopReason.tool_calls),
        ({"content": None, "tool_calls": [call("{}")]}, "length", StopReason.length),
        ({"content": "half a"}, "length", StopReason.length),
        ({"content": None}, "content_filter", StopReason.refusal),
        ({"content": None, "refusal": "I cannot."}, "stop", StopReason.refusal),
        ({"content": None}, "stop", StopReason.end),
        ({"content": "x"}, "invented", StopReason.other),
        ({"content": "x"}, "tool_calls", StopReason.other),
    ],
)
def test_stop_reasons(connect, opening, message, finish, stop):
    model, _ = connect("openai", [completion(message, finish)])
    assert model.reply(opening).stop is stop


def test_a_refusal_speaks_and_an_empty_reply_is_legal(connect, opening):
    model, _ = connect("openai", [completion({"content": None, "refusal": "I cannot."}), completion({"content": None})])
    assert model.reply(opening).message.text == "I cannot."
    empty = model.reply(opening)
    assert (empty.message, empty.stop) == (Message(role="assistant"), StopReason.end)


def test_a_filtered_prompt_is_a_refusal_not_a_failure(connect, opening):
    import httpx2

    error = {"error": {"message": "The prompt was filtered.", "code": "content_filter"}}
    model, _ = connect("openai", [httpx2.Response(400, json=error)])
    reply = model.reply(opening)
    assert (reply.stop, reply.message.text) == (StopReason.refusal, "The prompt was filtered.")
    assert reply.usage == Usage()
    assert reply.cost is None


def test_malformed_arguments_are_kept_and_explained(connect, opening):
    model, _ = connect("openai", [completion({"tool_calls": [call('{"source": '), call("[1]", "call_2")]}, "tool_calls")])
    first, second = model.reply(opening).message.tool_calls
    assert (first.raw, first.arguments) == ('{"source": ', None)
    assert "Expecting value" in first.error
    assert second.error == "an array instead of an object"


def test_malformed_arguments_go_back_as_an_object(connect, opening, extend, foreign):
    model, wire = connect("openai", [completion({"content": "x"})])
    model.reply(extend(opening, foreign, "ok", "not executed"))
    sent = wire.bodies[0]["messages"][2]["tool_calls"]
    assert sent[0]["function"]["arguments"] == '{"source": "k"}'
    assert json.loads(sent[1]["function"]["arguments"]) == {"malformed": "{oops"}
    assert wire.bodies[0]["messages"][3:] == [
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
        {"role": "tool", "tool_call_id": "c2", "content": "not executed"},
    ]


def test_missing_ids_are_made_and_are_unique(connect, opening):
    calls = [call("{}", None), call("{}", "")]
    model, _ = connect("openai", [completion({"tool_calls": calls}, "tool_calls")])
    assert [c.id for c in model.reply(opening).message.tool_calls] == ["call_1_0", "call_1_1"]


def test_reasoning_of_other_servers_is_read_and_sent_back(connect, opening, extend):
    shown = {"reasoning_content": "because", "reasoning_details": [{"type": "reasoning.encrypted", "data": "xyz"}]}
    answers = [completion({"content": "a", **shown}), completion({"content": "b"})]
    model, wire = connect("openai", answers)
    message = model.reply(opening).message
    assert message.reasoning == "because"
    model.reply(extend(opening, message, "go on"))
    assert wire.bodies[1]["messages"][2] == {"role": "assistant", "content": "a", **shown}


def test_reasoning_stays_here_where_a_server_refuses_it(connect, opening, extend):
    answers = [completion({"content": "a", "reasoning_content": "because"}), completion({"content": "b"})]
    model, wire = connect("openai", answers, return_reasoning=False)
    model.reply(extend(opening, model.reply(opening).message, "go on"))
    assert wire.bodies[1]["messages"][2] == {"role": "assistant", "content": "a"}


def test_content_in_parts(connect, opening):
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    model, _ = connect("openai", [completion({"content": parts})])
    assert model.reply(opening).message.text == "ab"


def test_text_that_cannot_be_encoded_is_repaired_at_the_door(connect, opening, extend):
    import httpx2

    body = json.dumps(completion({"content": "a\ud800b", "tool_calls": [call('{"source": "\\ud83d"}')]})).encode()
    model, _ = connect("openai", [httpx2.Response(200, content=body), completion({"content": "ok"})])
    message = model.reply(opening).message
    assert message.text == "a\ufffdb"
    assert message.tool_calls[0].arguments == {"source": "\ufffd"}
    assert model.reply(extend(opening, message, "r")).message.text == "ok"
