"""The offline model ``compiler``: it submits the workload's baseline. What it scores is what no agent at all scores."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.errors import UsageError
from harness.model import Message, Model, ModelContext, ModelInfo, Reply, Request, StopReason, ToolCall, Usage
from harness.models.settings import read_settings
from harness.record import Record


class NoSettings(Record):
    """The compiler has no settings."""


def create(context: ModelContext) -> Model:
    """The entry point."""
    read_settings(NoSettings, context.settings, "compiler")
    if context.name:
        raise UsageError(f"model 'compiler' takes no name, got {context.name!r}", "write just: compiler")
    if context.baseline is None:
        raise UsageError("model 'compiler' submits the baseline and was given none")
    return CompilerModel(context.baseline)


create.offline = True  # type: ignore[attr-defined]  # it is given the baseline


class CompilerModel:
    """Submits the baseline, whatever it is asked."""

    def __init__(self, baseline: Callable[[], str]) -> None:
        self._baseline = baseline

    @property
    def info(self) -> ModelInfo:
        """Its name."""
        return ModelInfo("compiler", is_offline=True)

    def reply(self, request: Request) -> Reply:
        """One turn."""
        return offline_reply(request, "compiler", calls=[("submit", {"source": self._baseline()})])


def offline_reply(request: Request, model: str, text: str = "", calls: list[tuple[str, dict[str, Any]]] | None = None) -> Reply:
    """A reply that cost nothing, whose calls are named by their place in the conversation."""
    made = [
        ToolCall(id=f"call_{len(request.messages)}_{n}", name=name, raw=json.dumps(arguments), arguments=arguments)
        for n, (name, arguments) in enumerate(calls or [])
    ]
    return Reply(
        message=Message(role="assistant", text=text, tool_calls=tuple(made)),
        stop=StopReason.tool_calls if made else StopReason.end,
        usage=Usage(input_tokens=0, output_tokens=0),
        model=model,
        cost=0.0,
    )
