"""The offline model ``replay``: gives the replies that a transcript recorded, as long as the conversation is the recorded one.

``replay/PATH`` names a ``transcript.jsonl``, or a folder of trials (a whole run): then the transcript is found by the first
request of the conversation. The replay stops where the conversation is no longer the recorded one: another prompt, another reply
of the model, or a tool that answered with another verdict. (Numbers in feedback are not compared unless asked for: inputs are
drawn anew in every run, and measured times never repeat.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from harness.errors import ProviderError, UsageError
from harness.model import Message, Model, ModelContext, ModelInfo, Reply, Request, ToolResult
from harness.models.settings import read_settings
from harness.record import Record, digest
from harness.trial import Event

TRANSCRIPT = "transcript.jsonl"


class ReplaySettings(Record):
    """Settings of the replay model."""

    transcript: str | None = None
    """Transcript or folder of trials, where it is not part of the name."""
    exact: bool = False
    """Whether tools must have answered with the very same text, not only with the same verdicts."""


@dataclass
class Turn:
    """One recorded reply and what stood before it."""

    reply: Reply
    """What the model said."""
    results: list[ToolResult] = field(default_factory=list)
    """Tool results between the reply before and this one."""


@dataclass
class Recording:
    """A transcript."""

    path: Path
    """Its file."""
    prompt: str | None
    """Digest of the first request; None if the transcript has none."""
    turns: list[Turn]
    """Replies in order."""


def create(context: ModelContext) -> Model:
    """The entry point. UsageError if there is no transcript or it is damaged."""
    settings = read_settings(ReplaySettings, context.settings, "replay")
    name = settings.transcript or context.name
    if not name:
        raise UsageError("model 'replay' needs a transcript", f"write replay/PATH with the path of a {TRANSCRIPT} or of a run")
    return ReplayModel(Path(name), settings)


create.offline = True  # type: ignore[attr-defined]  # it needs neither key nor network


class ReplayModel:
    """Repeats what a model said."""

    def __init__(self, path: Path, settings: ReplaySettings) -> None:
        self._path, self._exact = path, settings.exact
        self._recordings = [read_recording(file) for file in transcripts(path)]

    @property
    def info(self) -> ModelInfo:
        """Its name and file."""
        return ModelInfo(f"replay/{self._path}", {"exact": True} if self._exact else {}, is_offline=True)

    def reply(self, request: Request) -> Reply:
        """The recorded reply. ProviderError if the conversation is another one or goes on beyond the record."""
        recording = self._find(request)
        turn = sum(message.role == "assistant" for message in request.messages)
        if turn >= len(recording.turns):
            raise self._error(recording, f"it holds {len(recording.turns)} replies and the conversation asks for one more")
        self._compare(recording, request, turn)
        return recording.turns[turn].reply.model_copy(update={"latency_s": 0.0, "attempts": 1, "retries": ()})

    def _find(self, request: Request) -> Recording:
        wanted = prompt_digest(request)
        for recording in self._recordings:
            if recording.prompt == wanted or (recording.prompt is None and len(self._recordings) == 1):
                return recording
        raise ProviderError(
            f"no transcript in {str(self._path)!r} begins with this conversation's prompt",
            "the task, the prompts or the agent's settings are not those of the recording",
        )

    def _compare(self, recording: Recording, request: Request, turn: int) -> None:
        answers = [message for message in request.messages if message.role == "assistant"]
        for number, (answer, recorded) in enumerate(zip(answers, recording.turns, strict=False), start=1):
            if _said(answer) != _said(recorded.reply.message):
                raise self._error(recording, f"reply {number} of the conversation is not the recorded one")
        told = [result.content for result in request.messages[-1].tool_results]
        for now, then in zip(told, (result.content for result in recording.turns[turn].results), strict=False):
            # What was said may be longer than what the tool said: the loop adds how many turns are left.
            if not (now.startswith(then) if self._exact else verdict(now).startswith(verdict(then))):
                said, says = verdict(then)[:80], verdict(now)[:80]
                raise self._error(recording, f"before reply {turn + 1} a tool said {said!r} and now says {says!r}")

    def _error(self, recording: Recording, what: str) -> ProviderError:
        return ProviderError(f"transcript {str(recording.path)!r}: {what}")


def verdict(feedback: str) -> str:
    """The verdict in capitals that feedback begins with; all of it where it begins otherwise (a page of the manual)."""
    found = re.match(r"[A-Z]{2,}(?: [A-Z]{2,})*\b", feedback)
    return found.group() if found else feedback


def _said(message: Message) -> object:
    return message.text, [(call.name, call.raw) for call in message.tool_calls]


def prompt_digest(request: Request) -> str:
    """What identifies a conversation: its first request, caps aside."""
    return digest(request.system, request.messages[0], [tool.model_dump(mode="json") for tool in request.tools])


def transcripts(path: Path) -> Iterator[Path]:
    """The transcripts that a path names. UsageError if there are none."""
    files = sorted(path.rglob(TRANSCRIPT)) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"folder {str(path)!r} holds no {TRANSCRIPT}")
    yield from files


def read_recording(path: Path) -> Recording:
    """A transcript. UsageError, with the line, if it cannot be read or a line is no event."""
    try:
        rows = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"transcript {str(path)!r} cannot be read: {error.strerror}") from None
    recording, results = Recording(path, None, []), list[ToolResult]()
    for number, row in enumerate(rows, start=1):
        try:
            event = Event.model_validate(json.loads(row))
            if event.kind == "prompt":
                recording.prompt = prompt_digest(Request.model_validate(event.data))
            elif event.kind == "tool":
                results.append(ToolResult.model_validate(event.data["result"]))
            elif event.kind == "reply":
                recording.turns.append(Turn(Reply.model_validate(event.data), results))
                results = []
        except (ValueError, KeyError, ValidationError, RecursionError) as error:
            raise UsageError(f"transcript {str(path)!r} line {number}: {_reason(error)}", f"it reads {row[:80]!r}") from None
    if not recording.turns:
        raise UsageError(f"transcript {str(path)!r} holds no reply")
    return recording


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}"
    return f"no {error}" if isinstance(error, KeyError) else str(error)
