from __future__ import annotations

from typing import Any

import pytest

from harness.model import Message, StopReason, Usage

THINKING = {"type": "thinking", "thinking": "why", "signature": "sig=="}
REDACTED = {"type": "redacted_thinking", "data": "EmwK"}
EPHEMERAL = {"type": "ephemeral"}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(call_id: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "run", "input": arguments, "caller": {"type": "direct"}}


def message(*blocks: dict[str, Any], stop: str = "end_turn", **fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 7,
             "output_tokens_details": {"thinking_tokens": 3}}  # fmt: skip
    return {"id": "msg", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": list(blocks),
            "stop_reason": stop, "stop_sequence": None, "usage": usage, **fields}  # fmt: skip


def test_what_goes_on_the_wire(connect, opening):
    model, wire = connect("anthropic", [message(text("hi"))], thinking="adaptive", reasoning_effort="high",
                          tool_choice="run", parallel_tool_calls=False, extra_body={"service_tier": "auto"})  # fmt: skip
    model.reply(opening)
    assert wire.bodies[0] == {
        "model": "m",
        "max_tokens": 32_000,
        "system": [{"type": "text", "text": "You write kernels.", "cache_control": EPHEMERAL}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Solve é."}]}],
        "cache_control": EPHEMERAL,
        "tools": [
            {
                "name": "run",
                "description": "Runs a kernel.",
                "input_schema": {"type": "object", "properties": {"source": {"type": "string"}}, "required": ["source"]},
            }
        ],
        "tool_choice": {"type": "tool", "name": "run", "disable_parallel_tool_use": True},
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "high"},
        "service_tier": "auto",
    }
    assert str(wire.requests[0].url) == "https://api.anthropic.com/v1/messages"


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"thinking": 2048}, "thinking", {"type": "enabled", "budget_tokens": 2048, "display": "summarized"}),
        ({"thinking": "4096"}, "thinking", {"type": "enabled", "budget_tokens": 4096, "display": "summarized"}),
        ({"thinking": "disabled"}, "thinking", {"type": "disabled"}),
        ({"tool_choice": "required"}, "tool_choice", {"type": "any"}),
        ({"tool_choice": "none", "parallel_tool_calls": True}, "tool_choice", {"type": "none"}),
        ({"parallel_tool_calls": True}, "tool_choice", {"type": "auto", "disable_parallel_tool_use": False}),
        ({"max_output_tokens": 99}, "max_tokens", 99),
    ],
)
def test_settings(connect, opening, settings, field, value):
    model, wire = connect("anthropic", [message(text("hi"))], **settings)
    model.reply(opening)
    assert wire.bodies[0][field] == value


def test_sampling_needs_the_version_of_the_api_that_had_it(connect, opening):
    model, wire = connect("anthropic", [message(text("hi"))] * 2, temperature=0.5, top_p=0.9)
    model.reply(opening)
    assert (wire.bodies[0]["temperature"], wire.bodies[0]["top_p"]) == (0.5, 0.9)
    assert wire.requests[0].headers.get_list("anthropic-version") == ["2023-06-01"]


def test_without_prompt_cache(connect, opening):
    model, wire = connect("anthropic", [message(text("hi"))], prompt_cache=False)
    model.reply(opening)
    assert "cache_control" not in wire.requests[0].content.decode()


def test_reply_and_state_across_turns(connect, opening, extend):
    blocks = (THINKING, REDACTED, text("trying"), use("t1", source="k"), use("t2", source="l"))
    model, wire = connect("anthropic", [message(*blocks, stop="tool_use"), message(text("done"))])
    reply = model.reply(opening)
    assert reply.stop is StopReason.tool_calls
    assert (reply.message.text, reply.message.reasoning) == ("trying", "why")
    assert [(c.id, c.arguments) for c in reply.message.tool_calls] == [("t1", {"source": "k"}), ("t2", {"source": "l"})]
    stored = Message.model_validate_json(reply.message.model_dump_json())
    model.reply(extend(opening, stored, "PASSED", "WRONG"))
    assert wire.bodies[1]["messages"][1:] == [
        {"role": "assistant", "content": list(blocks)},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "PASSED", "is_error": False},
                {"type": "tool_result", "tool_use_id": "t2", "content": "WRONG", "is_error": False},
            ],
        },
    ]


