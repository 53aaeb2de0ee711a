"""The real SDKs against the fake server, over HTTP on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from typing import Any

import pytest

from harness.agent import prompts
from harness.agent.loop import converse
from harness.agent.tools import Toolbox, offered
from harness.errors import ProviderError, UsageError
from harness.grading.evaluate import Judge
from harness.model import Message, StopReason, Usage
from harness.models.fake_server import FakeServer, Fault, parse_faults
from harness.models.resolve import create_model
from harness.testing import ScriptedModel, ToyBackend, calls, says, vec_add
from harness.trial import AgentSettings, Status

PROVIDERS = ("openai", "openai-responses", "anthropic")
WORKLOAD = vec_add.workload("C1")


def client(provider: str, server: FakeServer, **settings: Any):
    base_url = server.url if provider == "anthropic" else server.openai_url
    return create_model(f"{provider}/m", {"base_url": base_url, **settings})


def scripted():
    return create_model("scripted", baseline=lambda: ToyBackend().baseline(WORKLOAD))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_agent_solves_a_workload_over_http(provider):
    backend, settings = ToyBackend(), AgentSettings()
    opening = prompts.opening(backend, WORKLOAD, settings, offered(backend, settings))
    toolbox = Toolbox(Judge(backend, "secret"), backend, WORKLOAD, settings)
    with FakeServer(scripted(), parse_faults("ok,500,429:0,half,garbage,drop")) as server:
        outcome = converse(client(provider, server), toolbox, opening, settings.limits)
    assert (outcome.status, outcome.kernel) == (Status.graded, backend.baseline(WORKLOAD))
    assert len(server.received) == 5 + 5


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_whole_conversation_arrives_as_it_was(provider, opening, extend):
    """Parallel calls, reasoning with its signature, words, an empty reply; the server refuses what was changed on the way."""
    thoughtful = calls(("run", {"source": "a"}), ("run", {"source": "é"}), ("run", {"source": "b"}))
    thoughtful = thoughtful.model_copy(
        update={"message": thoughtful.message.model_copy(update={"text": "I try.", "reasoning": "because é"})}
    )
    replies = [thoughtful, says("words"), says(""), calls(("submit", {"source": "a"}))]
    # Not a list of replies: two of the protocols leave an empty turn out, so turns cannot be counted on the server's side.
    left = iter(replies)
    behind = ScriptedModel(lambda _request: next(left))
    with FakeServer(behind) as server:
        model, request, messages = client(provider, server), opening, []
        for number, expected in enumerate(replies):
            reply = model.reply(request)
            assert reply.stop is expected.stop
            message = Message.model_validate_json(reply.message.model_dump_json())
            assert message.text == expected.message.text
            assert message.reasoning == expected.message.reasoning
            assert [(c.name, c.arguments) for c in message.tool_calls] == [
                (c.name, c.arguments) for c in expected.message.tool_calls
            ]
            results = [f"{number}.{n}" for n in range(len(message.tool_calls))] or [f"nudge {number}"]
            request = extend(request, message, *results)
            messages.append(message)
    last = behind.requests[-1]
    assert last.system == opening.system
    assert last.tools == opening.tools
    assert last.messages[0] == opening.messages[0]
    assert [m.role for m in last.messages][:3] == ["user", "assistant", "tool"]
    assert [r.content for r in last.messages[2].tool_results] == ["0.0", "0.1", "0.2"]
    assert [m.text for m in last.messages if m.role == "user"] == ["Solve é.", "nudge 1", "nudge 2"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("stop", [StopReason.end, StopReason.length, StopReason.refusal, StopReason.other])
def test_every_stop_reason_makes_the_round_trip(provider, stop, opening):
    with FakeServer(ScriptedModel([says("x", stop)])) as server:
        reply = client(provider, server).reply(opening)
    assert (reply.stop, reply.message.text) == (stop, "x")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_usage_makes_the_round_trip(provider, opening):
    usage = Usage(input_tokens=100, cached_tokens=30, output_tokens=20)
    with FakeServer(ScriptedModel([says("x", usage=usage)])) as server:
        reply = client(provider, server).reply(opening)
    assert reply.usage.model_dump(exclude_none=True) == usage.model_dump(exclude_none=True)
    assert reply.model == "scripted-1"
    assert reply.cost is None


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("faults", "lines"),
    [
        ("500,503", ["HTTP 500: a fault of the plan", "HTTP 503: a fault of the plan"]),
        ("429:2,529", ["HTTP 429: a fault of the plan; waited", "HTTP 529"]),
        ("garbage", ["garbage: the reply is not JSON"]),
        ("half", ["connection: "]),
        ("drop,drop", ["connection: ", "connection: "]),
    ],
)
def test_faults_are_ridden_out(provider, faults, lines, opening):
    with FakeServer(ScriptedModel([says("ok")]), parse_faults(faults)) as server:
        reply = client(provider, server).reply(opening)
    assert reply.message.text == "ok"
    assert reply.attempts == len(lines) + 1
    assert all(found.startswith(line) for found, line in zip(reply.retries, lines, strict=True))
    assert len({received.body for received in server.received}) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_slow_server_times_out(provider, opening):
    with FakeServer(ScriptedModel([says("ok")]), [Fault("slow", 1.0)]) as server:
        reply = client(provider, server, timeout=0.2).reply(opening)
    assert reply.retries[0].startswith("timeout: ")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_stays_broken_is_given_up(provider, opening):
    with FakeServer(ScriptedModel([]), parse_faults(",".join(["500"] * 20))) as server:
        with pytest.raises(ProviderError, match=r"HTTP 500: a fault of the plan \(after 5 attempts\)"):
            client(provider, server).reply(opening)
    assert len(server.received) == 5


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nobody_listens(provider, opening):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    model = create_model(f"{provider}/m", {"base_url": f"http://127.0.0.1:{port}", "attempts": 2})
    with pytest.raises(ProviderError, match=r"connection: .*refused.* \(after 2 attempts\)"):
        model.reply(opening)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_keys(provider, opening, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sesame")
    with FakeServer(ScriptedModel([says("ok")]), key="sesame") as server:
        assert client(provider, server, api_key_env="MY_KEY").reply(opening).message.text == "ok"
        with pytest.raises(ProviderError, match="HTTP 401: invalid API key"):
            client(provider, server).reply(opening)


def test_a_key_is_sent_where_older_servers_look_for_it(opening, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sesame")
    with FakeServer(ScriptedModel([says("ok")])) as server:
        client("anthropic", server).reply(opening)
    headers = server.received[0].headers
    assert (headers["x-api-key"], headers["authorization"]) == ("sesame", "Bearer sesame")


BAD = {
    "/v1/chat/completions": [
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x"}], "stream": True},
        {"messages": [{"role": "wizard", "content": "x"}]},
        {},
    ],
    "/v1/responses": [
        {"input": [{"role": "user", "content": "x"}]},
        {"input": [{"type": "reasoning", "summary": []}, {"role": "user", "content": "x"}], "store": False},
        {"input": [{"type": "function_call", "call_id": "c", "name": "run", "arguments": "{}"}, {"role": "user", "content": "x"}],
         "store": False},
    ],
    "/v1/messages": [
        {"messages": [{"role": "user", "content": "x"}]},
        {"max_tokens": 1, "messages": [{"role": "user", "content": []}]},
        {"max_tokens": 1, "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "a", "signature": "forged"}, {"type": "text", "text": "x"}]},
            {"role": "user", "content": "y"}]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(("path", "body"), [(path, body) for path, bodies in BAD.items() for body in bodies])
def test_it_is_as_strict_as_the_providers(path, body):
    with FakeServer(ScriptedModel([says("ok")] * 3)) as server:
        request = urllib.request.Request(server.url + path, json.dumps(body).encode())  # loopback
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)  # loopback
        assert caught.value.code == 400
        assert json.loads(caught.value.read())["error"]["message"]
        caught.value.close()


def test_the_list_of_models_and_unknown_paths():
    with FakeServer(ScriptedModel([])) as server:
        with urllib.request.urlopen(server.openai_url + "/models") as answer:  # loopback
            assert json.load(answer)["data"] == [{"id": "scripted-in-memory", "object": "model"}]
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(server.url + "/nothing")  # loopback
        assert caught.value.code == 404
        caught.value.close()


def test_plans():
    assert parse_faults("500, 429:2 ,ok,slow:0.5,") == [Fault("500"), Fault("429", 2.0), Fault("ok"), Fault("slow", 0.5)]
    assert parse_faults("") == []
    for text, message in [
        ("200", "unknown fault '200'"),
        ("slwo", "unknown fault 'slwo'"),
        ("slow:x", "'x' in the place of seconds"),
    ]:
        with pytest.raises(UsageError, match=message):
            parse_faults(text)


def test_it_runs_as_a_command(tmp_path, opening):
    kernel = tmp_path / "kernel.toy"
    kernel.write_text("y = a + b\n", encoding="utf-8")
    command = [sys.executable, "-m", "harness.models.fake_server", "--model", "compiler", "--baseline", str(kernel)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[2]
        try:
            reply = create_model("openai/m", {"base_url": url}).reply(opening)
        finally:
            process.terminate()
    assert reply.message.tool_calls[0].arguments == {"source": "y = a + b\n"}
