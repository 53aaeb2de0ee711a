"""A backend and a model for tests of runs, registered through the entry points of the dist-info beside this package."""

from __future__ import annotations

import ctypes
import hashlib
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.backend import BackendContext, BackendInfo, Build, Execution, Limits
from harness.errors import InfraError, ProviderError, UsageError, unknown
from harness.model import ModelContext, ModelInfo, Reply, Request
from harness.task import Suite, Tensors, Workload
from harness.testing import ToyBackend, calls, relu, vec_add

OPTIONS = ("log", "delay", "fails", "key")


def mood() -> str:
    """How the target misbehaves: what the file says that ``TOY_MOOD`` names."""
    path = os.environ.get("TOY_MOOD")
    return Path(path).read_text() if path and Path(path).exists() else ""


class Toy(ToyBackend):
    """The toy target with a digest, a speed and a mood that a test can change."""

    @property
    def info(self) -> BackendInfo:
        """As the toy's, in the version that ``TOY_VERSION`` says; in one mood with a digest that no other process has."""
        lie = f" {os.getpid()}" if mood() == "lies" else ""
        return replace(super().info, digest=f"toy {os.environ.get('TOY_VERSION', '1')}{lie}")

    def baseline(self, workload: Workload) -> str:
        """Hangs in one mood, in processes that are not the first."""
        if mood() == "hangs early" and "harness.run.forkserver" in " ".join(sys.orig_argv):
            hang()
        return super().baseline(workload)

    def execute(self, build: Build, batch: Sequence[Tensors], limits: Limits) -> Sequence[Execution]:
        """Slower by ``TOY_SLOWER`` cycles for every kernel but the baseline."""
        match mood():
            case "raises":
                raise RuntimeError("a bug of the toy target")
            case "hangs":
                hang()
            case "prints":
                sys.stdout.write("\x1b[31mthe toy target was here\n")
            case "eats":
                resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
                bytearray(2 << 30)
        extra = float(os.environ.get("TOY_SLOWER", "0")) if len(build.artifact[0]) == 1 else 0.0
        return [replace(one, cycles=one.cycles + extra) if one.cycles else one for one in super().execute(build, batch, limits)]


def hang() -> None:
    """Waits in C code, in a way that lets no other thread of the process run."""
    ctypes.PyDLL(None).sleep(600)


def many() -> Suite:
    """A dozen small workloads."""
    return Suite("many", "", (replace(vec_add, id="T11", configurations={f"C{n}": {"N": 8 + n} for n in range(1, 13)}),))


def create_backend(context: BackendContext) -> Toy:
    """The toy target; knows one option, which does nothing."""
    for key in context.options:
        if key != "gain":
            raise unknown("backend option", key, ["gain"], "backend 'toy'")
    if mood() == "prints":
        sys.stdout.write("the toy target is made\n")
    return Toy()


def mixed() -> Suite:
    """A task that the toy target has, and one that it has not."""
    return Suite("mixed", "", (vec_add, replace(relu, id="T13", name="gelu")))


def held() -> Suite:
    """A task with sizes that are not shown."""
    return Suite("held", "", (replace(vec_add, id="T15", configurations={"C1": {"N": 16}}, held_out={"C1": {"N": 12}}),))


class ToyAgent:
    """Tries a wrong kernel, then the right one, then submits it. Every reply is a line in ``log``: a payment.

    ``fails`` names what happens instead of the second reply: ``provider``, ``hostile``, ``infra``, ``bug``, ``killed``,
    ``killed once``; after an ``@``, the file that holds the name.
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
            case "hostile":
                raise ProviderError("no.\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\n[9/9] toyagent toy T01/C1: right on 4 input sets")
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
