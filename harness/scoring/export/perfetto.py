"""Timelines of trials as a trace for Perfetto or Chrome's viewer: when the model thought, which tools ran, what was gained.

The format is the Trace Event Format's JSON (complete events ``X``, instants ``i``, counters ``C``, names ``M``); times are
microseconds. Each trial is a process; the model, the tools and the judge are its threads. Events are journaled when they have
happened, so a slice ends at its event's time and begins its own duration earlier, but never before what preceded it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harness.agent.tools import Answer
from harness.model import Reply
from harness.scoring import failures
from harness.scoring.attempts import attempts
from harness.trial import Evaluation, Event, Trial

MODEL, TOOLS, JUDGE = 1, 2, 3
THREADS = {MODEL: "model", TOOLS: "tools", JUDGE: "judge"}


def trace(trials: Iterable[tuple[Trial, Sequence[Event]]]) -> str:
    """The trace of trials with their events, as JSON text. Times count from the first event of all."""
    found = [(trial, events) for trial, events in trials if events]
    start = min((events[0].at for _, events in found), default=0.0)
    rows = [row for number, (trial, events) in enumerate(found, start=1) for row in _process(number, trial, events, start)]
    return json.dumps({"displayTimeUnit": "ms", "traceEvents": rows}, separators=(",", ":")) + "\n"


def _process(pid: int, trial: Trial, events: Sequence[Event], start: float) -> Iterator[dict[str, Any]]:
    yield _name("process_name", pid, 0, trial.spec.id)
    for tid, name in THREADS.items():
        yield _name("thread_name", pid, tid, name)
    yield from _slices(pid, events, start)
    yield from _counters(pid, events, start)


def _slices(pid: int, events: Sequence[Event], start: float) -> Iterator[dict[str, Any]]:
    before, turn, call_began = events[0].at, 0, events[0].at
    for event in events:
        match event.kind:
            case "reply":
                reply, turn = Reply.model_validate(event.data), turn + 1
                shown = {"stop": reply.stop.value, **{k: v for k, v in reply.usage.model_dump().items() if v is not None}}
                yield _slice(pid, MODEL, f"turn {turn}", before, event.at, reply.latency_s, start, shown | {"cost": reply.cost})
                for retry in reply.retries:
                    yield {"ph": "i", "s": "t", "name": retry, "pid": pid, "tid": MODEL, "ts": _us(before - start)}
                call_began = event.at
            case "evaluation":
                evaluation = Evaluation.model_validate(event.data)
                failure = failures.of_evaluation(evaluation)
                shown = {"outcome": str(failure or evaluation.verdict or "built"), "summary": evaluation.summary}
                name = f"{evaluation.stage}: {shown['outcome']}"
                yield _slice(pid, JUDGE, name, before, event.at, evaluation.seconds, start, shown)
            case "tool":
                answer = Answer.model_validate(event.data)
                shown = {"problem": answer.problem, "answer": answer.result.content[:400]}
                yield _slice(pid, TOOLS, answer.call.name, call_began, event.at, event.at - call_began, start, shown)
                call_began = event.at
        before = event.at


def _counters(pid: int, events: Sequence[Event], start: float) -> Iterator[dict[str, Any]]:
    best = 0.0
    for attempt in attempts(events):
        at = _us(events[0].at + attempt.at - start)
        if attempt.tokens is not None:
            yield {"ph": "C", "name": "tokens", "pid": pid, "ts": at, "args": {"tokens": attempt.tokens}}
        if attempt.cost is not None:
            yield {"ph": "C", "name": "cost", "pid": pid, "ts": at, "args": {"USD": attempt.cost}}
        if attempt.evaluation and attempt.evaluation.passed and (attempt.evaluation.speedup or 0.0) > best:
            best = attempt.evaluation.speedup or 0.0
        yield {"ph": "C", "name": "best speedup", "pid": pid, "ts": at, "args": {"speedup": best}}


def _slice(
    pid: int, tid: int, name: str, earliest: float, end: float, seconds: float, start: float, shown: dict[str, Any]
) -> dict[str, Any]:
    began = max(earliest, end - seconds)
    timing = {"ts": _us(began - start), "dur": _us(max(0.0, end - began))}
    return {"ph": "X", "name": name, "pid": pid, "tid": tid, **timing, "args": shown}


def _name(kind: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "args": {"name": name}}


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 3)
