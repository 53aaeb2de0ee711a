"""OpenAI's Responses protocol: ``openai-responses/MODEL``.

Nothing is stored at the provider: every request carries the whole conversation, and the output items of earlier turns, encrypted
reasoning among them, are sent back as they came. They are the message's state.
"""

from __future__ import annotations

from typing import Any, Literal

from harness.model import Message, Model, ModelContext, ModelInfo, Reply, Request, StopReason, Usage
from harness.models import pricing
from harness.models.openai_chat import KEY, URL, arguments_text, cache_key
from harness.models.retry import AttemptError
from harness.models.settings import Settings, find_key, read_settings, resolve_url
from harness.models.wire import (
    JSON,
    POLICY_CODES,
    Caller,
    RefusedError,
    count,
    error_details,
    given,
    need,
    objects,
    tool_call,
    without_trailing,
)

PROVIDER = "openai-responses"
FAILURES = {"server_error": "500", "rate_limit_exceeded": "429", "vector_store_timeout": "500"}
"""Error codes of a failed response, which arrives with HTTP 200, as the statuses they stand for; others are not retried."""


class ResponsesSettings(Settings):
    """Settings of the Responses protocol."""

    reasoning_summary: Literal["auto", "concise", "detailed"] | None = None
    """How reasoning is summarised for the transcript; some accounts must be verified for it."""
    encrypted_reasoning: bool = True
    """Whether reasoning is asked for in encrypted form, so that it survives between turns; models that do not reason refuse
    the question."""
    prompt_cache_key: bool | None = None
    """Whether to send a key that keeps a conversation on one cache; by default only to OpenAI, where caching is automatic."""


def create(context: ModelContext) -> Model:
    """The entry point. UsageError for settings that do not fit and for a missing key; nothing is sent."""
    name = f"{PROVIDER}/{context.name}"
    settings = read_settings(ResponsesSettings, context.settings, name)
    url = resolve_url(settings, "OPENAI_BASE_URL", URL)
    key = find_key(settings, KEY, url, name)
    import openai

    client = openai.OpenAI(api_key=key, base_url=url, timeout=settings.timeout, max_retries=0)
    return ResponsesModel(context.name, settings, client)


create.key_env = KEY  # type: ignore[attr-defined]  # shown by `kernelwright models list`


class ResponsesModel:
    """A model behind the Responses protocol."""

    def __init__(self, name: str, settings: ResponsesSettings, client: Any) -> None:
        """``client`` is an `openai.OpenAI`, whose own retries are off."""
        import openai

        self.name, self.settings = name, settings
        self.url = str(client.base_url).rstrip("/")
        self._client = client
        self._caller = Caller(f"{PROVIDER}/{name}", openai, client.api_key, settings.attempts)

    @property
    def info(self) -> ModelInfo:
        """Name and settings."""
        return ModelInfo(f"{PROVIDER}/{self.name}", self.settings.of_the_row(self.url, URL))

    def reply(self, request: Request) -> Reply:
        """One turn."""
        body = self.body(request)
        send = self._client.responses.with_raw_response.create
        return self._caller.reply(lambda: send(**body), lambda payload: self.read(payload, request))

    def body(self, request: Request) -> JSON:
        """The JSON of a request; its input extends that of the request before."""
        s = self.settings
        body: JSON = {"model": self.name, **given(instructions=request.system or None)}
        body["input"] = [item for message in request.messages for item in input_items(message)]
        body["store"] = False
        if request.tools:
            body["tools"] = [
                {"type": "function", "name": t.name, "description": t.description, "parameters": t.parameters, "strict": False}
                for t in request.tools
            ]
            body |= given(tool_choice=choice(s.tool_choice), parallel_tool_calls=s.parallel_tool_calls)
        if s.encrypted_reasoning:
            body["include"] = ["reasoning.encrypted_content"]
        body |= given(
            max_output_tokens=s.output_cap(request.max_output_tokens),
            temperature=s.temperature,
            top_p=s.top_p,
            reasoning=given(effort=s.reasoning_effort, summary=s.reasoning_summary) or None,
            extra_body=s.extra_body,
        )
        if s.prompt_cache_key if s.prompt_cache_key is not None else self.url == URL:
            body["prompt_cache_key"] = cache_key(request)
        return body

    def read(self, payload: JSON, request: Request) -> Reply:
        """A reply from the JSON of an answer. AttemptError if it failed or is no response."""
        check_failure(payload)
        items = objects(need(payload, "output", list))
        parts = [part for item in items if item.get("type") == "message" for part in objects(item.get("content") or [])]
        refusal = "".join(str(part.get("refusal") or "") for part in parts if part.get("type") == "refusal")
        calls = [
            tool_call(item.get("arguments", ""), item.get("name"), item.get("call_id"), request, index)
            for index, item in enumerate(item for item in items if item.get("type") == "function_call")
        ]
        usage = read_usage(payload.get("usage"))
        model = str(payload.get("model") or "")
        return Reply(
            message=Message(
                role="assistant",
                text="".join(str(part.get("text") or "") for part in parts if part.get("type") == "output_text") or refusal,
                tool_calls=tuple(calls),
                reasoning="\n\n".join(reasoning_text(item) for item in items if item.get("type") == "reasoning").strip(),
                state=items or None,
            ),
            stop=StopReason.refusal if refusal else stop_reason(payload, bool(calls)),
            usage=usage,
            model=model,
            cost=pricing.cost(usage, self.url, model, self.name),
        )


