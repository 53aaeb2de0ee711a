"""What a user may set on a model (``--model-option key=value``), checked before anything is sent."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from harness.errors import UsageError, unknown
from harness.record import Record

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
DUMMY_KEY = "no-key-needed"
"""Sent to servers on this machine, which ask for none; the SDKs insist on some key."""


class Settings(Record):
    """Settings that every adapter has. None leaves the provider's default."""

    base_url: str | None = None
    """Root of a compatible server, such as ``http://127.0.0.1:8000/v1``."""
    api_key_env: str | None = None
    """Environment variable that holds the key, where it is not the provider's usual one."""
    timeout: float = Field(default=900.0, gt=0)
    """Seconds without an answer after which a request is given up; replies are not streamed, so long ones take minutes."""
    attempts: int = Field(default=10, ge=1)
    """Most requests sent for one reply."""
    temperature: float | None = Field(default=None, ge=0)
    """Sampling temperature."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """Nucleus sampling."""
    reasoning_effort: Effort | None = None
    """How hard a reasoning model thinks; which values exist depends on the model."""
    max_output_tokens: int | None = Field(default=None, ge=1)
    """Cap on one reply, reasoning included; the agent's own limit applies too."""
    tool_choice: str | None = None
    """``auto``, ``required``, ``none``, or the name of the one tool that must be called."""
    parallel_tool_calls: bool | None = None
    """Whether a reply may hold several tool calls."""
    extra_body: dict[str, Any] | None = None
    """Fields added to the request as they are, for options of particular servers; on the command line a JSON object."""

    @field_validator("extra_body", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("base_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not (urlsplit(value).scheme in ("http", "https") and urlsplit(value).hostname):
            raise ValueError("it must start with http:// or https:// and name a host")
        return value

    def of_the_row(self, url: str, usual: str) -> dict[str, Any]:
        """The settings that change answers: what a result row is identified by. Where another server than the usual one
        answers, its host and port are among them."""
        chosen = self.model_dump(
            exclude_unset=True, exclude_none=True, exclude={"base_url", "api_key_env", "timeout", "attempts"}
        )
        return chosen if url == usual else {"base_url": urlsplit(url).netloc.rpartition("@")[2], **chosen}

    def output_cap(self, of_request: int | None) -> int | None:
        """The smaller of the two caps on a reply."""
        return min((cap for cap in (of_request, self.max_output_tokens) if cap is not None), default=None)


S = TypeVar("S", bound=Record)


def read_settings(shape: type[S], values: Mapping[str, Any], model: str) -> S:
    """The settings as a record. UsageError, naming the model, for unknown keys and values that do not fit."""
    for key in values:
        if key not in shape.model_fields:
            raise unknown("model option", key, shape.model_fields, where=f"model {model!r}")
    try:
        return shape.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        reason = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"model option {key}={values.get(key)!r} of model {model!r}: {reason}", _doc(shape, key)) from None


def _doc(shape: type[Record], key: str) -> str:
    field = shape.model_fields.get(key)
    return f"{key}: {field.description}" if field and field.description else ""


def resolve_url(settings: Settings, variable: str, default: str) -> str:
    """Where requests go: the setting, else the SDK's own environment variable, else the provider."""
    return (settings.base_url or os.environ.get(variable) or default).rstrip("/")


def find_key(settings: Settings, usual: str, url: str, model: str) -> str:
    """The API key. UsageError naming the variable if there is none, unless the server is on this machine."""
    variable = settings.api_key_env or usual
    key = os.environ.get(variable, "").strip()
    if key:
        return key
    if is_loopback(url) and settings.api_key_env is None:
        return DUMMY_KEY
    raise UsageError(
        f"model {model!r} needs an API key and the environment variable {variable} is not set",
        f"export {variable}=..., or name another variable with --model-option api_key_env=NAME",
    )


def is_loopback(url: str) -> bool:
    """Whether a URL points to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
