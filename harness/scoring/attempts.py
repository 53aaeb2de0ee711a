"""What an agent did, attempt by attempt, read from the events of its trial.

A transcript is a flat list of events; everything that is shown or counted about progress (curves over iterations, tokens and
currency, diffs between successive kernels, what feedback fixed what) needs them as attempts: a kernel, the tool it was shown to,
what came of it, and what had been spent by then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.agent.tools import Answer
from harness.model import Reply, StopReason, Usage
from harness.trial import Evaluation, Event

FINAL = "final"
"""Tool name of the last attempt: the grading of what was submitted, or of the best kernel where a limit ended the trial."""


@dataclass(frozen=True)
class Attempt:
    """One kernel shown to the judge, or one call of a tool that could not be carried out."""

    number: int
    """1-based, over the attempts of the trial."""
    tool: str
    """``check``, ``run``, ``profile``, or `FINAL`."""
    turn: int
    """1-based reply that it was part of."""
    source: str | None
    """Text of the kernel; None where it is not known (another tool, malformed arguments)."""
    evaluation: Evaluation | None
    """What the judge said; None where the call was not carried out."""
    problem: str
    """Why the call was not carried out; empty when it was."""
    spent: Usage
    """Tokens of all replies up to this one."""
    cost: float | None
    """US dollars of the same; None once the price of one is unknown."""
    at: float
    """Seconds since the trial's first event."""

    @property
    def tokens(self) -> int | None:
        """Input and output tokens of all replies up to this one; None if the provider never said."""
        known = [n for n in (self.spent.input_tokens, self.spent.output_tokens) if n is not None]
        return sum(known) if known else None


def attempts(events: Sequence[Event]) -> list[Attempt]:
    """The attempts of a trial in order; calls that evaluate nothing (the manual, the target's own tools) are none.

    An evaluation is recorded before the answer of the tool that asked for it; the one of stage ``final`` has no answer.
    """
    return list(_Reader(events).read())


def replies(events: Iterable[Event]) -> Iterator[Reply]:
    """The model's replies, in order."""
    return (Reply.model_validate(event.data) for event in events if event.kind == "reply")


def useless(events: Sequence[Event]) -> list[str]:
    """For every reply that called no tool, why it was of no use: ``truncated``, ``refusal``, ``empty`` or ``no tool call``."""
    found = []
    for reply in replies(events):
        if reply.message.tool_calls:
            continue
        by_stop = {StopReason.length: "truncated", StopReason.refusal: "refusal"}
        found.append(by_stop.get(reply.stop) or ("no tool call" if reply.message.text.strip() else "empty"))
    return found


@dataclass
class _Reader:
    """One pass over the events, with what was spent so far."""

    events: Sequence[Event]
    spent: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    turn: int = 0
    pending: Evaluation | None = None
    texts: dict[str, str] = field(default_factory=dict)
    """Kernel texts by SHA-256."""
    number: int = 0

    def read(self) -> Iterator[Attempt]:
        for event in self.events:
            match event.kind:
                case "reply":
                    self._charge(Reply.model_validate(event.data))
                case "evaluation":
                    evaluation = Evaluation.model_validate(event.data)
                    if evaluation.stage == "final":
                        yield self._attempt(FINAL, self.texts.get(evaluation.kernel), evaluation, "", event.at)
                    else:
                        self.pending = evaluation
                case "tool":
                    answer = Answer.model_validate(event.data)
                    source = self._remember(answer)
                    judged, self.pending = self.pending, None
                    if judged or answer.problem:
                        yield self._attempt(answer.call.name, source, judged, answer.problem, event.at)

    def _charge(self, reply: Reply) -> None:
        self.turn += 1
        self.spent += reply.usage
        self.cost = None if self.cost is None or reply.cost is None else self.cost + reply.cost

    def _remember(self, answer: Answer) -> str | None:
        source = (answer.call.arguments or {}).get("source")
        if not isinstance(source, str):
            return None
        self.texts[hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()] = source
        return source

    def _attempt(self, tool: str, source: str | None, evaluation: Evaluation | None, problem: str, at: float) -> Attempt:
        self.number += 1
        since = at - self.events[0].at
        return Attempt(self.number, tool, self.turn, source, evaluation, problem, self.spent, self.cost, since)
