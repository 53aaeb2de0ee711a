"""Which failures of a server are worth another request, and how long to wait for it: one table, one loop.

An adapter raises `AttemptError` for every way one request can fail. Its `cause` selects a row of `TABLE`; ``patience`` there is
how many times in a row the very same failure is retried, so that a server that is simply broken is not asked ten times, while
one that says "too many requests" is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

import tenacity

from harness.errors import ProviderError

FIRST_WAIT_S = 1.0
"""Wait before the second request; it doubles with every further one."""
LONGEST_WAIT_S = 60.0
"""Bound on the doubling."""
LONGEST_RETRY_AFTER_S = 300.0
"""Bound on what a server may ask for with Retry-After."""
MESSAGE_LENGTH = 300
"""Characters of a provider's own message that are kept."""


@dataclass(frozen=True)
class Rule:
    """One row of the retry table."""

    patience: int
    """How many times in a row the same failure is retried; 0 is not worth another request."""
    hint: str = ""
    """What a person can do about it."""


TABLE: Mapping[str, Rule] = {
    "connection": Rule(6, "check base_url, the network and that the server runs"),
    "timeout": Rule(3, "raise it with --model-option timeout=SECONDS"),
    "garbage": Rule(3, "the server, or a proxy before it, does not speak this protocol; check base_url"),
    "quota": Rule(0, "the account has no credit left"),
    "400": Rule(0, "the request does not suit this model or server; see the model options in docs/guides/run-a-model.md"),
    "401": Rule(0, "the API key is wrong or has expired"),
    "402": Rule(0, "the account has no credit left"),
    "403": Rule(0, "the API key may not use this model"),
    "404": Rule(0, "check the model's name and base_url"),
    "408": Rule(3),
    "409": Rule(3),
    "413": Rule(0, "the conversation is too large for this server"),
    "422": Rule(0, "the request does not suit this model or server; see the model options in docs/guides/run-a-model.md"),
    "429": Rule(9, "too many requests; use fewer workers or a higher rate limit"),
    "529": Rule(9, "the provider is overloaded; try again later"),
    "4xx": Rule(0),
    "5xx": Rule(4, "the provider has a problem; try again later"),
}
"""Causes that are no HTTP status, single statuses, and whole classes of them."""


class AttemptError(Exception):
    """One request failed. ``cause`` is a row of `TABLE` or an HTTP status."""

    def __init__(self, cause: str, message: str, retry_after: float | None = None) -> None:
        self.cause = cause
        self.message = reduce_message(message)
        self.retry_after = retry_after
        super().__init__(f"{self.label}: {self.message}" if self.message else self.label)

    @property
    def label(self) -> str:
        """The cause for people: ``HTTP 503`` or ``timeout``."""
        return f"HTTP {self.cause}" if self.cause.isdigit() else self.cause

    @property
    def rule(self) -> Rule:
        """The row of the table that applies."""
        return TABLE.get(self.cause) or TABLE.get(f"{self.cause[0]}xx") or TABLE["garbage"]


def reduce_message(text: str) -> str:
    """A provider's message as one short line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MESSAGE_LENGTH else line[: MESSAGE_LENGTH - 3] + "..."


def parse_retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a server asks to wait, from ``Retry-After`` (seconds or an HTTP date); None if it does not say."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now()
    return max(0.0, seconds) if seconds == seconds else None


def http_date(seconds: float) -> str:
    """A Unix time as the HTTP date that Retry-After may hold."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


T = TypeVar("T")


@dataclass(frozen=True)
class Answered(Generic[T]):
    """What a retried request brought back."""

    value: T
    """The result of the successful attempt."""
    latency_s: float
    """Its wall seconds."""
    attempts: int
    """Requests sent."""
    retries: tuple[str, ...]
    """One line per failed attempt."""


@dataclass
class _Course:
    """The failures of one reply so far."""

    attempts: int
    jitter: Callable[[], float]
    failures: list[AttemptError] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def note(self, state: tenacity.RetryCallState) -> bool:
        """Whether the failure just met is worth another request; anything else that was raised passes through."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, AttemptError):
            self.failures.append(error)
            return self.repeats <= error.rule.patience and len(self.failures) < self.attempts
        return False

    @property
    def repeats(self) -> int:
        """How often the last failure was met in a row."""
        last = str(self.failures[-1])
        return next((n for n, e in enumerate(reversed(self.failures)) if str(e) != last), len(self.failures))

    def wait(self, _state: tenacity.RetryCallState) -> float:
        """Seconds until the next request: what the server asked for, else exponential backoff; both bounded and jittered
        upwards or within, so that parallel trials do not come back at once."""
        asked = self.failures[-1].retry_after
        if asked is not None:
            return min(asked, LONGEST_RETRY_AFTER_S) + self.jitter() * FIRST_WAIT_S
        backoff = min(FIRST_WAIT_S * 2.0 ** (len(self.failures) - 1), LONGEST_WAIT_S)
        return backoff * (0.5 + 0.5 * self.jitter())

    def record(self, state: tenacity.RetryCallState) -> None:
        """Keeps a line about the failure and the wait."""
        waited = state.next_action.sleep if state.next_action else 0.0
        self.lines.append(f"{self.failures[-1]}; waited {waited:.1f} s")


def with_retries(
    attempt: Callable[[], T],
    model: str,
    attempts: int,
    *,
    sleep: Callable[[float], None] = tenacity.nap.sleep,
    jitter: Callable[[], float] = random.random,
) -> Answered[T]:
    """Calls ``attempt`` until it succeeds; ProviderError once its failures are not worth another call."""
    course = _Course(attempts, jitter)
    started = 0.0

    def timed() -> T:
        nonlocal started
        started = time.perf_counter()
        return attempt()

    retrying = tenacity.Retrying(retry=course.note, wait=course.wait, sleep=sleep, before_sleep=course.record, reraise=True)
    try:
        value = retrying(timed)
    except AttemptError as error:
        tries = len(course.failures)
        times = f" (after {tries} attempts)" if tries > 1 else ""
        raise ProviderError(f"model {model!r}: {error}{times}", error.rule.hint) from error
    return Answered(value, time.perf_counter() - started, len(course.failures) + 1, tuple(course.lines))
