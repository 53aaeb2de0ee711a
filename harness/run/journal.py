"""The journal of a trial: one line per event, on disk before anything that follows from it happens.

A trial that was killed is run again from its beginning over the same journal: the wrappers here serve what is recorded, in
order, and only when the record ends do they ask the real model, judge and tools, recording what those say. So nothing is paid
for twice, and the resumed trial takes the course that the first one took.

A last line without its newline was being written when the process died; it is cut off. Any other damage is an error. Room for a
reply is set aside on the disk before it is asked for, so that a full disk costs nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeVar

from pydantic import ValidationError

from harness.agent.tools import Answer, Best, PublicJudge, Toolbox
from harness.errors import IntegrityError
from harness.model import Model, Reply, Request, ToolCall
from harness.record import Record
from harness.run.patience import ENDLESS, Patience
from harness.task import Workload
from harness.trial import Evaluation, Event

RESERVE_BYTES = 1 << 20
"""Room that the disk must have for a reply before a model is asked for it."""

Kind = Literal["prompt", "reply", "tool", "evaluation", "note"]
R = TypeVar("R", bound=Record)


def read_events(path: Path) -> tuple[list[Event], int]:
    """The events of a journal or transcript and how many bytes of the file they fill; a torn last line is left out.
    IntegrityError for a line that is no event."""
    *rows, torn = (content := path.read_bytes()).split(b"\n")
    events = []
    for number, row in enumerate(rows, start=1):
        try:
            events.append(Event.model_validate(json.loads(row.decode("ascii"))))
        except (ValueError, ValidationError, RecursionError) as error:
            reason = str(error).splitlines()[0]
            raise IntegrityError(
                f"{path} line {number} is not an event: {reason}; it reads {row[:80]!r}",
                "the file was damaged or edited; delete the trial's folder and resume the run to redo it",
            ) from error
    return events, len(content) - len(torn)


def encode(event: Event) -> str:
    """An event as a line: ASCII, because a tool call's arguments may hold lone surrogates, which have no UTF-8."""
    return json.dumps(event.model_dump(mode="json"), separators=(",", ":")) + "\n"


class Journal:
    """An append-only file of events with a place in it: first what is recorded is taken, then new events are appended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        """Everything recorded so far."""
        self._size = 0
        self._next = 0
        if path.exists():
            self.events, self._size = read_events(path)
            os.truncate(path, self._size)
        else:
            path.touch()
        _sync_folder(path.parent)
        self._file = path.open("r+b", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._file, suppress(OSError):
            os.ftruncate(self._file.fileno(), self._size)

    def append(self, kind: Kind, data: Record | dict[str, Any]) -> None:
        """Writes an event and waits until it is on disk."""
        content = json.loads(data.model_dump_json()) if isinstance(data, Evaluation) else data
        content = content.model_dump(mode="json") if isinstance(content, Record) else content
        event = Event(kind=kind, at=time.time(), data=content)
        self._write(encode(event).encode("ascii"))
        self.events.append(event)

    def _write(self, row: bytes) -> None:
        """Appends a line whole or, when the disk refuses, not at all: a later event must not continue a torn one."""
        rest, end = memoryview(row), self._size + len(row)
        with self._taken_back():
            while rest:
                rest = rest[os.pwrite(self._file.fileno(), rest, end - len(rest)) :]
            os.ftruncate(self._file.fileno(), end)  # what was reserved and not used
            os.fsync(self._file.fileno())
        self._size = end

    def reserve(self) -> None:
        """Sets room aside for the next event. OSError if there is none: then what would fill it need not be paid for. Until the
        event is written the file ends in zeros, which count as a line that was being written."""
        with self._taken_back():
            os.posix_fallocate(self._file.fileno(), self._size, RESERVE_BYTES)

    @contextmanager
    def _taken_back(self) -> Iterator[None]:
        """Undoes what the disk has refused."""
        try:
            yield
        except OSError:
            os.ftruncate(self._file.fileno(), self._size)
            raise

    def upcoming(self) -> Kind | None:
        """The kind of the next recorded event that has not been taken; None at the end of the record."""
        while self._next < len(self.events) and self.events[self._next].kind == "note":
            self._next += 1
        return self.events[self._next].kind if self._next < len(self.events) else None

    def once(self, kind: Kind, shape: type[R], make: Callable[[], R]) -> R:
        """The next recorded event, which must be of this kind; at the end of the record, what ``make`` returns, recorded."""
        found = self.upcoming()
        if found is None:
            made = make()
            self.append(kind, made)
        elif found != kind:
            raise IntegrityError(
                f"{self.path} line {self._next + 1} holds {found!r} where this trial comes to {kind!r}",
                "the journal belongs to other settings or another version; delete the trial's folder and resume the run",
            )
        self._next += 1
        return shape.model_validate(self.events[self._next - 1].data)

    def of_kind(self, kind: Kind, shape: type[R]) -> Iterator[R]:
        """All recorded events of a kind, as records."""
        return (shape.model_validate(event.data) for event in self.events if event.kind == kind)


def _sync_folder(folder: Path) -> None:
    """Makes a new file's name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class JournaledModel:
    """A model whose replies are recorded."""

    def __init__(self, model: Model, journal: Journal) -> None:
        self._model, self._journal = model, journal

    def reply(self, request: Request) -> Reply:
        """The recorded reply, or a new one."""
        return self._journal.once("reply", Reply, lambda: self._paid(request))

    def _paid(self, request: Request) -> Reply:
        self._journal.reserve()
        return self._model.reply(request)


