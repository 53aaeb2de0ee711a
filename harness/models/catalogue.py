"""What ``kernelwright models`` shows: the registered providers, and how one model answers a tiny request."""

from __future__ import annotations

import os
from collections.abc import Iterator

from harness import plugins
from harness.errors import UsageError
from harness.model import Message, Reply, Request, ToolSpec
from harness.models.resolve import create_model, is_offline
from harness.record import Record

KERNEL = "return"
"""What the probe asks for, and the baseline that offline models submit."""


class Provider(Record):
    """One registered provider."""

    name: str
    """As in ``name/model``."""
    origin: str
    """Package and version it comes from."""
    offline: bool = False
    """Whether it needs neither key nor network."""
    key: str = ""
    """Environment variable of its API key, if it says."""
    key_is_set: bool | None = None
    """Whether that variable is set; None where there is none."""
    error: str = ""
    """Why it cannot be loaded."""

    @property
    def usage(self) -> str:
        """How its models are written."""
        return self.name if self.offline else f"{self.name}/MODEL"

    @property
    def state(self) -> str:
        """Whether it can be used, in words."""
        if self.error:
            return f"broken: {self.error}"
        if self.offline:
            return "offline"
        return f"{self.key} is {'' if self.key_is_set else 'not '}set" if self.key else "ready"


class Probe(Record):
    """How a model answered a tiny request."""

    model: str
    """As asked for."""
    reply: Reply
    """What came back."""
    price_known: bool
    """Whether calls of this model can be priced."""

    def lines(self) -> Iterator[tuple[str, str]]:
        """Label and value, for people."""
        reply, usage = self.reply, self.reply.usage
        yield "model", f"{self.model}, the server says {reply.model or 'nothing'}"
        called = any(call.name == "submit" and call.arguments for call in reply.message.tool_calls)
        yield "tool call", "yes" if called else f"no: it ended with {reply.stop!s} and said {reply.message.text[:60]!r}"
        yield "latency", f"{reply.latency_s:.2f} s, {reply.attempts} request{'s' if reply.attempts > 1 else ''}"
        yield (
            "tokens",
            f"{_known(usage.input_tokens)} in ({_known(usage.cached_tokens)} cached), {_known(usage.output_tokens)} out",
        )
        yield "price", f"{reply.cost:.6f} US dollars" if reply.cost is not None else "unknown: cost limits cannot be enforced"


def _known(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def catalogue() -> list[Provider]:
    """All registered providers by name; those that cannot be loaded say why."""
    return [_provider(name) for name in sorted(plugins.entries("model"))]


def _provider(name: str) -> Provider:
    origin = plugins.origin(plugins.entries("model")[name])
    try:
        factory = plugins.load("model", name)
    except UsageError as error:
        return Provider(name=name, origin=origin, error=error.message)
    key = getattr(factory, "key_env", "")
    return Provider(
        name=name, origin=origin, offline=is_offline(factory), key=key, key_is_set=bool(os.environ.get(key)) if key else None
    )


def probe(name: str, settings: dict[str, object]) -> Probe:
    """One tiny call. UsageError and ProviderError as in a run."""
    model = create_model(name, settings, baseline=lambda: KERNEL)
    source = {"type": "object", "properties": {"source": {"type": "string"}}, "required": ["source"]}
    reply = model.reply(
        Request(
            system="You are asked to prove that you can call tools.",
            messages=(Message(role="user", text=f"Call submit with the source {KERNEL!r} and say nothing."),),
            tools=(ToolSpec(name="submit", description="Hands in a text.", parameters=source),),
            max_output_tokens=1024,
        )
    )
    return Probe(model=name, reply=reply, price_known=reply.cost is not None)
