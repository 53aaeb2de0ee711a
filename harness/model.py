"""The Model protocol and the one normal form in which every provider's conversation is spoken.

A conversation is a system text, tools, and messages that only ever grow: each request extends the last byte for byte, so that
provider-side prompt caches work. What a provider must see again (reasoning items, signatures) travels as opaque ``state``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from harness.backend import ToolSpec
from harness.record import Record

__all__ = [
    "Message", "Model", "ModelContext", "ModelInfo", "Reply", "Request", "StopReason", "ToolCall", "ToolResult", "ToolSpec",
    "Usage",
]  # fmt: skip


class ToolCall(Record):
    """A model's wish to call a tool."""

    id: str
    """The provider's call id; results refer to it."""
    name: str
    """Tool name as the model wrote it; it may not exist."""
    raw: str
    """Arguments exactly as received."""
    arguments: dict[str, Any] | None
    """Arguments as an object, or None when ``raw`` is not a JSON object."""
    error: str = ""
    """Why ``raw`` could not be parsed; empty otherwise."""


class ToolResult(Record):
    """What a tool answered."""

    call_id: str
    """`ToolCall.id`."""
    name: str
    """Tool name."""
    content: str
    """Text for the model, already capped."""
    is_error: bool = False
    """Whether the call itself was wrong (unknown tool, bad arguments), as opposed to a bad kernel."""


class Message(Record):
    """One turn of a conversation."""

    role: Literal["user", "assistant", "tool"]
    """Who speaks; a ``tool`` message carries all results of the preceding assistant turn."""
    text: str = ""
    """Plain text."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls of an assistant turn, in the order received."""
    tool_results: tuple[ToolResult, ...] = ()
    """Results of a tool turn, one per call, in the order of the calls."""
    reasoning: str = ""
    """Readable reasoning or its summary, for the transcript only; never sent back as text."""
    state: Any = None
    """Opaque JSON of the provider for this assistant turn, sent back unchanged by the same adapter."""


class StopReason(StrEnum):
    """Why a model stopped: four different things that deserve different answers."""

    end = "end"
    """It finished its turn in words."""
    tool_calls = "tool_calls"
    """It waits for tool results."""
    length = "length"
    """Truncated at the output limit: neither malformed nor finished."""
    refusal = "refusal"
    """It, or its provider's filter, declined."""
    other = "other"
    """Anything a provider may invent."""


class Usage(Record):
    """Tokens of one call, or a sum of calls. None means the provider did not say."""

    input_tokens: int | None = None
    """Prompt tokens, cached ones included."""
    cached_tokens: int | None = None
    """Part of ``input_tokens`` read from a prompt cache."""
    cache_write_tokens: int | None = None
    """Part of ``input_tokens`` written to a prompt cache."""
    output_tokens: int | None = None
    """Generated tokens, reasoning included."""
    reasoning_tokens: int | None = None
    """Part of ``output_tokens`` spent on reasoning."""

    def __add__(self, other: Usage) -> Usage:
        """Field-wise sum; unknown plus known is known, so a sum is a lower bound where a provider was silent."""
        total = {}
        for name in type(self).model_fields:
            values = [v for v in (getattr(self, name), getattr(other, name)) if v is not None]
            total[name] = sum(values) if values else None
        return Usage(**total)


class Request(Record):
    """Everything that one call sends."""

    system: str
    """System text."""
    messages: tuple[Message, ...]
    """The conversation so far."""
    tools: tuple[ToolSpec, ...]
    """Tools on offer."""
    max_output_tokens: int | None = None
    """Cap on this reply, reasoning included; None leaves the provider's default."""


class Reply(Record):
    """What one call brought back."""

    message: Message
    """The assistant turn; empty text and no calls is a legal, useless reply."""
    stop: StopReason
    """Why it ended."""
    usage: Usage = Usage()
    """Tokens of the successful attempt."""
    model: str = ""
    """The model id that the server says it used."""
    cost: float | None = None
    """US dollars; None when the price is unknown."""
    latency_s: float = 0.0
    """Wall seconds of the successful attempt; recorded, never charged to the agent."""
    attempts: int = 1
    """Requests sent, retries included."""
    retries: tuple[str, ...] = ()
    """One line per failed attempt: what went wrong and how long was waited."""


@dataclass(frozen=True)
class ModelInfo:
    """A model with the settings that shape its answers."""

    name: str
    """``provider/model`` as given on the command line, or the name of an offline model."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Temperature, reasoning effort, base URL host, ...: whatever changes answers; part of the row's identity."""
    is_offline: bool = False
    """Whether it needs neither key nor network."""


class Model(Protocol):
    """Something that takes turns in a conversation."""

    @property
    def info(self) -> ModelInfo:
        """Name and settings; constant."""

    def reply(self, request: Request) -> Reply:
        """One turn. Retries what is worth retrying; raises ProviderError when the server fails for good."""


@dataclass(frozen=True)
class ModelContext:
    """What a model's entry point (``create(context) -> Model``) is given, once per trial."""

    name: str
    """The part after the provider: ``gpt-5`` of ``openai/gpt-5``; empty for offline models."""
    settings: dict[str, Any] = field(default_factory=dict)
    """``--model-option key=value`` pairs and ``base_url``; unknown keys are the adapter's to refuse (UsageError)."""
    baseline: Callable[[], str] | None = None
    """Renders the workload's baseline kernel: only for offline models, which play an agent without being one. None for
    every model whose entry point does not declare ``offline = True``, so that no real model can be handed the answer."""
    extension: str = "txt"
    """File extension of the kernel language."""
