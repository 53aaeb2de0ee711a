"""A backend and a model for tests of runs, registered through the entry points of the dist-info beside this package."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from harness.backend import BackendContext
from harness.errors import InfraError, ProviderError, UsageError, unknown
from harness.model import ModelContext, ModelInfo, Reply, Request
from harness.testing import ToyBackend, calls

OPTIONS = ("log", "delay", "fails", "key")


class Toy(ToyBackend):
    """The toy target with a digest that a test can change."""

    @property
    def info(self) -> Any:
        import dataclasses

        return dataclasses.replace(super().info, version=os.environ.get("TOY_VERSION", "1"), **_digest())


def _digest() -> dict[str, str]:
    return {"digest": f"toy {os.environ['TOY_VERSION']}"} if "TOY_VERSION" in os.environ else {}


def create_backend(context: BackendContext) -> Toy:
    """The toy target; knows one option, which does nothing."""
    for key in context.options:
        if key != "gain":
            raise unknown("backend option", key, ["gain"], "backend 'toy'")
    return Toy()


class ToyAgent:
    """Tries a wrong kernel, then the baseline, then submits it. Every reply is a line in ``log``: a payment.

    ``fails`` names what happens instead of the second reply: ``provider``, ``infra``, ``bug``, ``killed``, ``killed once``.
    """

    def __init__(self, context: ModelContext) -> None:
        for key in context.settings:
            if key not in OPTIONS:
                raise unknown("model option", key, OPTIONS, "model 'toyagent'")
        if context.settings.get("key") == "missing":
            raise UsageError("model 'toyagent' needs an API key and the environment variable TOY_KEY is not set")
        self.settings = context.settings
        self.baseline = context.baseline
        self.info = ModelInfo("toyagent", {"fails": self.settings.get("fails", "")}, is_offline=True)

    def reply(self, request: Request) -> Reply:
        assert self.baseline is not None
        turn = sum(message.role == "assistant" for message in request.messages)
        if turn == 1:
            self.fail(self.settings.get("fails", ""))
        time.sleep(float(self.settings.get("delay", 0)))
        if log := self.settings.get("log"):
            with Path(log).open("a") as file:
                file.write(f"{request.messages[0].text.encode().hex()} {turn}\n")
        source = self.baseline()
        return calls([("run", {"source": "y = 0"}), ("run", {"source": source}), ("submit", {"source": source})][turn])

    def fail(self, how: str) -> None:
        match how:
            case "provider":
                raise ProviderError("the toy server is down")
            case "infra":
                raise InfraError("the toy box broke")
            case "bug":
                raise ZeroDivisionError("a toy bug")
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "killed once":
                flag = Path(f"{self.settings['log']}.killed")
                if not flag.exists():
                    flag.touch()
                    os.kill(os.getpid(), signal.SIGKILL)


def create_model(context: ModelContext) -> ToyAgent:
    """The toy agent."""
    return ToyAgent(context)


create_model.offline = True  # type: ignore[attr-defined]
