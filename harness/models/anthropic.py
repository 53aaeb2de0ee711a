"""Anthropic's messages: ``anthropic/MODEL``.

The content blocks of earlier turns, signed thinking among them, are sent back as they came; they are the message's state. The
prompt cache is marked at the end of the system text and, by a field of the request, at the end of the conversation, so that no
message changes when it stops being the last one.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from harness.model import Message, Model, ModelContext, ModelInfo, Reply, Request, StopReason, Usage
from harness.models import pricing
from harness.models.settings import Settings, find_key, read_settings, resolve_url
from harness.models.wire import JSON, Caller, count, given, need, objects, sendable_arguments, tool_call, without_trailing

PROVIDER = "anthropic"
KEY = "ANTHROPIC_API_KEY"
URL = "https://api.anthropic.com"
SAMPLING_VERSION = "2023-06-01"
"""The last version of the API that has temperature and top_p; the SDK's own version answers them with status 400."""
DEFAULT_CAP = 32_000
"""Cap on a reply where nobody sets one; the protocol demands some."""
THINKING = frozenset({"thinking", "redacted_thinking"})
STOPS = {
    "end_turn": StopReason.end, "stop_sequence": StopReason.end, "tool_use": StopReason.tool_calls,
    "max_tokens": StopReason.length, "model_context_window_exceeded": StopReason.length, "refusal": StopReason.refusal,
}  # fmt: skip


class AnthropicSettings(Settings):
    """Settings of Anthropic's messages."""

    thinking: Literal["adaptive", "between_tools", "disabled"] | int | None = None
    """How the model may think, or a budget in tokens for models that take one; None leaves the model's default."""
    prompt_cache: bool = True
    """Whether the prompt cache is used; a few compatible servers do not know its fields."""


def create(context: ModelContext) -> Model:
    """The entry point. UsageError for settings that do not fit and for a missing key; nothing is sent."""
    name = f"{PROVIDER}/{context.name}"
    settings = read_settings(AnthropicSettings, context.settings, name)
    url = resolve_url(settings, "ANTHROPIC_BASE_URL", URL)
    key = find_key(settings, KEY, url, name)
    import anthropic

    # Compatible servers may look for the key where earlier SDKs put it.
    headers = {} if url == URL else {"X-Api-Key": key}
    client = anthropic.Anthropic(api_key=key, base_url=url, timeout=settings.timeout, max_retries=0, default_headers=headers)
    return AnthropicModel(context.name, settings, client)


create.key_env = KEY  # type: ignore[attr-defined]  # shown by `kernelwright models list`


class AnthropicModel:
    """A model behind Anthropic's messages."""

    def __init__(self, name: str, settings: AnthropicSettings, client: Any) -> None:
        """``client`` is an `anthropic.Anthropic`, whose own retries are off."""
        import anthropic

        self.name, self.settings = name, settings
        self.url = str(client.base_url).rstrip("/")
        self._client = client
        self._caller = Caller(f"{PROVIDER}/{name}", anthropic, client.api_key, settings.attempts)

    @property
    def info(self) -> ModelInfo:
        """Name and settings."""
        return ModelInfo(f"{PROVIDER}/{self.name}", self.settings.of_the_row(self.url, URL))

    def reply(self, request: Request) -> Reply:
        """One turn."""
        body = self.body(request)
        send = self._client.messages.with_raw_response.create
        return self._caller.reply(lambda: send(**body), lambda payload: self.read(payload, request))

    def body(self, request: Request) -> JSON:
        """The JSON of a request; its messages extend those of the request before."""
        s = self.settings
        cache = {"type": "ephemeral"} if s.prompt_cache else None
        body: JSON = {"model": self.name, "max_tokens": s.output_cap(request.max_output_tokens) or DEFAULT_CAP}
        if request.system:
            body["system"] = [{"type": "text", "text": request.system, **given(cache_control=cache)}]
        body["messages"] = [wire for message in request.messages if (wire := wire_message(message))["content"]]
        body |= given(cache_control=cache)
        if request.tools:
            body["tools"] = [{"name": t.name, "description": t.description, "input_schema": t.parameters} for t in request.tools]
            body |= given(tool_choice=choice(s.tool_choice, s.parallel_tool_calls))
        sampling = given(temperature=s.temperature, top_p=s.top_p)
        return body | given(
            extra_headers={"anthropic-version": SAMPLING_VERSION} if sampling else None,
            thinking=thinking(s.thinking),
            output_config={"effort": s.reasoning_effort} if s.reasoning_effort else None,
            extra_body={**sampling, **(s.extra_body or {})} or None,
        )

    def read(self, payload: JSON, request: Request) -> Reply:
        """A reply from the JSON of an answer. AttemptError if it is no message."""
        blocks = objects(need(payload, "content", list))
        calls = [
            tool_call(block.get("input", {}), block.get("name"), block.get("id"), request, index)
            for index, block in enumerate(block for block in blocks if block.get("type") == "tool_use")
        ]
        usage = read_usage(payload.get("usage"))
        model = str(payload.get("model") or "")
        stop = STOPS.get(str(payload.get("stop_reason")), StopReason.other)
        text = "".join(str(block.get("text") or "") for block in blocks if block.get("type") == "text")
        return Reply(
            message=Message(
                role="assistant",
                text=text or (refusal_text(payload) if stop is StopReason.refusal else ""),
                tool_calls=tuple(calls),
                reasoning="\n\n".join(str(b.get("thinking") or "") for b in blocks if b.get("type") == "thinking").strip(),
                state=blocks or None,
            ),
            stop=StopReason.other if stop is StopReason.tool_calls and not calls else stop,
            usage=usage,
            model=model,
            cost=pricing.cost(usage, self.url, model, self.name),
        )


