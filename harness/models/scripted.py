"""The offline model ``scripted``: an agent that makes mistakes, reads the feedback and repairs them, or one that follows a file.

The agent knows the baseline and pretends not to have got it right at once: it misspells a name, has the kernel checked, and
rewrites the line that the build message names; in assembly it forgets an instruction without which the kernel traps, and repairs
that; then it computes something wrong, runs it, and repairs that; then it submits.
What it does next depends on the conversation alone, so that a resumed trial goes on as it would have.

A file (``scripted/PATH`` or ``--model-option script=PATH``) holds a JSON list of replies, taken in turn::

    [
      {"text": "First a try.", "calls": [{"name": "run", "arguments": {"source": "$baseline"}}]},
      {"calls": [{"name": "run", "raw": "{not json"}], "stop": "length"},
      {"text": "I give up.", "stop": "refusal"}
    ]

``$baseline`` as an argument stands for the workload's baseline; ``raw`` sends arguments as they are, malformed ones included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.errors import ProviderError, UsageError
from harness.model import Message, Model, ModelContext, ModelInfo, Reply, Request, StopReason, ToolCall, ToolResult, Usage
from harness.models.compiler import offline_reply
from harness.models.mistakes import faulting, miscalculated, misspelled, repaired
from harness.models.settings import read_settings
from harness.models.wire import tool_call
from harness.record import Record

BASELINE = "$baseline"


class ScriptedSettings(Record):
    """Settings of the scripted model."""

    script: str | None = None
    """File of replies; None plays the agent that repairs its mistakes."""


class ScriptedCall(Record):
    """A tool call of a script."""

    name: str
    """Tool."""
    arguments: dict[str, Any] = {}
    """Its arguments."""
    raw: str | None = None
    """Arguments as text, in place of ``arguments``."""


class ScriptedReply(Record):
    """One reply of a script."""

    text: str = ""
    """What it says."""
    calls: tuple[ScriptedCall, ...] = ()
    """What it calls."""
    stop: StopReason | None = None
    """Why it ends; None follows from whether there are calls."""
    usage: Usage = Usage(input_tokens=0, output_tokens=0)
    """Tokens it claims to have used."""


def create(context: ModelContext) -> Model:
    """The entry point. UsageError for a file that is no script."""
    settings = read_settings(ScriptedSettings, context.settings, "scripted")
    path = settings.script or context.name
    if path:
        return FileModel(Path(path), read_script(Path(path)), context.baseline)
    if context.baseline is None:
        raise UsageError("model 'scripted' plays with the baseline and was given none")
    return ScriptedModel(context.baseline)


create.offline = True  # type: ignore[attr-defined]  # it is given the baseline


class ScriptedModel:
    """The agent that repairs its mistakes."""

    def __init__(self, baseline: Callable[[], str]) -> None:
        self._baseline = baseline

    @property
    def info(self) -> ModelInfo:
        """Its name."""
        return ModelInfo("scripted", is_offline=True)

    def reply(self, request: Request) -> Reply:
        """One turn: repairs what the last feedback complains about, else makes the next mistake, else submits."""
        meant = self._baseline()
        drafts = list(drafts_of(request))
        complaint = last_complaint(request) if drafts else None
        if complaint is not None and drafts[-1][1] != meant:
            tool, draft = drafts[-1]
            line = line_named(complaint)
            place = f"line {line}" if line else "the line I doubt"
            return offline_reply(request, "scripted", f"It says: {first_line(complaint)}. I rewrite {place}.",
                                 [(tool, {"source": repaired(draft, meant, line)})])  # fmt: skip
        sent = {draft for _, draft in drafts}
        for tool, draft in plan(meant, {tool.name for tool in request.tools}):
            if draft not in sent:
                return offline_reply(request, "scripted", f"I try this with {tool}.", [(tool, {"source": draft})])
        return offline_reply(request, "scripted", "This is my kernel.", [("submit", {"source": meant})])


def plan(meant: str, tools: set[str]) -> Iterator[tuple[str, str]]:
    """Which kernels to show to which tool, as far as the tools are on offer."""
    builder = next((tool for tool in ("check", "run") if tool in tools), None)
    if builder and (draft := misspelled(meant)):
        yield builder, draft
    if "run" in tools:
        for mistake in (faulting, miscalculated):
            if draft := mistake(meant):
                yield "run", draft
        yield "run", meant


def drafts_of(request: Request) -> Iterator[tuple[str, str]]:
    """Tool and kernel of every call so far."""
    for message in request.messages:
        for call in message.tool_calls:
            if call.arguments and isinstance(source := call.arguments.get("source"), str):
                yield call.name, source


def last_complaint(request: Request) -> str | None:
    """The last tool result, if it is bad news."""
    results: list[ToolResult] = [result for message in request.messages for result in message.tool_results]
    if not results or re.match(r"(PASSED|BUILT)\b", results[-1].content):
        return None
    return results[-1].content


def line_named(feedback: str) -> int | None:
    """The first line of the kernel that feedback names."""
    found = re.search(r"\bline (\d+)", feedback)
    return int(found.group(1)) if found else None


def first_line(text: str) -> str:
    """The beginning of a text, without its full stop."""
    return (text.strip().splitlines() or [""])[0].rstrip(".")[:160]


class FileModel:
    """The agent that follows a file."""

    def __init__(self, path: Path, script: list[ScriptedReply], baseline: Callable[[], str] | None) -> None:
        self._path, self._script, self._baseline = path, script, baseline

    @property
    def info(self) -> ModelInfo:
        """Its name and file."""
        return ModelInfo(f"scripted/{self._path}", is_offline=True)

    def reply(self, request: Request) -> Reply:
        """The reply whose turn it is. ProviderError when the script has ended."""
        turn = sum(message.role == "assistant" for message in request.messages)
        if turn >= len(self._script):
            raise ProviderError(
                f"script {str(self._path)!r} has {len(self._script)} replies and the conversation asks for one more",
                "end it with a call of submit, or add replies",
            )
        scripted = self._script[turn]
        calls = tuple(self._call(call, request, index) for index, call in enumerate(scripted.calls))
        return Reply(
            message=Message(role="assistant", text=scripted.text, tool_calls=calls),
            stop=scripted.stop or (StopReason.tool_calls if calls else StopReason.end),
            usage=scripted.usage,
            model="scripted",
            cost=0.0,
        )

    def _call(self, call: ScriptedCall, request: Request, index: int) -> ToolCall:
        filled = {name: self._kernel() if value == BASELINE else value for name, value in call.arguments.items()}
        return tool_call(filled if call.raw is None else call.raw, call.name, None, request, index)

    def _kernel(self) -> str:
        if self._baseline is None:
            raise UsageError(f"script {str(self._path)!r} asks for the baseline and there is none")
        return self._baseline()


def read_script(path: Path) -> list[ScriptedReply]:
    """The replies of a file. UsageError if it cannot be read or is no script."""
    try:
        return TypeAdapter(list[ScriptedReply]).validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"script {str(path)!r} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(
            f"script {str(path)!r} is not a list of replies: {place}: {first['msg']}",
            "see the example in harness/models/scripted.py",
        ) from None