def test_usage_is_inclusive_and_priced(connect, opening):
    model, _ = connect("anthropic", [message(text("hi"))])
    reply = model.reply(opening)
    assert reply.usage == Usage(input_tokens=130, cached_tokens=100, cache_write_tokens=20, output_tokens=7, reasoning_tokens=3)
    # Sonnet 4.5, per million: input 3, cache write 3.75, cache read 0.30, output 15.
    assert reply.cost == pytest.approx((10 * 3 + 20 * 3.75 + 100 * 0.30 + 7 * 15) / 1e6)


@pytest.mark.parametrize(
    ("payload", "stop"),
    [
        (message(text("x")), StopReason.end),
        (message(), StopReason.end),
        (message(text("x"), stop="stop_sequence"), StopReason.end),
        (message(use("t"), stop="tool_use"), StopReason.tool_calls),
        (message(text("x"), stop="tool_use"), StopReason.other),
        (message(text("x"), stop="max_tokens"), StopReason.length),
        (message(use("t"), stop="max_tokens"), StopReason.length),
        (message(text("x"), stop="model_context_window_exceeded"), StopReason.length),
        (message(text("x"), stop="refusal"), StopReason.refusal),
        (message(text("x"), stop="pause_turn"), StopReason.other),
        (message(text("x"), stop="invented"), StopReason.other),
    ],
)
def test_stop_reasons(connect, opening, payload, stop):
    model, _ = connect("anthropic", [payload])
    assert model.reply(opening).stop is stop


def test_a_silent_refusal_says_why(connect, opening):
    details = {"type": "refusal", "category": "cyber", "explanation": None}
    model, _ = connect("anthropic", [message(stop="refusal", stop_details=details)])
    assert '"category": "cyber"' in model.reply(opening).message.text


@pytest.mark.parametrize("blocks", [(), (text(" \n"),), (THINKING,), (THINKING, text(""))])
def test_turns_that_may_not_be_sent_back_are_left_out(connect, opening, extend, blocks):
    model, wire = connect("anthropic", [message(*blocks, stop="max_tokens"), message(text("ok"))])
    reply = model.reply(opening)
    model.reply(extend(opening, reply.message, "shorter"))
    assert [m["content"][0]["text"] for m in wire.bodies[1]["messages"]] == ["Solve é.", "shorter"]
    assert all(m["role"] == "user" for m in wire.bodies[1]["messages"])


def test_an_input_that_is_no_object_is_malformed(connect, opening, extend):
    broken = {"type": "tool_use", "id": "t1", "name": "run", "input": "{oops"}
    model, wire = connect("anthropic", [message(broken, stop="tool_use"), message(text("ok"))])
    reply = model.reply(opening)
    (made,) = reply.message.tool_calls
    assert (made.raw, made.arguments) == ("{oops", None)
    assert made.error
    model.reply(extend(opening, reply.message, "malformed"))
    assert wire.bodies[1]["messages"][1]["content"] == [{**broken, "input": {"malformed": "{oops"}}]


def test_turns_of_another_model_are_written_out(connect, opening, extend, foreign):
    model, wire = connect("anthropic", [message(text("ok"))])
    model.reply(extend(opening, foreign, "1", "2"))
    assert wire.bodies[0]["messages"][1]["content"] == [
        text("I try."),
        {"type": "tool_use", "id": "c1", "name": "run", "input": {"source": "k"}},
        {"type": "tool_use", "id": "c2", "name": "run", "input": {"malformed": "{oops"}},
    ]
