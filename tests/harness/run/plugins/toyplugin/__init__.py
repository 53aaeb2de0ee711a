"""A backend and a model for tests of runs, registered through the entry points of the dist-info beside this package."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.backend import BackendContext, BackendInfo, Build, Execution, Limits
from harness.errors import InfraError, ProviderError, UsageError, unknown
from harness.model import ModelContext, ModelInfo, Reply, Request
from harness.task import Suite, Tensors
from harness.testing import ToyBackend, calls, relu, vec_add

OPTIONS = ("log", "delay", "fails", "key")


class Toy(ToyBackend):
    """The toy target with a digest and a speed that a test can change."""

    @property
    def info(self) -> BackendInfo:
        """As the toy's, in the version that ``TOY_VERSION`` says."""
        return replace(super().info, digest=f"toy {os.environ.get('TOY_VERSION', '1')}")

    def execute(self, build: Build, batch: Sequence[Tensors], limits: Limits) -> Sequence[Execution]:
        """Slower by ``TOY_SLOWER`` cycles for every kernel but the baseline."""
        extra = float(os.environ.get("TOY_SLOWER", "0")) if len(build.artifact[0]) == 1 else 0.0
        return [replace(one, cycles=one.cycles + extra) if one.cycles else one for one in super().execute(build, batch, limits)]


def many() -> Suite:
    """A dozen small workloads."""
    return Suite("many", "", (replace(vec_add, id="T11", configurations={f"C{n}": {"N": 8 + n} for n in range(1, 13)}),))


def create_backend(context: BackendContext) -> Toy:
    """The toy target; knows one option, which does nothing."""
    for key in context.options:
        if key != "gain":
            raise unknown("backend option", key, ["gain"], "backend 'toy'")
    return Toy()


def mixed() -> Suite:
    """A task that the toy target has, and one that it has not."""
    return Suite("mixed", "", (vec_add, replace(relu, id="T13", name="gelu")))


def held() -> Suite:
    """A task with sizes that are not shown."""
    return Suite("held", "", (replace(vec_add, id="T15", configurations={"C1": {"N": 16}}, held_out={"C1": {"N": 12}}),))


class ToyAgent:
    """Tries a wrong kernel, then the right one, then submits it. Every reply is a line in ``log``: a payment.

    ``fails`` names what happens instead of the second reply: ``provider``, ``infra``, ``bug``, ``killed``, ``killed once``;
    after an ``@``, the file that holds the name.
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
            how = self.settings.get("fails", "")
            self.fail(Path(how[1:]).read_text() if how.startswith("@") else how)
        time.sleep(float(self.settings.get("delay", 0)))
        if log := self.settings.get("log"):
            with Path(log).open("a") as file:
                file.write(f"{payment(request, turn)}\n")
        source = self.baseline().replace("t = ", "y = ").split("\n")[0]
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


def payment(request: Request, turn: int) -> str:
    """What stands in the log for a reply."""
    return f"{hashlib.sha256(request.messages[0].text.encode()).hexdigest()[:16]} {turn}"


def create_model(context: ModelContext) -> ToyAgent:
    """The toy agent."""
    return ToyAgent(context)


create_model.offline = True  # type: ignore[attr-defined]
