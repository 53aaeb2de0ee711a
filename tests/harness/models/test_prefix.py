"""Each request extends the one before, byte for byte: what provider-side prompt caches need."""

from __future__ import annotations

import json
from typing import Any

import pytest

KEYS = {"openai": "messages", "openai-responses": "input", "anthropic": "messages"}


def chat(text: str | None, *ids: str, finish: str = "stop", **fields: Any) -> dict[str, Any]:
    calls = [{"id": i, "type": "function", "function": {"name": "run", "arguments": '{"source": "k\\u00e9"}'}} for i in ids]
    message = {"content": text, **({"tool_calls": calls} if calls else {}), **fields}
    return {"choices": [{"message": message, "finish_reason": finish}]}


def responses(text: str | None, *ids: str, reasoning: str = "") -> dict[str, Any]:
    output: list[dict[str, Any]] = [{"type": "reasoning", "summary": [], "encrypted_content": reasoning}] if reasoning else []
    if text:
        output.append({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]})
    output += [{"type": "function_call", "call_id": i, "name": "run", "arguments": '{"source":"k"}'} for i in ids]
    return {"status": "completed", "output": output}


def messages(text: str | None, *ids: str, thinking: str = "") -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "thinking", "thinking": thinking, "signature": "s"}] if thinking else []
    if text:
        content.append({"type": "text", "text": text})
    content += [{"type": "tool_use", "id": i, "name": "run", "input": {"b": 1, "a": 2}} for i in ids]
    return {"content": content, "stop_reason": "tool_use" if ids else "end_turn"}


CONVERSATIONS = {
    "openai": [
        chat("é", "a", finish="tool_calls"), chat(None, "b", "c", reasoning_content="r"), chat(None), chat("x", finish="length"),
        chat("y", "d"),
    ],
    "openai-responses": [
        responses("é", "a", reasoning="e1"), responses(None, "b", "c", reasoning="e2"), responses(None), responses("x"),
        responses(None, reasoning="e3"), responses("y", "d"),
    ],
    "anthropic": [
        messages("é", "a", thinking="t1"), messages(None, "b", "c", thinking="t2"), messages(None), messages("x"),
        messages(None, thinking="t3"), messages("y", "d"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("provider", KEYS)
def test_every_request_extends_the_one_before(connect, opening, extend, provider):
    answers = CONVERSATIONS[provider]
    model, wire = connect(provider, answers.copy(), reasoning_effort="low")
    request = opening
    for number in range(len(answers)):
        message = model.reply(request).message
        results = [f"result {number}.{n}" for n in range(len(message.tool_calls))] or [f"nudge {number}"]
        request = extend(request, message, *results)
    key = KEYS[provider]
    for before, after in zip(wire.requests[:-1], wire.requests[1:], strict=True):
        old, new = json.loads(before.content), json.loads(after.content)
        assert {k: v for k, v in old.items() if k != key} == {k: v for k, v in new.items() if k != key}
        assert len(new[key]) > len(old[key])
        head = f'"{key}":['.encode()
        old_bytes, new_bytes = before.content.partition(head)[2], after.content.partition(head)[2]
        grown = json.dumps(old[key], ensure_ascii=False, separators=(",", ":")).encode()[1:-1]
        assert old_bytes.startswith(grown)
        assert new_bytes.startswith(grown + b",")
