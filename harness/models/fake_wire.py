"""The server's side of the three wire protocols: JSON of requests to normal form, replies in normal form to JSON.

It is as strict as the providers are about what a client could get wrong: every tool call must be answered, answers must belong
to calls, and reasoning must come back as it was sent, which its signature proves.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from harness.model import Message, Reply, Request, StopReason, ToolCall, ToolResult, ToolSpec, Usage
from harness.models.wire import parse_arguments

JSON = dict[str, Any]
_SECRET = b"fake server"
INCOMPLETE = {
    StopReason.length: "max_output_tokens", StopReason.refusal: "content_filter", StopReason.other: "steered"
}  # fmt: skip
"""Why the Responses protocol says that a reply is not complete."""


class BadRequestError(Exception):
    """A request that a provider would refuse with status 400."""


@dataclass(frozen=True)
class Protocol:
    """How one protocol is spoken."""

    path: str
    """Where its requests go."""
    read: Callable[[JSON], Request]
    """A request in normal form; BadRequestError if it is malformed."""
    write: Callable[[Reply, str, int], JSON]
    """The JSON of a reply, given the model's name and the number of the request."""
    error: Callable[[int, str], JSON]
    """The JSON of an error."""


def sign(text: str) -> str:
    """What a server adds to reasoning so that nobody can change it."""
    return hmac.new(_SECRET, text.encode(), hashlib.sha256).hexdigest()


