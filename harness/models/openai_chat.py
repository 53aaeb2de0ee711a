"""OpenAI's chat completions, the protocol that most compatible servers speak: ``openai/MODEL``.

Reasoning is invisible in this protocol and is lost between turns at OpenAI; some other servers show it in fields of their own
and want those back, so they travel as the message's state.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from harness.model import Message, Model, ModelContext, ModelInfo, Reply, Request, StopReason, ToolCall, Usage
from harness.models import pricing
from harness.models.settings import Settings, find_key, read_settings, resolve_url
from harness.models.wire import JSON, Caller, count, given, need, objects, sendable_arguments, tool_call
from harness.record import digest

PROVIDER = "openai"
KEY = "OPENAI_API_KEY"
URL = "https://api.openai.com/v1"
REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details")
"""Where servers other than OpenAI's put reasoning; the first two are text."""
STOPS = {
    "stop": StopReason.end, "length": StopReason.length, "tool_calls": StopReason.tool_calls,
    "function_call": StopReason.tool_calls, "content_filter": StopReason.refusal,
}  # fmt: skip


class ChatSettings(Settings):
    """Settings of chat completions."""

    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] | None = None
    """How the server calls the cap on a reply; by default the new name at OpenAI and the old one elsewhere."""
    prompt_cache_key: bool | None = None
    """Whether to send a key that keeps a conversation on one cache; by default only to OpenAI, where caching is automatic."""
    return_reasoning: bool = True
    """Whether reasoning that a server showed is sent back in later turns; a few servers refuse it."""


def create(context: ModelContext) -> Model:
    """The entry point. UsageError for settings that do not fit and for a missing key; nothing is sent."""
    name = f"{PROVIDER}/{context.name}"
    settings = read_settings(ChatSettings, context.settings, name)
    url = resolve_url(settings, "OPENAI_BASE_URL", URL)
    key = find_key(settings, KEY, url, name)
    import openai

    client = openai.OpenAI(api_key=key, base_url=url, timeout=settings.timeout, max_retries=0)
    return ChatModel(context.name, settings, client)


create.key_env = KEY  # type: ignore[attr-defined]  # shown by `kernelwright models list`


