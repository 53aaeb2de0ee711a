from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.agent.tools import Toolbox
from harness.grading.evaluate import Judge
from harness.grading.seeds import seed
from harness.testing import ToyBackend, vec_add
from harness.trial import AgentSettings


@pytest.fixture
def make_toolbox() -> Callable[..., Toolbox]:
    """``make_toolbox(feedback="run")``: the tools of a trial of vec_add on the toy target."""

    def make(backend: ToyBackend | None = None, **settings: object) -> Toolbox:
        backend, workload = backend or ToyBackend(), vec_add.workload("C3")
        judge = Judge(backend, "secret")
        return Toolbox(judge, backend, workload, AgentSettings(**settings), seed("secret", workload.id, "public"))

    return make
