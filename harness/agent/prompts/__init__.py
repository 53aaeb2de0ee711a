"""Every word that a model reads from us, as Jinja templates, and the functions that fill them in.

Open first: `system.j2` and `task.j2`, which open the conversation, then `evaluation.j2`, the feedback on a kernel. A variable
that a template names and nobody gives is an error, never an empty place in a prompt. `digest` stands in a run's lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from harness import canary
from harness.agent import text
from harness.backend import Backend, Brief
from harness.errors import UsageError
from harness.model import Message, Request, ToolSpec
from harness.task import Task, Workload
from harness.trial import AgentSettings, Evaluation

DIAGNOSTICS = 12
"""Most build messages that one answer shows."""


@dataclass(frozen=True)
class Example:
    """A worked example of the same target, for one-shot prompts."""

    workload: Workload
    """A task that is not the one to solve, at its first supported configuration."""
    brief: Brief
    """How a kernel for it is called."""
    kernel: str
    """Its baseline."""


@dataclass(frozen=True)
class PortKernel:
    """A kernel of another target for the same workload."""

    title: str
    """The other target, for people."""
    language: str
    """Its kernel language."""
    extension: str
    """Fence label."""
    kernel: str
    """Kernel text."""


@cache
def templates() -> Mapping[str, str]:
    """All template texts by name."""
    found = (entry for entry in files(__package__).iterdir() if entry.name.endswith(".j2"))
    return {entry.name: entry.read_text(encoding="utf-8") for entry in sorted(found, key=lambda entry: entry.name)}


def digest() -> str:
    """SHA-256 over the names and texts of all templates."""
    return hashlib.sha256("\0".join(part for pair in templates().items() for part in pair).encode()).hexdigest()


@cache
def environment() -> Environment:
    """The Jinja environment of all prompts."""
    made = Environment(
        loader=DictLoader(templates()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # prompts are plain text, not HTML
    )
    made.filters |= {
        "line": text.line, "quoted": text.quoted, "fenced": text.fenced, "count": count, "value": lambda x: f"{x:.9g}",
        "short": lambda x: f"{x:.3g}",
    }  # fmt: skip
    return made


def count(number: float) -> str:
    """A number of cycles: thousands separated, a fraction only where it matters."""
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.2f}"


def render(name: str, **values: Any) -> str:
    """A template filled in."""
    return environment().get_template(name).render(values).strip() + "\n"


def answer(case: str, **values: Any) -> str:
    """One of the short messages of ``answers.j2``."""
    return str(getattr(environment().get_template("answers.j2").module, case)(**values)).strip()


def opening(
    backend: Backend,
    workload: Workload,
    settings: AgentSettings,
    tools: Sequence[ToolSpec],
    example: Example | None = None,
    port: PortKernel | None = None,
) -> Request:
    """The first request of a trial."""
    names = [spec.name for spec in tools]
    task = render(
        "task.j2", info=backend.info, workload=workload, brief=backend.brief(workload), limits=settings.limits, tools=names,
        documentation=settings.documentation, example=example, port=port,
    )  # fmt: skip
    return Request(
        system=render("system.j2", info=backend.info, tools=names, canary=canary.LINE),
        messages=(Message(role="user", text=task),),
        tools=tuple(tools),
        max_output_tokens=settings.limits.reply_tokens,
    )


def feedback(evaluation: Evaluation, source: str, *, wants_profile: bool = False) -> str:
    """What a model reads about its kernel: only for evaluations on public inputs."""
    if evaluation.stage == "final":
        raise ValueError("a final evaluation is about hidden inputs and is never shown to a model")
    ordered = sorted(evaluation.diagnostics, key=lambda diagnostic: diagnostic.severity != "error")
    lines = text.clean(source).split("\n")
    return render(
        "evaluation.j2", evaluation=evaluation, diagnostics=ordered[:DIAGNOSTICS],
        diagnostics_left_out=max(0, len(ordered) - DIAGNOSTICS), wants_profile=wants_profile,
        source_line=lambda number: lines[number - 1] if 0 < number <= len(lines) else "",
    )  # fmt: skip


def example(backend: Backend, workload: Workload, settings: AgentSettings, suite: Sequence[Task]) -> Example | None:
    """The worked example of the one-shot strategies, None for the others. UsageError if the suite holds no other task."""
    if settings.strategy not in ("one-shot", "category-shot"):
        return None
    others = [task for task in suite if task.id != workload.task.id]
    same_category = [task for task in others if task.category == workload.task.category]
    for task in (*(same_category if settings.strategy == "category-shot" else ()), *others):
        for configuration in task.configurations:
            candidate = task.workload(configuration)
            if backend.support(candidate).supported:
                return Example(candidate, backend.brief(candidate), backend.baseline(candidate))
    raise UsageError(
        f"strategy {settings.strategy!r} needs another task than {workload.task.id} that backend {backend.info.name!r} supports",
        "use --strategy zero-shot, or a suite with more tasks",
    )


def port_kernel(source: Backend, workload: Workload) -> PortKernel:
    """The kernel that the ``port`` strategy shows: another target's baseline. UsageError if that target has none."""
    support = source.support(workload)
    if not support.supported:
        raise UsageError(f"backend {source.info.name!r} has no kernel for {workload.id} to port: {support.reason}")
    info = source.info
    return PortKernel(info.title, info.language, info.extension, source.baseline(workload))
