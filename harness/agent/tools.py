"""What a model can do: read the manual, check, run and profile kernels on public inputs, use the target's own tools, submit.

A toolbox never raises for what a model sent: a call that cannot be carried out is answered with what was wrong and what would be
right. It holds a judge that can only build and run on public inputs; grading is not within its reach.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from harness.agent import arguments, manual, prompts, text
from harness.backend import Backend, ToolProvider, ToolSpec
from harness.errors import UsageError, did_you_mean
from harness.model import ToolCall, ToolResult
from harness.record import Record
from harness.task import Workload
from harness.trial import AgentSettings, Evaluation

Problem = Literal["", "unknown tool", "malformed arguments", "wrong arguments", "truncated call", "call after submit"]
"""Why a call was not carried out; empty when it was."""


class PublicJudge(Protocol):
    """The part of the judge that tools may use."""

    def check(self, source: str, workload: Workload) -> Evaluation:
        """Builds only."""

    def run(self, source: str, workload: Workload, profile: bool = False) -> Evaluation:
        """Builds and runs on public inputs."""


class Answer(Record):
    """A tool call with what came of it."""

    call: ToolCall
    """What the model sent."""
    result: ToolResult
    """What it reads."""
    problem: Problem = ""
    """Why the call was not carried out."""
    seconds: float = 0.0
    """Wall seconds charged to the agent: those of the evaluation where one was made (also when it came from a cache, so
    that a resumed trial is charged what the first attempt was), else those of the call."""
    files: tuple[str, ...] = ()
    """Names of the files that the call left in the trial's folder; the model does not see them."""

    @property
    def submitted(self) -> str | None:
        """The kernel that this call handed in, if it was a submission."""
        is_submission = self.call.name == "submit" and not self.problem and self.call.arguments is not None
        return self.call.arguments["source"] if is_submission and self.call.arguments else None


Keep = Callable[[str, bytes], str | None]
"""Keeps a file of the trial, by name and content; returns the name that it got, or None if it was dropped."""


@dataclass(frozen=True)
class Best:
    """The fastest kernel so far that passed on public inputs."""

    source: str
    """Kernel text."""
    speedup: float
    """Its speedup; 0 where the judge gave none."""


_SOURCE = {"source": {"type": "string", "description": "The complete text of the kernel."}}


def _spec(name: str, description: str, properties: Mapping[str, Any], optional: tuple[str, ...] = ()) -> ToolSpec:
    required = [argument for argument in properties if argument not in optional]
    schema = {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}
    return ToolSpec(name=name, description=description, parameters=schema)


READ_MANUAL = _spec(
    "read_manual",
    "Shows a section of the target's manual.",
    {
        "section": {"type": "string", "description": "Name of the section."},
        "page": {"type": "integer", "description": "Page of a long section, from 1.", "minimum": 1},
    },
    optional=("page",),
)
SEARCH_MANUAL = _spec(
    "search_manual",
    "Finds the sections and lines of the manual that fit some words best.",
    {"query": {"type": "string", "description": "Words to look for."}},
)
CHECK = _spec("check", "Builds a kernel without executing it. Reports errors with line and column.", _SOURCE)
RUN = _spec(
    "run",
    "Builds a kernel and executes it on public inputs. Reports the first wrong elements, or cycles, speedup and distance to the "
    "speed of light.",
    _SOURCE,
)
PROFILE = _spec("profile", "Like run, and also shows where the cycles went, by cause and by line.", _SOURCE)
SUBMIT = _spec("submit", "Hands in the kernel that is judged, and ends the work. There is one submission.", _SOURCE)
COMMON = (READ_MANUAL, SEARCH_MANUAL, CHECK, RUN, PROFILE, SUBMIT)
"""The tools that do not depend on the target."""


def offered(backend: Backend, settings: AgentSettings) -> tuple[ToolSpec, ...]:
    """The tools of a trial, in the order shown. UsageError if the backend's own tools cannot be offered."""
    check_own_tools(backend)
    readers = (READ_MANUAL, SEARCH_MANUAL) if settings.documentation == "tool" else ()
    by_level: Mapping[str, tuple[ToolSpec, ...]] = {
        "none": (), "build": (CHECK,), "run": (CHECK, RUN), "full": (CHECK, RUN, PROFILE, *backend.info.tools),
    }  # fmt: skip
    return (*readers, *by_level[settings.feedback], SUBMIT)