class _Conversation:
    """Collects messages, checking that calls and answers fit."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._names: dict[str, str] = {}
        self._open: list[str] = []

    def user(self, text: str) -> None:
        self._all_answered()
        self.messages.append(Message(role="user", text=text))

    def assistant(self, text: str, calls: Iterable[ToolCall] = (), reasoning: str = "") -> None:
        self._all_answered()
        made = tuple(calls)
        self._open = [call.id for call in made]
        self._names |= {call.id: call.name for call in made}
        self.messages.append(Message(role="assistant", text=text, tool_calls=made, reasoning=reasoning))

    def result(self, call_id: str, content: str, is_error: bool = False) -> None:
        if call_id not in self._open:
            raise BadRequestError(f"tool result for {call_id!r}, which is no open call; open are {self._open}")
        self._open.remove(call_id)
        result = ToolResult(call_id=call_id, name=self._names[call_id], content=content, is_error=is_error)
        if self.messages[-1].role == "tool":
            last = self.messages.pop()
            self.messages.append(Message(role="tool", tool_results=(*last.tool_results, result)))
        else:
            self.messages.append(Message(role="tool", tool_results=(result,)))

    def done(self) -> tuple[Message, ...]:
        """All messages, once nothing is missing."""
        self._all_answered()
        if not self.messages or self.messages[-1].role == "assistant":
            raise BadRequestError("the conversation does not end with a user's or a tool's message")
        return tuple(self.messages)

    def _all_answered(self) -> None:
        if self._open:
            raise BadRequestError(f"calls {self._open} have no results")


def _call(call_id: Any, name: Any, arguments: Any) -> ToolCall:
    if not isinstance(arguments, str):
        raise BadRequestError(f"arguments of {name!r} are {type(arguments).__name__}, not a string")
    value, error = parse_arguments(arguments)
    return ToolCall(id=str(call_id), name=str(name), raw=arguments, arguments=value, error=error)


def _checked(reasoning: str, signature: object) -> str:
    if signature != sign(reasoning):
        raise BadRequestError("reasoning was changed: its signature does not fit")
    return reasoning


# Chat completions


def read_chat(body: JSON) -> Request:
    """A request of chat completions."""
    system, conversation = "", _Conversation()
    for message in body["messages"]:
        match message["role"]:
            case "system":
                system = message["content"]
            case "user":
                conversation.user(message["content"])
            case "assistant":
                calls = [
                    _call(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in message.get("tool_calls") or []
                ]
                if message.get("content") is None and not calls:
                    raise BadRequestError("an assistant message without content or calls")
                conversation.assistant(message.get("content") or "", calls, message.get("reasoning_content") or "")
            case "tool":
                conversation.result(message["tool_call_id"], message["content"])
            case role:
                raise BadRequestError(f"unknown role {role!r}")
    tools = [tool["function"] for tool in body.get("tools", [])]
    cap = body.get("max_completion_tokens") or body.get("max_tokens")
    return Request(system=system, messages=conversation.done(), tools=_tools(tools, "parameters"), max_output_tokens=cap)


def write_chat(reply: Reply, model: str, number: int) -> JSON:
    """A reply of chat completions."""
    message: JSON = {"role": "assistant", "content": reply.message.text or None, "refusal": None}
    if reply.message.tool_calls:
        message["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.raw}} for c in reply.message.tool_calls
        ]
    if reply.message.reasoning:
        message["reasoning_content"] = reply.message.reasoning
    finish = {"end": "stop", "refusal": "content_filter", "other": "something_new"}.get(reply.stop, str(reply.stop))
    usage = reply.usage
    return {
        "id": f"chatcmpl-{number}", "object": "chat.completion", "created": 0, "model": reply.model or model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        },
    }  # fmt: skip


# Responses


def read_responses(body: JSON) -> Request:
    """A request of the Responses protocol. Items that one reply was made of become one message again."""
    conversation = _Conversation()
    turn: list[JSON] = []
    for item in [*body["input"], None]:
        kind = None if item is None else item.get("type", "message")
        if item is not None and (kind in ("reasoning", "function_call") or item.get("role") == "assistant"):
            turn.append(item)
            continue
        if turn:
            _assistant_turn(conversation, turn)
            turn = []
        if kind == "function_call_output":
            conversation.result(item["call_id"], item["output"])
        elif item is not None:
            conversation.user(item["content"])
    if body.get("store") is not False:
        raise BadRequestError("this server stores nothing: store must be false")
    return Request(
        system=body.get("instructions", ""),
        messages=conversation.done(),
        tools=_tools(body.get("tools", []), "parameters"),
        max_output_tokens=body.get("max_output_tokens"),
    )


def _assistant_turn(conversation: _Conversation, items: list[JSON]) -> None:
    if items[-1].get("type") == "reasoning":
        raise BadRequestError("reasoning without the item that must follow it")
    text, calls, reasoning = "", [], ""
    for item in items:
        if item.get("type") == "reasoning":
            reasoning += _checked("".join(part["text"] for part in item["summary"]), item.get("encrypted_content"))
        elif item.get("type") == "function_call":
            calls.append(_call(item["call_id"], item["name"], item["arguments"]))
        else:
            content = item["content"]
            text += (
                content
                if isinstance(content, str)
                else "".join(part.get("text") or part.get("refusal") or "" for part in content)
            )
    conversation.assistant(text, calls, reasoning)


def write_responses(reply: Reply, model: str, number: int) -> JSON:
    """A reply of the Responses protocol."""
    output: list[JSON] = []
    message = reply.message
    if message.reasoning:
        summary = [{"type": "summary_text", "text": message.reasoning}]
        secret = sign(message.reasoning)
        output.append({"id": f"rs_{number}", "type": "reasoning", "summary": summary, "encrypted_content": secret})
    if message.text:
        kind = {"type": "output_text", "text": message.text, "annotations": []}
        part = {"type": "refusal", "refusal": message.text} if reply.stop is StopReason.refusal else kind
        output.append({"id": f"msg_{number}", "type": "message", "role": "assistant", "status": "completed", "content": [part]})
    for index, call in enumerate(message.tool_calls):
        names = {"call_id": call.id, "name": call.name, "arguments": call.raw, "status": "completed"}
        output.append({"id": f"fc_{number}_{index}", "type": "function_call", **names})
    reason = INCOMPLETE.get(reply.stop)
    usage = reply.usage
    return {
        "id": f"resp_{number}", "object": "response", "created_at": 0, "model": reply.model or model, "error": None,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {
            "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        },
    }  # fmt: skip


# Messages


def read_messages(body: JSON) -> Request:
    """A request of Anthropic's messages."""
    if not isinstance(body.get("max_tokens"), int):
        raise BadRequestError("max_tokens: Field required")
    conversation = _Conversation()
    for message in body["messages"]:
        blocks = message["content"]
        blocks = [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks
        if not blocks or any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            raise BadRequestError("messages: text content blocks must be non-empty")
        if message["role"] == "assistant":
            _assistant_blocks(conversation, blocks)
            continue
        for block in blocks:
            if block["type"] == "tool_result":
                conversation.result(block["tool_use_id"], block["content"], block.get("is_error", False))
            else:
                conversation.user(block["text"])
    system = body.get("system", "")
    return Request(
        system=system if isinstance(system, str) else "".join(block["text"] for block in system),
        messages=conversation.done(),
        tools=_tools(body.get("tools", []), "input_schema"),
        max_output_tokens=body["max_tokens"],
    )


def _assistant_blocks(conversation: _Conversation, blocks: list[JSON]) -> None:
    if blocks[-1]["type"] == "thinking":
        raise BadRequestError("The final block in an assistant message cannot be `thinking`.")
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    thinking = "".join(_checked(b["thinking"], b.get("signature")) for b in blocks if b["type"] == "thinking")
    calls = [_call(b["id"], b["name"], json.dumps(b["input"])) for b in blocks if b["type"] == "tool_use"]
    conversation.assistant(text, calls, thinking)


def write_messages(reply: Reply, model: str, number: int) -> JSON:
    """A reply of Anthropic's messages. Arguments that are no object cannot be said in this protocol; it sends an empty one."""
    message, usage = reply.message, reply.usage
    blocks: list[JSON] = []
    if message.reasoning:
        blocks.append({"type": "thinking", "thinking": message.reasoning, "signature": sign(message.reasoning)})
    if message.text:
        blocks.append({"type": "text", "text": message.text})
    blocks += [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.arguments or {}} for c in message.tool_calls]
    stop = {"end": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "other": "pause_turn"}
    return {
        "id": f"msg_{number}", "type": "message", "role": "assistant", "model": reply.model or model, "content": blocks,
        "stop_reason": stop.get(reply.stop, str(reply.stop)), "stop_sequence": None,
        "usage": {
            "input_tokens": _fresh(usage), "output_tokens": usage.output_tokens,
            "cache_read_input_tokens": usage.cached_tokens, "cache_creation_input_tokens": usage.cache_write_tokens,
        },
    }  # fmt: skip


def _fresh(usage: Usage) -> int | None:
    cached = (usage.cached_tokens or 0) + (usage.cache_write_tokens or 0)
    return None if usage.input_tokens is None else usage.input_tokens - cached


def _tools(tools: Iterable[JSON], schema: str) -> tuple[ToolSpec, ...]:
    return tuple(ToolSpec(name=t["name"], description=t.get("description", ""), parameters=t[schema]) for t in tools)


def openai_error(status: int, message: str) -> JSON:
    """An error as OpenAI writes it."""
    return {"error": {"message": message, "type": "server_error" if status >= 500 else "invalid_request_error", "code": None}}


def anthropic_error(status: int, message: str) -> JSON:
    """An error as Anthropic writes it."""
    kind = {429: "rate_limit_error", 529: "overloaded_error", 401: "authentication_error"}.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


PROTOCOLS = (
    Protocol("/v1/chat/completions", read_chat, write_chat, openai_error),
    Protocol("/v1/responses", read_responses, write_responses, openai_error),
    Protocol("/v1/messages", read_messages, write_messages, anthropic_error),
)
"""Every protocol that the fake server speaks."""
