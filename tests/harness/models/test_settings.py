from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.model import ModelContext
from harness.models import anthropic, openai_chat, openai_responses
from harness.models.resolve import create_model
from harness.models.settings import is_loopback

CREATES = {"openai": openai_chat.create, "openai-responses": openai_responses.create, "anthropic": anthropic.create}
KEYS = {"openai": "OPENAI_API_KEY", "openai-responses": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


@pytest.mark.parametrize("provider", CREATES)
def test_a_missing_key_names_its_variable(provider):
    with pytest.raises(UsageError) as caught:
        create_model(f"{provider}/m")
    assert caught.value.message == (
        f"model '{provider}/m' needs an API key and the environment variable {KEYS[provider]} is not set"
    )
    assert f"export {KEYS[provider]}=" in caught.value.hint


@pytest.mark.parametrize("provider", CREATES)
def test_an_empty_key_is_a_missing_one(provider, monkeypatch):
    monkeypatch.setenv(KEYS[provider], " ")
    with pytest.raises(UsageError, match="needs an API key"):
        create_model(f"{provider}/m")


@pytest.mark.parametrize("provider", CREATES)
def test_key_from_another_variable(provider, monkeypatch):
    monkeypatch.setenv("MY_KEY", "k")
    assert create_model(f"{provider}/m", {"api_key_env": "MY_KEY"}).info.settings == {}
    with pytest.raises(UsageError, match="environment variable OTHER is not set"):
        create_model(f"{provider}/m", {"api_key_env": "OTHER", "base_url": "http://127.0.0.1:1"})


@pytest.mark.parametrize("provider", CREATES)
def test_a_server_on_this_machine_needs_no_key(provider):
    model = create_model(f"{provider}/org/m", {"base_url": "http://127.0.0.1:8000/v1/"})
    assert model.info.name == f"{provider}/org/m"
    assert model.info.settings == {"base_url": "127.0.0.1:8000"}
    assert not model.info.is_offline


def test_the_sdks_own_variable_for_the_url_counts_and_is_recorded(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:9/v1")
    assert create_model("openai/m").info.settings == {"base_url": "localhost:9"}
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://user:pass@localhost:9")
    assert create_model("anthropic/m").info.settings == {"base_url": "localhost:9"}


@pytest.mark.parametrize("provider", CREATES)
def test_settings_from_the_command_line_are_text(provider):
    given = {"base_url": "http://127.0.0.1:1", "temperature": "0.25", "parallel_tool_calls": "false", "max_output_tokens": "77",
             "timeout": "5", "attempts": "2", "extra_body": '{"a": [1]}'}  # fmt: skip
    assert create_model(f"{provider}/m", given).info.settings == {
        "base_url": "127.0.0.1:1", "temperature": 0.25, "parallel_tool_calls": False, "max_output_tokens": 77,
        "extra_body": {"a": [1]},
    }  # fmt: skip


@pytest.mark.parametrize("create", CREATES.values())
def test_unknown_settings_get_a_suggestion(create):
    with pytest.raises(UsageError) as caught:
        create(ModelContext("m", {"temprature": 1}))
    assert "unknown model option 'temprature' in model " in caught.value.message
    assert caught.value.hint.startswith("did you mean 'temperature'")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("temperature", "warm", "valid number"),
        ("temperature", "-1", "greater than or equal to 0"),
        ("top_p", "2", "less than or equal to 1"),
        ("reasoning_effort", "huge", "'none', 'minimal'"),
        ("max_output_tokens", "0", "greater than or equal to 1"),
        ("base_url", "127.0.0.1:8000", "must start with http:// or https://"),
        ("extra_body", "{", "Expecting property name"),
        ("extra_body", "[1]", "valid dictionary"),
        ("timeout", "0", "greater than 0"),
    ],
)
@pytest.mark.parametrize("create", CREATES.values())
def test_values_that_do_not_fit(create, key, value, reason):
    with pytest.raises(UsageError) as caught:
        create(ModelContext("m", {key: value}))
    assert f"model option {key}={value!r}" in caught.value.message
    assert reason in caught.value.message
    assert caught.value.hint.startswith(f"{key}: ")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/v1", True), ("http://127.9.9.9", True), ("http://localhost/v1", True), ("http://[::1]:80", True),
        ("http://10.0.0.1", False), ("https://api.openai.com/v1", False), ("http://127.0.0.1.evil.example", False),
        ("http://localhost.example", False),
    ],
)  # fmt: skip
def test_loopback(url, local):
    assert is_loopback(url) is local
