from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from typer.testing import CliRunner

from harness import plugins
from harness.cli.models import app
from harness.errors import ProviderError, UsageError
from harness.models.catalogue import catalogue, probe
from harness.models.fake_server import FakeServer
from harness.models.resolve import create_model
from harness.testing import ScriptedModel, calls, says


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_built_in_providers_are_registered(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    rows = {row.name: row for row in catalogue()}
    assert {name: (row.offline, row.state) for name, row in rows.items()} == {
        "anthropic": (False, "ANTHROPIC_API_KEY is not set"), "compiler": (True, "offline"),
        "openai": (False, "OPENAI_API_KEY is set"), "openai-responses": (False, "OPENAI_API_KEY is set"),
        "replay": (True, "offline"), "scripted": (True, "offline"),
    }  # fmt: skip
    assert rows["openai"].origin.startswith("kernelwright ")


def test_a_broken_plugin_is_a_line_not_an_end(monkeypatch):
    broken = EntryPoint("broken", "no_such_module:create", plugins.GROUPS["model"])
    monkeypatch.setattr(plugins, "entries", lambda kind: {"broken": broken})
    (row,) = catalogue()
    assert row.state.startswith("broken: model 'broken'")
    assert "No module named 'no_such_module'" in row.state


def test_listing():
    text = run("list")
    assert "openai/MODEL" in text
    assert "OPENAI_API_KEY is not set" in text
    rows = json.loads(run("list", "--json"))["models"]
    assert {"name": "compiler", "offline": True, "key": "", "key_is_set": None}.items() <= rows[1].items()


def test_listing_imports_no_sdk():
    code = "import sys, harness.models.catalogue as c; c.catalogue(); print({'openai', 'anthropic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_checking_a_model_over_http():
    with FakeServer(ScriptedModel([calls(("submit", {"source": "return"}))])) as server:
        text = run("check", "openai/m", "--base-url", server.openai_url, "--model-option", "temperature=0.5")
        found = json.loads(run("check", "openai/m", "--base-url", server.openai_url, "--json"))
    assert "openai/m, the server says scripted-1" in text
    assert "tool call      yes" in text
    assert "100 in (unknown cached), 10 out" in text
    assert "unknown: cost limits cannot be enforced" in text
    assert found["reply"]["stop"] == "tool_calls"
    assert found["price_known"] is False
    body = json.loads(server.received[0].body)
    assert body["temperature"] == 0.5
    assert body["tools"][0]["function"]["name"] == "submit"


def test_checking_a_model_that_calls_no_tool():
    with FakeServer(ScriptedModel([says("hello")])) as server:
        found = probe("openai/m", {"base_url": server.openai_url})
    assert dict(found.lines())["tool call"] == "no: it ended with end and said 'hello'"


def test_checking_offline_models_and_failures():
    assert "0.000000 US dollars" in run("check", "compiler")
    with pytest.raises(ProviderError, match="HTTP 401"), FakeServer(ScriptedModel([]), key="k") as server:
        probe("anthropic/m", {"base_url": server.url})


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        ("opnai/gpt", "unknown model 'opnai'", "'openai'"),
        ("gpt-5", "unknown model 'gpt-5'", "known: anthropic"),
        ("openai", "model 'openai' lacks the name of a model", "write openai/NAME"),
        ("openai/", "model 'openai/' lacks the name of a model", "write openai/NAME"),
    ],
)
def test_names_that_are_no_model(spec, message, hint):
    with pytest.raises(UsageError) as caught:
        create_model(spec)
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_only_offline_models_are_handed_the_baseline(monkeypatch):
    seen = {}

    def factory(context):
        seen["context"] = context

    monkeypatch.setattr(plugins, "load", lambda kind, name: factory)
    create_model("some/org/model", {"a": 1}, baseline=lambda: "secret", extension="c")
    assert (seen["context"].name, seen["context"].settings, seen["context"].extension) == ("org/model", {"a": 1}, "c")
    assert seen["context"].baseline is None
    factory.offline = True
    create_model("some", baseline=lambda: "kernel")
    assert seen["context"].baseline() == "kernel"
