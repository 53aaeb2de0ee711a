"""One trial: an agent at one workload, from the first prompt to the grade, resumable at every instant.

Everything that happens is an event in the folder's journal, and the `Trial` is a summary of those events. A killed trial is
simply run again: `harness.run.journal` serves what is recorded, so the second run repeats the first one up to where it stopped
and goes on from there. ``trial.json`` is written last; where it says that the trial was graded, there is nothing left to do.

| file | what |
|---|---|
| ``journal.jsonl`` | events so far; removed once the trial is graded, kept where it will be redone |
| ``transcript.jsonl`` | the journal of the finished trial |
| ``evaluations.jsonl`` | every evaluation, the final one last |
| ``kernel.<extension>`` | the kernel that was judged |
| ``files/`` | what tools left for people, such as waveforms |
| ``error.txt`` | traceback, where a failure ended the trial |
| ``trial.json`` | the `Trial` |
"""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from harness.agent import prompts
from harness.agent.loop import Outcome, converse
from harness.agent.tools import Answer, Toolbox, offered
from harness.backend import Backend
from harness.errors import IntegrityError
from harness.files import write_atomically
from harness.model import Model, Reply, Request, Usage
from harness.record import digest
from harness.run import failures
from harness.run.attachments import FILES, Attachments
from harness.run.journal import GradingJudge, Journal, JournaledJudge, JournaledModel, JournaledTools, encode
from harness.run.patience import ENDLESS, Patience
from harness.task import Task, Workload
from harness.trial import AgentSettings, Evaluation, Event, Status, Trial, TrialSpec

JOURNAL = "journal.jsonl"
"""Name of the journal in a trial's folder."""


