from __future__ import annotations

from typing import Any

import httpx2
import pytest

from harness.errors import ProviderError
from harness.model import StopReason
from harness.models import retry
from harness.models.retry import AttemptError, Rule, http_date, parse_retry_after, reduce_message, with_retries

ADAPTERS = ("openai", "openai-responses", "anthropic")


def status(code: int, message: str = "nope", **headers: str) -> httpx2.Response:
    return httpx2.Response(code, json={"error": {"message": message}}, headers=headers)


def good(provider: str) -> dict[str, Any]:
    if provider == "anthropic":
        return {"content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn"}
    if provider == "openai":
        return {"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}
    return {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "ok"}]}]}


RETRIED = [
    (httpx2.ConnectError("refused"), "connection: refused"),
    (httpx2.RemoteProtocolError("peer closed"), "connection: peer closed"),
    (httpx2.ReadTimeout("slow"), "timeout: no answer in time"),
    (status(408), "HTTP 408: nope"),
    (status(409), "HTTP 409: nope"),
    (status(429), "HTTP 429: nope"),
    (status(500), "HTTP 500: nope"),
    (status(502), "HTTP 502: nope"),
    (status(503, **{"retry-after": "2"}), "HTTP 503: nope"),
    (status(529), "HTTP 529: nope"),
    (httpx2.Response(200, content=b"<html>"), "garbage: the reply is not JSON; 6 bytes that begin with '<html>'"),
    (httpx2.Response(200, content=b""), "garbage: the reply is not JSON; 0 bytes that begin with ''"),
    (httpx2.Response(200, json=[]), "garbage: the reply is list, not a JSON object"),
    (httpx2.Response(200, json={"choice": 1}), "garbage: the reply has no "),
    (httpx2.Response(200, json={"error": {"code": 502, "message": "upstream"}}), "HTTP 502: upstream"),
]
FATAL = [(400, ""), (401, "key"), (402, "credit"), (403, "key"), (404, "name"), (413, "large"), (418, ""), (422, "")]


@pytest.mark.parametrize("provider", ADAPTERS)
@pytest.mark.parametrize(("failure", "line"), RETRIED)
def test_what_is_retried(connect, opening, provider, failure, line):
    model, wire = connect(provider, [failure, good(provider)])
    reply = model.reply(opening)
    assert (reply.message.text, reply.stop, reply.attempts) == ("ok", StopReason.end, 2)
    assert reply.retries[0].startswith(line)
    assert reply.retries[0].endswith(" s")
    assert wire.requests[0].content == wire.requests[1].content


@pytest.mark.parametrize("provider", ADAPTERS)
@pytest.mark.parametrize(("code", "hint"), FATAL)
def test_what_is_not_retried(connect, opening, provider, code, hint):
    model, wire = connect(provider, [status(code, "first\n  second \x1b[0m")])
    with pytest.raises(ProviderError) as caught:
        model.reply(opening)
    assert caught.value.message == f"model '{provider}/m': HTTP {code}: first second [0m"
    assert hint in caught.value.hint
    assert len(wire.requests) == 1


def test_an_empty_account_is_not_waited_for(connect, opening):
    answer = httpx2.Response(429, json={"error": {"message": "Exceeded.", "code": "insufficient_quota"}})
    model, wire = connect("openai", [answer])
    with pytest.raises(ProviderError, match="quota: Exceeded"):
        model.reply(opening)
    assert len(wire.requests) == 1


def test_the_key_never_appears(connect, opening):
    model, _ = connect("openai", [status(401, "Incorrect API key provided: sk-secret.")])
    with pytest.raises(ProviderError) as caught:
        model.reply(opening)
    assert "sk-secret" not in str(caught.value)
    assert "provided: ***." in str(caught.value)


def failing(*errors: AttemptError) -> tuple[Any, list[float]]:
    left, waits = list(errors), list[float]()

    def attempt() -> str:
        if left:
            raise left.pop(0)
        return "ok"

    return attempt, waits


def test_backoff_doubles_within_bounds_and_is_jittered():
    failures = [AttemptError("connection" if n % 2 else "timeout", "") for n in range(9)]
    for jitter, factor in ((0.0, 0.5), (1.0, 1.0)):
        attempt, waits = failing(*failures)
        answered = with_retries(attempt, "m", 10, sleep=waits.append, jitter=lambda value=jitter: value)
        assert answered.attempts == 10
        assert waits == [factor * seconds for seconds in (1, 2, 4, 8, 16, 32, 60, 60, 60)]


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 0.5), (7.0, 7.5), (1e9, retry.LONGEST_RETRY_AFTER_S + 0.5)])
def test_retry_after_is_honoured_and_bounded(asked, waited):
    attempt, waits = failing(AttemptError("429", "wait", asked))
    with_retries(attempt, "m", 10, sleep=waits.append, jitter=lambda: 0.5)
    assert waits == [waited]


@pytest.mark.parametrize("cause", ["connection", "timeout", "garbage", "408", "429", "500", "503", "529"])
def test_the_same_failure_again_and_again_ends_it_early(cause):
    patience = AttemptError(cause, "").rule.patience
    attempt, waits = failing(*[AttemptError(cause, "same")] * 20)
    with pytest.raises(ProviderError, match=rf"same \(after {patience + 1} attempts\)"):
        with_retries(attempt, "m", 20, sleep=waits.append)
    assert len(waits) == patience


def test_different_failures_end_at_the_cap():
    attempt, waits = failing(*[AttemptError("500", f"number {n}") for n in range(20)])
    with pytest.raises(ProviderError, match=r"model 'm': HTTP 500: number 9 \(after 10 attempts\)"):
        with_retries(attempt, "m", 10, sleep=waits.append)
    assert len(waits) == 9


def test_other_exceptions_pass_through_at_once():
    def attempt() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with_retries(attempt, "m", 10)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3), ("0.5", 0.5), ("-4", 0), ("", None), ("soon", None), ("nan", None), (http_date(1030), 30), (http_date(900), 0)],
)
def test_retry_after_header(value, seconds):
    assert parse_retry_after({"retry-after": value} if value else {}, now=lambda: 1000.0) == seconds


def test_every_row_of_the_table_can_be_met():
    for cause in retry.TABLE:
        assert isinstance(AttemptError(cause.replace("xx", "77"), "").rule, Rule)
    assert AttemptError("501", "").rule is retry.TABLE["5xx"]
    assert AttemptError("499", "").rule is retry.TABLE["4xx"]


def test_messages_are_one_short_line():
    assert reduce_message("a\n\tb\x00 c") == "a b c"
    assert len(reduce_message("x" * 5000)) == retry.MESSAGE_LENGTH