class GradingJudge(PublicJudge, Protocol):
    """What a trial needs of a `harness.grading.evaluate.Judge`."""

    def grade(self, source: str, workload: Workload) -> Evaluation:
        """Judges on hidden inputs."""


class JournaledJudge:
    """A judge whose evaluations are recorded."""

    def __init__(self, judge: GradingJudge, journal: Journal) -> None:
        self._judge, self._journal = judge, journal

    def check(self, source: str, workload: Workload) -> Evaluation:
        """The recorded evaluation, or a new one."""
        return self._journal.once("evaluation", Evaluation, lambda: self._judge.check(source, workload))

    def run(self, source: str, workload: Workload, profile: bool = False) -> Evaluation:
        """The recorded evaluation, or a new one."""
        return self._journal.once("evaluation", Evaluation, lambda: self._judge.run(source, workload, profile))

    def grade(self, source: str, workload: Workload) -> Evaluation:
        """The recorded evaluation, or a new one."""
        return self._journal.once("evaluation", Evaluation, lambda: self._judge.grade(source, workload))


class JournaledTools:
    """A toolbox whose answers are recorded. Its judge is a `JournaledJudge` over the same journal, so a call that evaluates
    leaves two events, the evaluation first."""

    def __init__(self, toolbox: Toolbox, journal: Journal, patience: Patience = ENDLESS) -> None:
        self._toolbox, self._journal, self._patience = toolbox, journal, patience

    @property
    def best(self) -> Best | None:
        """The fastest kernel so far that passed on public inputs."""
        return self._toolbox.best

    def call(self, call: ToolCall) -> Answer:
        """The recorded answer, or a new one."""
        if self._journal.upcoming() == "evaluation":
            # Carried out again, so that the toolbox sees the kernel; the judge serves the evaluation from the record.
            answer = self._call(call)
            return self._recorded(call, lambda: answer)
        return self._recorded(call, lambda: self._call(call))

    def _call(self, call: ToolCall) -> Answer:
        with self._patience():
            return self._toolbox.call(call)

    def decline(self, call: ToolCall, problem: Literal["truncated call", "call after submit"]) -> Answer:
        """The recorded answer, or a new one."""
        return self._recorded(call, lambda: self._toolbox.decline(call, problem))

    def _recorded(self, call: ToolCall, make: Callable[[], Answer]) -> Answer:
        answer = self._journal.once("tool", Answer, make)
        if answer.call != call:
            raise IntegrityError(
                f"{self._journal.path} records an answer to {answer.call.name!r} where this trial calls {call.name!r}",
                "the journal was edited; delete the trial's folder and resume the run to redo it",
            )
        return answer