@dataclass(frozen=True, kw_only=True)
class TrialSetup:
    """The live objects that a trial works with."""

    backend: Backend
    """The target."""
    workload: Workload
    """What the kernel is graded on."""
    model: Model
    """Who solves it."""
    judge: GradingJudge
    """Who judges, with the run's seeds."""
    public_seed: int
    """``seeds.seed(secret, shown.id, "public")``: what the target's own tools draw inputs from."""
    settings: AgentSettings = field(default_factory=AgentSettings)
    """How the agent is run."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """What decides the score and is known only to the run (harness); added to those of `own_digests`."""
    suite: Sequence[Task] = ()
    """Tasks that one-shot and category-shot prompts may take their example from."""
    port: prompts.PortKernel | None = None
    """What the ``port`` strategy shows; made by `harness.agent.prompts.port_kernel`."""

    patience: Patience = ENDLESS
    """How long backend and tools may take."""

    @property
    def shown(self) -> Workload:
        """What the agent works on."""
        return shown(self.backend, self.workload)


def shown(backend: Backend, workload: Workload) -> Workload:
    """What an agent is told of a workload and runs its kernels on. Where one text serves any sizes, held-out ones stay unknown
    until the grade; a kernel for fixed sizes cannot be written without them."""
    return workload.shown if backend.info.generic_sizes else workload


def opening(setup: TrialSetup) -> Request:
    """The first request of a trial. UsageError where the strategy has nothing to show: ask for it before anything is paid."""
    example = prompts.example(setup.backend, setup.shown, setup.settings, setup.suite)
    tools = offered(setup.backend, setup.settings)
    return prompts.opening(setup.backend, setup.shown, setup.settings, tools, example, setup.port)


def own_digests(setup: TrialSetup) -> dict[str, str]:
    """Digests of what decides the score and is in the setup."""
    info = setup.backend.info
    return {
        "task": setup.workload.task.digest,
        "backend": info.digest,
        "manual": info.manual.digest,
        "prompts": prompts.digest(),
        "settings": digest(setup.settings, {"model": setup.model.info.name, **setup.model.info.settings}),
    }


def run_trial(spec: TrialSpec, folder: Path, setup: TrialSetup) -> Trial:
    """Runs or resumes a trial in its folder. A failure of the server, the machine or the harness, and Ctrl-C or SIGTERM, are
    statuses of the trial; an exception only escapes where not even that can be written down."""
    if done := _graded_before(folder):
        return done
    outcome, final = Outcome(Status.harness_bug), None
    events: list[Event] = []
    try:
        with _sigterm_is_ctrl_c(), Journal(folder / JOURNAL) as journal:
            events = journal.events
            outcome = _converse(journal, setup)
            if outcome.kernel is not None:
                with setup.patience():
                    final = JournaledJudge(setup.judge, journal).grade(outcome.kernel, setup.workload)
    except BaseException as error:
        outcome = Outcome(failures.attribute(error), detail=failures.describe(error))
        write_atomically(folder / "error.txt", "".join(traceback.format_exception(error)))
    trial = summarize(spec, setup, outcome, final, events)
    _publish(folder, trial, events, {f"kernel.{setup.backend.info.extension}": outcome.kernel})
    return trial


def _graded_before(folder: Path) -> Trial | None:
    """The trial, if this folder holds a graded one; what an ungraded attempt left is cleared away, but for its journal."""
    path = folder / "trial.json"
    if path.exists():
        trial = Trial.model_validate_json(path.read_bytes())
        if trial.status.is_graded:
            (folder / JOURNAL).unlink(missing_ok=True)
            return trial
    for name in ("trial.json", "error.txt"):
        (folder / name).unlink(missing_ok=True)
    return None


def _converse(journal: Journal, setup: TrialSetup) -> Outcome:
    """The conversation, with everything in it recorded."""
    with setup.patience():
        request = opening(setup)
    if journal.once("prompt", Request, lambda: request) != request:
        raise IntegrityError(
            f"{journal.path} was begun with another prompt than this trial's",
            "go on with the version and settings that began it, or delete the trial's folder and resume the run to redo it",
        )
    judge = JournaledJudge(setup.judge, journal)
    keep = Attachments(journal.path.parent / FILES).keep
    toolbox = Toolbox(judge, setup.backend, setup.shown, setup.settings, setup.public_seed, keep)
    model, tools = JournaledModel(setup.model, journal), JournaledTools(toolbox, journal, setup.patience)
    return converse(model, tools, request, setup.settings.limits)


def summarize(spec: TrialSpec, setup: TrialSetup, outcome: Outcome, final: Evaluation | None, events: Sequence[Event]) -> Trial:
    """The record of a trial, from how it ended and what its journal holds."""
    replies = [Reply.model_validate(event.data) for event in events if event.kind == "reply"]
    answers = [Answer.model_validate(event.data) for event in events if event.kind == "tool"]
    evaluations = [e for e in _evaluations(events) if e.stage != "final"]
    passed = [index for index, evaluation in enumerate(evaluations, start=1) if evaluation.passed]
    return Trial(
        spec=spec,
        status=outcome.status,
        detail=outcome.detail,
        final=final,
        evaluations=len(evaluations),
        first_pass=passed[0] if passed else None,
        iterations=len(evaluations) + (outcome.status is Status.graded),
        turns=len(replies),
        tool_calls=len(answers),
        usage=sum((reply.usage for reply in replies), Usage()),
        cost=_cost(replies, setup.model.info.is_offline),
        model_ids=tuple(dict.fromkeys(reply.model for reply in replies if reply.model)),
        model_seconds=sum(reply.latency_s for reply in replies),
        tool_seconds=sum(answer.seconds for answer in answers),
        started_at=datetime.fromtimestamp(events[0].at, UTC).isoformat(timespec="seconds") if events else "",
        digests=own_digests(setup) | dict(setup.digests),
    )


def _evaluations(events: Sequence[Event]) -> list[Evaluation]:
    return [Evaluation.model_validate(event.data) for event in events if event.kind == "evaluation"]


def _cost(replies: Sequence[Reply], is_offline: bool) -> float | None:
    """US dollars in all: unknown if the price of any reply is; an offline model is free."""
    known = [reply.cost for reply in replies if reply.cost is not None]
    return sum(known) if is_offline or len(known) == len(replies) else None


def _publish(folder: Path, trial: Trial, events: Sequence[Event], kernels: Mapping[str, str | None]) -> None:
    """Writes the files of a finished trial, ``trial.json`` last. The journal stays where the trial will be redone."""
    write_atomically(folder / "transcript.jsonl", "".join(encode(event) for event in events))
    write_atomically(folder / "evaluations.jsonl", "".join(e.model_dump_json() + "\n" for e in _evaluations(events)))
    for name, kernel in kernels.items():
        if kernel is not None:
            write_atomically(folder / name, kernel)
    write_atomically(folder / "trial.json", trial.model_dump_json(indent=2) + "\n")
    if trial.status.is_graded:
        (folder / JOURNAL).unlink(missing_ok=True)


@contextmanager
def _sigterm_is_ctrl_c() -> Iterator[None]:
    """Makes SIGTERM a KeyboardInterrupt, where signals can be handled at all: in the main thread."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt("SIGTERM")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