def check_own_tools(backend: Backend) -> None:
    """UsageError if a backend's tools shadow the common ones, repeat a name, or nobody answers them."""
    info, seen = backend.info, {spec.name for spec in COMMON}
    if info.tools and not isinstance(backend, ToolProvider):
        names = ", ".join(spec.name for spec in info.tools)
        raise UsageError(
            f"backend {info.name!r} lists the tools {names} and has no call_tool", "see harness.backend.ToolProvider"
        )
    for spec in info.tools:
        if spec.name in seen:
            raise UsageError(
                f"backend {info.name!r} offers a tool {spec.name!r}, a name that is taken", "give the tool another name"
            )
        if spec.parameters.get("type") != "object":
            raise UsageError(f"tool {spec.name!r} of backend {info.name!r} has a schema that is no object: {spec.parameters!r}")
        seen.add(spec.name)


class Toolbox:
    """The tools of one trial."""

    def __init__(
        self, judge: PublicJudge, backend: Backend, workload: Workload, settings: AgentSettings, seed: int = 0,
        keep: Keep | None = None,
    ) -> None:  # fmt: skip
        """``seed`` is the public one: what the target's own tools draw inputs from. Their files are dropped without ``keep``."""
        self.specs = offered(backend, settings)
        self.best: Best | None = None
        self._judge, self._backend, self._workload, self._seed = judge, backend, workload, seed
        self._by_name = {spec.name: spec for spec in self.specs}
        self._charged: float | None = None
        self._keep, self._files = keep, list[str]()

    def call(self, call: ToolCall) -> Answer:
        """Carries out a call, or says why it cannot be."""
        started, self._charged, self._files = time.perf_counter(), None, []
        problem, content = self._carry_out(call)
        measured = time.perf_counter() - started
        return self._answer(call, problem, content, measured if self._charged is None else self._charged)

    def decline(self, call: ToolCall, problem: Literal["truncated call", "call after submit"]) -> Answer:
        """Answers a call that must not be carried out."""
        case = {"truncated call": "truncated_call", "call after submit": "after_submit"}[problem]
        return self._answer(call, problem, prompts.answer(case), 0.0)

    def _answer(self, call: ToolCall, problem: Problem, content: str, seconds: float) -> Answer:
        content = text.cap(text.clean(content))
        result = ToolResult(call_id=call.id, name=call.name, content=content, is_error=bool(problem))
        return Answer(call=call, result=result, problem=problem, seconds=seconds, files=tuple(self._files))

    def _carry_out(self, call: ToolCall) -> tuple[Problem, str]:
        spec = self._by_name.get(call.name)
        name = text.line(repr(call.name), 80)
        if spec is None:
            return "unknown tool", prompts.answer("unknown_tool", name=name, suggestion=did_you_mean(call.name, self._by_name))
        schema = json.dumps(spec.parameters)
        if call.arguments is None:
            values = {"name": name, "error": call.error, "raw": text.cap(call.raw, 600), "schema": schema}
            return "malformed arguments", prompts.answer("malformed_arguments", **values)
        wrong = list(arguments.problems(call.arguments, spec.parameters))
        if not wrong:
            try:
                return "", self._tool(call.name)(**call.arguments)
            except arguments.ArgumentError as error:
                wrong = [str(error)]
        return "wrong arguments", prompts.answer("wrong_arguments", name=name, problems=wrong, schema=schema)

    def _tool(self, name: str) -> Callable[..., str]:
        common: Mapping[str, Callable[..., str]] = {
            "read_manual": partial(manual.read, self._backend.info.manual),
            "search_manual": partial(manual.search, self._backend.info.manual),
            "check": self._check,
            "run": self._run,
            "profile": partial(self._run, profile=True),
            "submit": lambda source: prompts.answer("submitted"),
        }
        return common.get(name) or partial(self._own_tool, name)

    def _check(self, source: str) -> str:
        return self._feedback(self._judge.check(source, self._workload), source)

    def _run(self, source: str, profile: bool = False) -> str:
        evaluation = self._judge.run(source, self._workload, profile)
        if evaluation.passed and (self.best is None or (evaluation.speedup or 0.0) > self.best.speedup):
            self.best = Best(source, evaluation.speedup or 0.0)
        return self._feedback(evaluation, source, wants_profile=profile)

    def _feedback(self, evaluation: Evaluation, source: str, *, wants_profile: bool = False) -> str:
        self._charged = evaluation.seconds
        return prompts.feedback(evaluation, source, wants_profile=wants_profile)

    def _own_tool(self, name: str, /, **values: Any) -> str:
        assert isinstance(self._backend, ToolProvider)  # check_own_tools saw to it
        try:
            output = self._backend.call_tool(name, values, self._workload, self._seed)
        except ValueError as error:
            raise arguments.ArgumentError(str(error)) from error
        if isinstance(output, str):
            return output
        if self._keep is not None:
            kept = (self._keep(file, content) for file, content in output.files.items())
            self._files += [name for name in kept if name is not None]
        return output.text
