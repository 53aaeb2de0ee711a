"""A model of this package's own, offline: it runs the baseline, unrolls its loop, runs that, and submits it.

What it knows of the language is that a strip is what stands between ``strip:`` and ``BNE``. A model that asks a server looks the
same: `create_model` gets name and settings, `reply` turns a request into a reply.
"""

from __future__ import annotations

import re

from harness.errors import UsageError
from harness.model import Model, ModelContext, ModelInfo, Reply, Request
from harness.models.compiler import offline_reply

LOOP = re.compile(r" *ADDI x4, x0, (?P<times>\d+)\nstrip:\n(?P<body>.*) *ADDI x4, x4, -1\n *BNE x4, x0, strip\n", re.DOTALL)
MOST = 512
"""Strips that are unrolled; a longer loop stays."""


class Angler:
    """Plays three turns."""

    def __init__(self, baseline: str) -> None:
        self._baseline = baseline

    @property
    def info(self) -> ModelInfo:
        """Its name; it has no settings."""
        return ModelInfo("angler", is_offline=True)

    def reply(self, request: Request) -> Reply:
        """One turn: what it does depends on how often it has spoken."""
        turn = sum(message.role == "assistant" for message in request.messages)
        offered = {tool.name for tool in request.tools}
        unrolled = unroll(self._baseline)
        plan = [("run", self._baseline), ("run", unrolled), ("submit", unrolled)]
        plan = [call for call in plan if call[0] in offered]
        name, source = plan[min(turn, len(plan) - 1)]
        return offline_reply(request, "angler", calls=[(name, {"source": source})])


def unroll(source: str) -> str:
    """The baseline without its loop; the text itself where it has none, or one that is too long."""
    found = LOOP.search(source)
    if found is None or int(found["times"]) > MOST:
        return source
    return source[: found.start()] + found["body"] * int(found["times"]) + source[found.end() :]


def create_model(context: ModelContext) -> Model:
    """The entry point; called once per trial."""
    if context.settings or context.name:
        raise UsageError(f"model 'angler' takes no name and no options, got {context.name!r} {context.settings!r}")
    if context.baseline is None:
        raise UsageError("model 'angler' starts from the baseline and was given none")
    return Angler(context.baseline())


create_model.offline = True  # it plays an agent without being one, so it may see the baseline