def input_items(message: Message) -> list[JSON]:
    """The input items of one message."""
    if message.role == "user":
        return [{"role": "user", "content": message.text}]
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": r.call_id, "output": r.content} for r in message.tool_results]
    if message.state is not None:
        return without_trailing(message.state, frozenset({"reasoning"}))
    text = [{"role": "assistant", "content": message.text}] if message.text else []
    calls = [
        {"type": "function_call", "call_id": c.id, "name": c.name, "arguments": arguments_text(c)} for c in message.tool_calls
    ]
    return [*text, *calls]


def check_failure(payload: JSON) -> None:
    """Raises for a response that failed although its HTTP status did not say so."""
    error = payload.get("error")
    if payload.get("status") != "failed" and not isinstance(error, dict):
        return
    code, message = error_details(error)
    if code in POLICY_CODES:
        raise RefusedError(message)
    raise AttemptError(FAILURES.get(code, "400"), f"{code}: {message}" if code else message or "the response failed")


def stop_reason(payload: JSON, has_calls: bool) -> StopReason:
    """Why a response ended."""
    if payload.get("status", "completed") == "completed":
        return StopReason.tool_calls if has_calls else StopReason.end
    details = payload.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return {"max_output_tokens": StopReason.length, "content_filter": StopReason.refusal}.get(str(reason), StopReason.other)


def read_usage(usage: Any) -> Usage:
    """Tokens in normal form: Responses count cached and reasoning tokens inside the totals already."""
    return Usage(
        input_tokens=count(usage, "input_tokens"),
        cached_tokens=count(usage, "input_tokens_details", "cached_tokens"),
        cache_write_tokens=count(usage, "input_tokens_details", "cache_write_tokens"),
        output_tokens=count(usage, "output_tokens"),
        reasoning_tokens=count(usage, "output_tokens_details", "reasoning_tokens"),
    )


def reasoning_text(item: JSON) -> str:
    """What is readable of a reasoning item: its summary, else its text."""
    parts = objects(item.get("summary") or item.get("content") or [])
    return "\n\n".join(str(part.get("text") or "") for part in parts)


def choice(tool_choice: str | None) -> Any:
    """The ``tool_choice`` field: a mode as it is, anything else is a tool's name."""
    return tool_choice if tool_choice in (None, "auto", "required", "none") else {"type": "function", "name": tool_choice}
