"""Adapters whose SDK sends through a transport of ours, and a conversation that has everything in it."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from harness.model import Message, Request, ToolCall, ToolResult, ToolSpec
from harness.models import anthropic, openai_chat, openai_responses

JSON = dict[str, Any]
Answer = JSON | httpx2.Response | Exception
ADAPTERS = ("openai", "openai-responses", "anthropic")
RUN = ToolSpec(
    name="run",
    description="Runs a kernel.",
    parameters={"type": "object", "properties": {"source": {"type": "string"}}, "required": ["source"]},
)
OPENING = Request(system="You write kernels.", messages=(Message(role="user", text="Solve é."),), tools=(RUN,))


@pytest.fixture(autouse=True)
def sockets_of_the_sdks() -> Iterator[None]:
    """What an SDK leaves open where a server hangs up is collected here, unheard, lest its warning end a test that runs later."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests with a real model run only when they are asked for by their marker."""
    if "local_llm" not in config.getoption("markexpr"):
        opt_in = [item for item in items if item.get_closest_marker("local_llm")]
        config.hook.pytest_deselected(items=opt_in)
        items[:] = [item for item in items if item not in opt_in]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is reached directly, whatever the machine's environment says; keys and other hosts are off for all tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@dataclass
class Wire:
    """A transport that answers from a list and keeps what was sent."""

    answers: list[Answer]
    requests: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)

    @property
    def bodies(self) -> list[JSON]:
        return [json.loads(request.content) for request in self.requests]


Connect = Callable[..., tuple[Any, Wire]]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """``connect("anthropic", [answer, ...], temperature=0)``: the adapter and its wire."""
    clients: list[Any] = []

    def build(
        provider: str, answers: list[Answer], name: str = "m", base_url: str | None = None, **settings: Any
    ) -> tuple[Any, Wire]:
        import anthropic as anthropic_sdk
        import openai as openai_sdk

        wire = Wire(list(answers))
        sdk = anthropic_sdk.Anthropic if provider == "anthropic" else openai_sdk.OpenAI
        client = sdk(
            api_key="sk-secret", base_url=base_url, max_retries=0, timeout=60,
            http_client=httpx2.Client(transport=httpx2.MockTransport(wire)),
        )  # fmt: skip
        clients.append(client)
        if provider == "anthropic":
            return anthropic.AnthropicModel(name, anthropic.AnthropicSettings(**settings), client), wire
        if provider == "openai":
            return openai_chat.ChatModel(name, openai_chat.ChatSettings(**settings), client), wire
        return openai_responses.ResponsesModel(name, openai_responses.ResponsesSettings(**settings), client), wire

    yield build
    for client in clients:
        client.close()


@pytest.fixture
def opening() -> Request:
    """The first request of a conversation: a system text, one message, one tool."""
    return OPENING


def answered(request: Request, message: Message, *results: str) -> Request:
    """The request that follows a reply: its calls answered, or a nudge where it has none."""
    if message.tool_calls:
        made = [ToolResult(call_id=c.id, name=c.name, content=r) for c, r in zip(message.tool_calls, results, strict=True)]
        following = Message(role="tool", tool_results=tuple(made))
    else:
        following = Message(role="user", text=results[0])
    return request.model_copy(update={"messages": (*request.messages, message, following)})


@pytest.fixture
def extend() -> Callable[..., Request]:
    """``extend(request, message, "result", ...)``."""
    return answered


@pytest.fixture
def foreign() -> Message:
    """An assistant turn that no provider took: no state."""
    call = ToolCall(id="c1", name="run", raw='{"source": "k"}', arguments={"source": "k"})
    broken = ToolCall(id="c2", name="run", raw="{oops", arguments=None, error="not JSON")
    return Message(role="assistant", text="I try.", tool_calls=(call, broken))
