from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ProviderError
from harness.model import Message, StopReason, Usage

REASONING = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "why"}], "encrypted_content": "gAAA",
             "an_extra_field": [1]}  # fmt: skip


def response(*output: dict[str, Any], status: str = "completed", **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "model": "gpt-5",
        "status": status,
        "error": None,
        "output": list(output),
        **fields,
    }


def said(text: str) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}  # fmt: skip


def call(call_id: str, arguments: str = '{"source": "k"}') -> dict[str, Any]:
    return {"id": f"fc_{call_id}", "type": "function_call", "call_id": call_id, "name": "run", "arguments": arguments}


def test_what_goes_on_the_wire(connect, opening):
    model, wire = connect("openai-responses", [response(said("hi"))], reasoning_effort="low", reasoning_summary="auto",
                          tool_choice="run", max_output_tokens=50, temperature=1, extra_body={"truncation": "auto"})  # fmt: skip
    model.reply(opening)
    body = wire.bodies[0]
    assert len(body.pop("prompt_cache_key")) == 32
    assert body == {
        "model": "m",
        "instructions": "You write kernels.",
        "input": [{"role": "user", "content": "Solve é."}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "tools": [
            {
                "type": "function",
                "name": "run",
                "description": "Runs a kernel.",
                "parameters": {"type": "object", "properties": {"source": {"type": "string"}}, "required": ["source"]},
                "strict": False,
            }
        ],
        "tool_choice": {"type": "function", "name": "run"},
        "max_output_tokens": 50,
        "temperature": 1,
        "reasoning": {"effort": "low", "summary": "auto"},
        "truncation": "auto",
    }
    assert str(wire.requests[0].url) == "https://api.openai.com/v1/responses"


def test_models_that_do_not_reason_are_not_asked_for_reasoning(connect, opening):
    model, wire = connect("openai-responses", [response(said("hi"))], encrypted_reasoning=False)
    model.reply(opening)
    assert "include" not in wire.bodies[0]
    assert "reasoning" not in wire.bodies[0]


def test_reply_and_state_across_turns(connect, opening, extend):
    usage = {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 7,
             "output_tokens_details": {"reasoning_tokens": 5}}  # fmt: skip
    first = (REASONING, said("trying"), call("c1"), call("c2", '{"source": "l"}'))
    model, wire = connect("openai-responses", [response(*first, usage=usage), response(said("done"))])
    reply = model.reply(opening)
    assert reply.stop is StopReason.tool_calls
    assert reply.message.text == "trying"
    assert reply.message.reasoning == "why"
    assert [(c.id, c.arguments) for c in reply.message.tool_calls] == [("c1", {"source": "k"}), ("c2", {"source": "l"})]
    assert reply.usage == Usage(input_tokens=10, cached_tokens=4, output_tokens=7, reasoning_tokens=5)
    stored = Message.model_validate_json(reply.message.model_dump_json())
    model.reply(extend(opening, stored, "PASSED", "WRONG"))
    assert wire.bodies[1]["input"][1:] == [
        *first,
        {"type": "function_call_output", "call_id": "c1", "output": "PASSED"},
        {"type": "function_call_output", "call_id": "c2", "output": "WRONG"},
    ]


def test_reasoning_that_nothing_follows_is_not_sent_back(connect, opening, extend):
    cut = response(REASONING, status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    model, wire = connect("openai-responses", [cut, response(said("ok"))])
    reply = model.reply(opening)
    assert reply.stop is StopReason.length
    model.reply(extend(opening, reply.message, "shorter"))
    assert wire.bodies[1]["input"] == [{"role": "user", "content": "Solve é."}, {"role": "user", "content": "shorter"}]


REFUSAL = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}


@pytest.mark.parametrize(
    ("payload", "stop", "text"),
    [
        (response(said("x")), StopReason.end, "x"),
        (response(), StopReason.end, ""),
        (response(call("c")), StopReason.tool_calls, ""),
        (response(REFUSAL), StopReason.refusal, "No."),
        (response(call("c"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}), StopReason.length, ""),
        (response(status="incomplete", incomplete_details={"reason": "content_filter"}), StopReason.refusal, ""),
        (response(said("x"), status="incomplete", incomplete_details={"reason": "new"}), StopReason.other, "x"),
        (response(said("x"), status="incomplete", incomplete_details=None), StopReason.other, "x"),
        (response(status="failed", error={"code": "invalid_prompt", "message": "Flagged."}), StopReason.refusal, "Flagged."),
    ],
)
def test_stop_reasons(connect, opening, payload, stop, text):
    model, _ = connect("openai-responses", [payload])
    reply = model.reply(opening)
    assert (reply.stop, reply.message.text) == (stop, text)


def test_a_failed_response_is_retried_where_that_may_help(connect, opening):
    failed = response(status="failed", error={"code": "server_error", "message": "Oops."})
    model, _ = connect("openai-responses", [failed, response(said("ok"))])
    reply = model.reply(opening)
    assert reply.message.text == "ok"
    assert reply.attempts == 2
    assert reply.retries[0].startswith("HTTP 500: server_error: Oops.; waited ")


def test_a_failed_response_that_no_retry_cures(connect, opening):
    failed = response(status="failed", error={"code": "image_too_large", "message": "Too large."})
    model, wire = connect("openai-responses", [failed])
    with pytest.raises(ProviderError, match="image_too_large: Too large"):
        model.reply(opening)
    assert len(wire.requests) == 1


def test_turns_of_another_model_are_written_out(connect, opening, extend, foreign):
    model, wire = connect("openai-responses", [response(said("ok"))])
    model.reply(extend(opening, foreign, "1", "2"))
    assert wire.bodies[0]["input"][1:4] == [
        {"role": "assistant", "content": "I try."},
        {"type": "function_call", "call_id": "c1", "name": "run", "arguments": '{"source": "k"}'},
        {"type": "function_call", "call_id": "c2", "name": "run", "arguments": '{"malformed": "{oops"}'},
    ]
