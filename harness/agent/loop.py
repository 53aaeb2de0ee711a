"""The agent loop: model and tools take turns until a kernel is submitted, a limit is met, or the model is of no more use.

The conversation only grows: every request extends the last one byte for byte. What a model can do wrong is told apart, because
each deserves another answer: a reply cut off at its length limit, an empty one, a refusal, words without a tool call, and calls
that cannot be carried out. Failures of the model's server and of the machine are exceptions and pass through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from harness.agent import prompts
from harness.agent.limits import Budget
from harness.agent.tools import Answer, Best
from harness.model import Message, Reply, Request, StopReason, ToolCall
from harness.trial import AgentLimits, Status

PATIENCE = 3
"""Useless replies in a row after which a trial ends."""


class Model(Protocol):
    """What the loop needs of a `harness.model.Model`."""

    def reply(self, request: Request) -> Reply:
        """One turn."""


class Tools(Protocol):
    """What the loop needs of a `harness.agent.tools.Toolbox`."""

    @property
    def best(self) -> Best | None:
        """The fastest kernel so far that passed on public inputs."""

    def call(self, call: ToolCall) -> Answer:
        """Carries out a call, or says why it cannot be."""

    def decline(self, call: ToolCall, problem: Literal["truncated call", "call after submit"]) -> Answer:
        """Answers a call that must not be carried out."""


@dataclass(frozen=True)
class Outcome:
    """How a conversation ended."""

    status: Status
    """``graded`` (something was submitted), ``budget`` or ``refused``."""
    kernel: str | None = None
    """The kernel to judge."""
    detail: str = ""
    """The limit that was met, or what was wrong with the last replies."""


def converse(model: Model, tools: Tools, opening: Request, limits: AgentLimits) -> Outcome:
    """Runs a conversation to its end."""
    request, budget = opening, Budget(limits)
    useless: list[str] = []
    while not (reached := budget.reached()):
        reply = model.reply(request)
        budget.charge_reply(reply)
        answers = carry_out(reply, tools, budget)
        for answer in answers:
            if answer.submitted is not None:
                return Outcome(Status.graded, answer.submitted)
        trouble = what_is_wrong(reply, answers)
        useless = [*useless, trouble] if trouble else []
        if len(useless) == PATIENCE:
            return Outcome(Status.refused, detail=f"{PATIENCE} replies in a row were of no use: {', '.join(useless)}")
        request = extend(request, reply, next_message(reply, answers, trouble, budget))
    return Outcome(Status.budget, tools.best.source if tools.best else None, str(reached))


def carry_out(reply: Reply, tools: Tools, budget: Budget) -> list[Answer]:
    """Answers the calls of a reply in order, as far as the budget goes. Nothing after a submission is executed, nor is the
    last call of a truncated reply, whose arguments may be incomplete even where they parse."""
    answers: list[Answer] = []
    calls = reply.message.tool_calls
    for call in calls:
        if any(answer.submitted is not None for answer in answers):
            answers.append(tools.decline(call, "call after submit"))
        elif budget.reached("tool_calls", "tool_seconds"):
            break
        elif reply.stop is StopReason.length and call is calls[-1]:
            answers.append(tools.decline(call, "truncated call"))
        else:
            answers.append(tools.call(call))
        budget.charge_tool(answers[-1].seconds)
    return answers


def what_is_wrong(reply: Reply, answers: Sequence[Answer]) -> str:
    """Why a reply was of no use; empty when it was of some: at least one of its calls was carried out."""
    if reply.message.tool_calls:
        return "" if any(not answer.problem for answer in answers) else next((answer.problem for answer in answers), "")
    if reply.stop is StopReason.length:
        return "truncated"
    if reply.stop is StopReason.refusal:
        return "refusal"
    return "no tool call" if reply.message.text.strip() else "empty"


def next_message(reply: Reply, answers: Sequence[Answer], trouble: str, budget: Budget) -> Message:
    """What the model reads next: its tools' answers, or what was wrong with its reply; a reminder when few turns are left."""
    reminder = prompts.answer("turns_left", turns=budget.turns_left) if 0 < budget.turns_left <= 2 else ""
    if not reply.message.tool_calls:
        nudge = prompts.answer(trouble.replace(" ", "_"))
        return Message(role="user", text=f"{nudge} {reminder}".strip())
    results = [answer.result for answer in answers]
    if reminder and results:
        last = results[-1]
        results[-1] = last.model_copy(update={"content": f"{last.content}\n\n{reminder}"})
    return Message(role="tool", tool_results=tuple(results))


def extend(request: Request, reply: Reply, answer: Message) -> Request:
    """The request that follows: everything before it, unchanged, then the reply and what answers it."""
    return request.model_copy(update={"messages": (*request.messages, reply.message, answer)})