class ChatModel:
    """A model behind chat completions."""

    def __init__(self, name: str, settings: ChatSettings, client: Any) -> None:
        """``client`` is an `openai.OpenAI`, whose own retries are off."""
        import openai

        self.name, self.settings = name, settings
        self.url = str(client.base_url).rstrip("/")
        self._client = client
        self._caller = Caller(f"{PROVIDER}/{name}", openai, client.api_key, settings.attempts)
        self._is_openai = self.url == URL

    @property
    def info(self) -> ModelInfo:
        """Name and settings."""
        return ModelInfo(f"{PROVIDER}/{self.name}", self.settings.of_the_row(self.url, URL))

    def reply(self, request: Request) -> Reply:
        """One turn."""
        body = self.body(request)
        send = self._client.chat.completions.with_raw_response.create
        return self._caller.reply(lambda: send(**body), lambda payload: self.read(payload, request))

    def body(self, request: Request) -> JSON:
        """The JSON of a request; its messages extend those of the request before."""
        s = self.settings
        body: JSON = {"model": self.name, "messages": self._messages(request)}
        if request.tools:
            body["tools"] = [
                {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}}
                for t in request.tools
            ]
            body |= given(tool_choice=choice(s.tool_choice), parallel_tool_calls=s.parallel_tool_calls)
        field = s.max_tokens_field or ("max_completion_tokens" if self._is_openai else "max_tokens")
        body |= given(**{field: s.output_cap(request.max_output_tokens)})
        body |= given(temperature=s.temperature, top_p=s.top_p, reasoning_effort=s.reasoning_effort, extra_body=s.extra_body)
        if s.prompt_cache_key if s.prompt_cache_key is not None else self._is_openai:
            body["prompt_cache_key"] = cache_key(request)
        return body

    def _messages(self, request: Request) -> list[JSON]:
        system = [{"role": "system", "content": request.system}] if request.system else []
        return [*system, *(wire for message in request.messages for wire in self._message(message))]

    def _message(self, message: Message) -> list[JSON]:
        if message.role == "tool":
            return [{"role": "tool", "tool_call_id": r.call_id, "content": r.content} for r in message.tool_results]
        if message.role == "user":
            return [{"role": "user", "content": message.text}]
        # Empty text rather than null beside calls: llama.cpp's server refuses null, and its template a message without content.
        wire: JSON = {"role": "assistant", "content": message.text}
        if message.tool_calls:
            wire["tool_calls"] = [
                {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": arguments_text(c)}}
                for c in message.tool_calls
            ]
        return [wire | (message.state or {})] if self.settings.return_reasoning else [wire]

    def read(self, payload: JSON, request: Request) -> Reply:
        """A reply from the JSON of an answer. AttemptError if it is no chat completion."""
        choices = objects(need(payload, "choices", list))
        message = need(choices[0] if choices else {}, "message", dict)
        calls = [
            tool_call(f.get("arguments", ""), f.get("name"), c.get("id"), request, index)
            for index, c in enumerate(objects(message.get("tool_calls") or []))
            if isinstance(f := c.get("function"), dict)
        ]
        refusal = message.get("refusal")
        shown = {field: message[field] for field in REASONING_FIELDS if message.get(field)}
        usage = read_usage(payload.get("usage"))
        model = str(payload.get("model") or "")
        return Reply(
            message=Message(
                role="assistant",
                text=text_of(message.get("content")) or (refusal if isinstance(refusal, str) else ""),
                tool_calls=tuple(calls),
                reasoning=next((shown[f] for f in REASONING_FIELDS[:2] if isinstance(shown.get(f), str)), ""),
                state=shown or None,
            ),
            stop=StopReason.refusal if refusal else stop_reason(choices[0].get("finish_reason"), bool(calls)),
            usage=usage,
            model=model,
            cost=pricing.cost(usage, self.url, model, self.name),
        )


def stop_reason(finish: Any, has_calls: bool) -> StopReason:
    """Why a reply ended. A forced call ends with ``stop`` at OpenAI, and some servers say ``tool_calls`` without any."""
    stop = STOPS.get(finish, StopReason.other)
    if has_calls and (stop is StopReason.end or finish is None):
        return StopReason.tool_calls
    return StopReason.other if stop is StopReason.tool_calls and not has_calls else stop


def read_usage(usage: Any) -> Usage:
    """Tokens in normal form: chat completions count cached and reasoning tokens inside the totals already."""
    return Usage(
        input_tokens=count(usage, "prompt_tokens"),
        cached_tokens=count(usage, "prompt_tokens_details", "cached_tokens"),
        cache_write_tokens=count(usage, "prompt_tokens_details", "cache_write_tokens"),
        output_tokens=count(usage, "completion_tokens"),
        reasoning_tokens=count(usage, "completion_tokens_details", "reasoning_tokens"),
    )


def text_of(content: Any) -> str:
    """The text of a message whose content is a string, nothing, or a list of parts of which some are text."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in objects(content) if part.get("type", "text") == "text")
    return content if isinstance(content, str) else ""


def choice(tool_choice: str | None) -> Any:
    """The ``tool_choice`` field: a mode as it is, anything else is a tool's name."""
    if tool_choice in (None, "auto", "required", "none"):
        return tool_choice
    return {"type": "function", "function": {"name": tool_choice}}


def cache_key(request: Request) -> str:
    """The same for every request of a conversation and for repeats of it."""
    return digest(request.system, [tool.model_dump() for tool in request.tools], request.messages[0])[:32]


def arguments_text(call: ToolCall) -> str:
    """Arguments of an earlier call as text: what the model wrote, where that is an object."""
    return call.raw if call.arguments is not None and call.raw.strip() else json.dumps(sendable_arguments(call))
