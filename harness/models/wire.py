"""What the adapters share: sending through an SDK, reading JSON from strangers, and tool arguments.

Adapters send through the official SDKs (keys, headers, connections, timeouts) and read the JSON of the answer themselves: a
compatible server may leave out or add anything, and what must be sent back later has to be sent back as it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.model import Message, Reply, Request, StopReason, ToolCall
from harness.models.retry import AttemptError, parse_retry_after, with_retries

JSON = dict[str, Any]
T = TypeVar("T")

QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""Codes of a 429 that no waiting cures."""
POLICY_CODES = frozenset({"content_filter", "content_policy_violation", "invalid_prompt", "bio_policy",
                          "misalignment_policy_violation"})  # fmt: skip
"""Codes with which a provider's filter declines a prompt: a refusal, not a failure."""
_SURROGATES = re.compile("[\ud800-\udfff]")


class RefusedError(Exception):
    """A provider's filter declined the request itself, by an error instead of a reply."""


@dataclass(frozen=True)
class Caller:
    """Sends requests of one model and has failures retried."""

    model: str
    """Full name, for messages."""
    sdk: Any
    """The SDK's module; both have exceptions of the same names."""
    key: str
    """Must never appear in a message."""
    attempts: int
    """Most requests per reply."""

    def reply(self, send: Callable[[], Any], read: Callable[[JSON], Reply]) -> Reply:
        """One reply: ``send`` makes a request (a raw response of the SDK), ``read`` turns its JSON into a reply."""

        def attempt() -> Reply:
            try:
                return read(decode(self._body(send)))
            except RefusedError as error:
                return Reply(message=Message(role="assistant", text=str(error)), stop=StopReason.refusal)

        answered = with_retries(attempt, self.model, self.attempts)
        measured = {"latency_s": answered.latency_s, "attempts": answered.attempts, "retries": answered.retries}
        return answered.value.model_copy(update=measured)

    def _body(self, send: Callable[[], Any]) -> bytes:
        try:
            content: bytes = send().http_response.content
        except self.sdk.APITimeoutError as error:
            raise AttemptError("timeout", "no answer in time") from error
        except self.sdk.APIConnectionError as error:
            raise AttemptError("connection", self._safe(str(error.__cause__ or error))) from error
        except self.sdk.APIStatusError as error:
            raise self._of_status(error) from error
        except self.sdk.APIError as error:
            raise AttemptError("garbage", self._safe(str(error))) from error
        return content

    def _of_status(self, error: Any) -> AttemptError | RefusedError:
        code, message = error_details(error.body)
        text = self._safe(message or error.response.reason_phrase)
        if error.status_code == 400 and code in POLICY_CODES:
            return RefusedError(text)
        cause = "quota" if error.status_code == 429 and code in QUOTA_CODES else str(error.status_code)
        return AttemptError(cause, text, parse_retry_after(error.response.headers))

    def _safe(self, text: str) -> str:
        return text.replace(self.key, "***")


def error_details(body: object) -> tuple[str, str]:
    """Code and message of an error body in any of the shapes that servers use; empty where it says nothing."""
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict):
            message = inner.get("message") or inner.get("detail") or inner.get("type") or ""
            return str(inner.get("code") or ""), str(message)
        return "", str(inner)
    return "", str(body) if body else ""


def decode(body: bytes) -> JSON:
    """A reply's JSON object. AttemptError if it is none, or is an error that came with a status of success."""
    try:
        payload = clean(json.loads(body))
    except (ValueError, RecursionError):
        shown = body[:80].decode(errors="replace")
        raise AttemptError("garbage", f"the reply is not JSON; {len(body)} bytes that begin with {shown!r}") from None
    if not isinstance(payload, dict):
        raise AttemptError("garbage", f"the reply is {type(payload).__name__}, not a JSON object")
    if isinstance(error := payload.get("error"), dict) and "status" not in payload:
        code, message = error_details(error)
        raise AttemptError(code if re.fullmatch("[45][0-9][0-9]", code) else "garbage", message)
    return payload


def clean(value: Any) -> Any:
    """JSON without lone surrogates, which are legal escapes in it and cannot be encoded when they are sent back."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


def need(payload: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """A field that a reply must have. AttemptError if it is missing or of another type."""
    value = payload.get(key)
    if not isinstance(value, kind):
        found = (
            f"{key} is {type(value).__name__}" if key in payload else f"no {key}, only {', '.join(map(repr, payload)) or '{}'}"
        )
        raise AttemptError("garbage", f"the reply has {found}; expected {kind.__name__}")
    return value


def given(**fields: Any) -> JSON:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def objects(items: Iterable[Any]) -> list[JSON]:
    """The objects of a list, whatever else a server put there left out."""
    return [item for item in items if isinstance(item, dict)]


def count(payload: Any, *path: str) -> int | None:
    """A number of tokens somewhere in a reply; None if it is not there."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload if isinstance(payload, int) and not isinstance(payload, bool) and payload >= 0 else None


def tool_call(raw: Any, name: Any, given_id: Any, request: Request, index: int) -> ToolCall:
    """A call in normal form. Where a server gave no id, one is made that is unique in the conversation."""
    text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
    arguments, error = parse_arguments(text)
    call_id = str(given_id) if given_id else f"call_{len(request.messages)}_{index}"
    return ToolCall(id=call_id, name=str(name or ""), raw=text, arguments=arguments, error=error)


def parse_arguments(raw: str) -> tuple[JSON | None, str]:
    """Tool arguments as an object, or None and what is wrong with them. Nothing at all is an empty object: that is how
    several servers write a call without arguments."""
    if not raw.strip():
        return {}, ""
    try:
        value = json.loads(raw, parse_constant=_no_constant)
    except RecursionError:
        return None, "nested too deeply"
    except ValueError as error:
        return None, str(error)
    return (clean(value), "") if isinstance(value, dict) else (None, f"{_json_name(value)} instead of an object")


def sendable_arguments(call: ToolCall) -> JSON:
    """Arguments of an earlier call as an object. Some servers parse them again and would refuse the whole conversation over
    malformed ones, so those travel as a string; the tool's answer has told the model what was wrong."""
    return {"malformed": call.raw} if call.arguments is None else call.arguments


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _json_name(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def without_trailing(items: list[JSON], kinds: frozenset[str]) -> list[JSON]:
    """Items without those of some types at the end: providers refuse reasoning that nothing follows, which is what a reply
    cut off while thinking leaves."""
    end = len(items)
    while end and items[end - 1].get("type") in kinds:
        end -= 1
    return items[:end]
