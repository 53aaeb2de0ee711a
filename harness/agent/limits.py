"""When an agent must stop: what it spent, and which of its limits that reaches."""

from __future__ import annotations

from typing import NamedTuple

from harness.model import Reply
from harness.trial import AgentLimits


class Reached(NamedTuple):
    """A limit that was met, so that the trial ends."""

    name: str
    """Field of `AgentLimits`."""
    limit: float
    """Its value."""
    spent: float
    """What was spent; more than the limit where one reply or tool call overshot it."""

    def __str__(self) -> str:
        return f"reached the limit {self.name}={self.limit:g} with {self.spent:g}"


class Budget:
    """What an agent has spent of its `AgentLimits`. The model's latency is never part of it.

    Limits are looked at before a model call and before a tool call, so one reply or one tool call may overshoot. What a server
    does not report (tokens, an unknown price) cannot be charged.
    """

    def __init__(self, limits: AgentLimits) -> None:
        self.limits = limits
        self.turns = 0
        self.tool_calls = 0
        self.output_tokens = 0
        self.cost = 0.0
        self.tool_seconds = 0.0

    def charge_reply(self, reply: Reply) -> None:
        """Counts one model call."""
        self.turns += 1
        self.output_tokens += reply.usage.output_tokens or 0
        self.cost += reply.cost or 0.0

    def charge_tool(self, seconds: float) -> None:
        """Counts one tool call."""
        self.tool_calls += 1
        self.tool_seconds += seconds

    def reached(self, *names: str) -> Reached | None:
        """The first limit that is met, of all or of the named ones."""
        for name in names or ("turns", "tool_calls", "output_tokens", "cost", "tool_seconds"):
            limit, spent = getattr(self.limits, name), getattr(self, name)
            if limit is not None and spent >= limit:
                return Reached(name, limit, spent)
        return None

    @property
    def turns_left(self) -> int:
        """Model calls that remain."""
        return max(0, self.limits.turns - self.turns)