def wire_message(message: Message) -> JSON:
    """One message. Its content may be empty (an empty reply is legal to receive and illegal to send): then it is left out."""
    if message.role == "user":
        return {"role": "user", "content": [{"type": "text", "text": message.text}] if message.text.strip() else []}
    if message.role == "tool":
        results = [
            {"type": "tool_result", "tool_use_id": r.call_id, "content": r.content, "is_error": r.is_error}
            for r in message.tool_results
        ]
        return {"role": "user", "content": results}
    blocks = made_blocks(message) if message.state is None else message.state
    sendable = [block for block in blocks if block.get("type") != "text" or str(block.get("text") or "").strip()]
    # Only a compatible server can have sent an input that is no object; none takes one back.
    sendable = [{**b, "input": {"malformed": b["input"]}} if not isinstance(b.get("input", {}), dict) else b for b in sendable]
    return {"role": "assistant", "content": without_trailing(sendable, THINKING)}


def made_blocks(message: Message) -> list[JSON]:
    """The blocks of an assistant turn that another model took."""
    calls = [{"type": "tool_use", "id": c.id, "name": c.name, "input": sendable_arguments(c)} for c in message.tool_calls]
    return [{"type": "text", "text": message.text}, *calls]


def read_usage(usage: Any) -> Usage:
    """Tokens in normal form. Anthropic counts cached input apart from ``input_tokens``; here it is part of it."""
    fresh = count(usage, "input_tokens")
    cached, written = count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens")
    return Usage(
        input_tokens=None if fresh is None else fresh + (cached or 0) + (written or 0),
        cached_tokens=cached,
        cache_write_tokens=written,
        output_tokens=count(usage, "output_tokens"),
        reasoning_tokens=count(usage, "output_tokens_details", "thinking_tokens"),
    )


def refusal_text(payload: JSON) -> str:
    """What the provider says about a refusal that came without words."""
    details = payload.get("stop_details")
    return json.dumps(details, ensure_ascii=False) if isinstance(details, dict) else ""


def thinking(setting: str | int | None) -> JSON | None:
    """The ``thinking`` field; where the model thinks, a readable summary is asked for."""
    if isinstance(setting, int):
        return {"type": "enabled", "budget_tokens": setting, "display": "summarized"}
    shown = {"display": "summarized"} if setting == "adaptive" else {}
    return None if setting is None else {"type": setting, **shown}


def choice(tool_choice: str | None, parallel: bool | None) -> JSON | None:
    """The ``tool_choice`` field: a mode, or a tool's name."""
    if tool_choice is None and parallel is None:
        return None
    modes = {"auto": "auto", "required": "any", "none": "none"}
    chosen = {"type": modes.get(tool_choice or "auto", "tool")}
    if chosen["type"] == "tool":
        chosen["name"] = str(tool_choice)
    if parallel is None or chosen["type"] == "none":
        return chosen
    return {**chosen, "disable_parallel_tool_use": not parallel}
