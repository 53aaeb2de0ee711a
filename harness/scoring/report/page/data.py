"""One trial as the page wants it: what was said, the kernels in the order they were shown to the judge, and its judgements.

The journal holds every kernel several times (in the call, in its echo, as the graded text); here each distinct text is stored
once and everything else refers to it by number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from harness.scoring.report.page.pack import Texts
from harness.trial import Event, Trial

_DROPPED = ("schema_version", "workload", "backend")
"""Fields of an evaluation that its trial says already."""


class Source(NamedTuple):
    """What is known of one trial."""

    run: str
    """Name of its run, for people."""
    trial: Trial
    """The record."""
    events: Sequence[Event] = ()
    """Its transcript; empty where only the record was kept."""
    kernel: str | None = None
    """Text of the graded kernel."""
    where: str = ""
    """Backend for the reader, where it is more than the backend's name: ``core on plena (timing=overlapped)``."""
    verify: str = ""
    """The command that judges it again, where there is one."""


class Kernels:
    """The distinct kernel texts of a trial, in order of appearance."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def add(self, text: str) -> int:
        """The number of a text."""
        key = digest_of(text)
        if key not in self._numbers:
            self._numbers[key] = len(self.texts)
            self.texts.append(text)
        return self._numbers[key]

    def find(self, digest: str) -> int | None:
        """The number of the text with this SHA-256; None where it was not kept."""
        return self._numbers.get(digest)


def digest_of(text: str) -> str:
    """SHA-256 of a kernel's text, as evaluations hold it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def trial_data(source: Source, texts: Texts) -> dict[str, Any]:
    """Everything that the pane of a trial shows, as JSON; prompts go to ``texts``."""
    trial, kernels = source.trial, Kernels()
    steps = list(_steps(source.events, kernels, texts))
    if source.kernel is not None:
        kernels.add(source.kernel)
    record = trial.model_dump(mode="json", exclude={"final", "schema_version"})
    final = evaluation_data(trial.final.model_dump(mode="json"), kernels) if trial.final else None
    about = slim({"id": trial.spec.id, "run": source.run, "where": source.where, "verify": source.verify})
    return {**slim(record), **about, "final": final, "steps": steps, "kernels": kernels.texts}


def _steps(events: Iterable[Event], kernels: Kernels, texts: Texts) -> Iterable[dict[str, Any]]:
    for event in events:
        shape = _SHAPES[event.kind]
        yield {"kind": event.kind, "at": round(event.at, 4), **shape(event.data, kernels, texts)}


def _prompt(data: Mapping[str, Any], kernels: Kernels, texts: Texts) -> dict[str, Any]:
    messages = [{"role": message["role"], "text": texts.add(message.get("text", ""))} for message in data.get("messages", ())]
    tools = [{"name": tool["name"], "description": texts.add(tool.get("description", ""))} for tool in data.get("tools", ())]
    return {"system": texts.add(data.get("system", "")), "messages": messages, "tools": tools}


def _reply(data: Mapping[str, Any], kernels: Kernels, texts: Texts) -> dict[str, Any]:
    message, usage = data["message"], data.get("usage") or {}
    calls = [_call(call, kernels) for call in message.get("tool_calls", ())]
    rest = {
        "text": message.get("text"), "reasoning": message.get("reasoning"), "calls": calls, "stop": data.get("stop"),
        "input": usage.get("input_tokens"), "output": usage.get("output_tokens"), "cost": data.get("cost"),
        "seconds": data.get("latency_s"), "retries": data.get("retries"),
    }  # fmt: skip
    return slim(rest)


def _call(call: Mapping[str, Any], kernels: Kernels) -> dict[str, Any]:
    """A tool call; its kernel, if it has one, by number."""
    arguments = call.get("arguments")
    if arguments is None:
        return slim({"id": call.get("id"), "name": call["name"], "raw": call.get("raw"), "error": call.get("error")})
    rest = dict(arguments)
    kernel = kernels.add(rest.pop("source")) if isinstance(rest.get("source"), str) else None
    return slim({"id": call.get("id"), "name": call["name"], "kernel": kernel, "arguments": rest})


def _tool(data: Mapping[str, Any], kernels: Kernels, texts: Texts) -> dict[str, Any]:
    result = data["result"]
    return slim({
        "call": data["call"].get("id"), "name": data["call"]["name"], "text": result.get("content"),
        "is_error": result.get("is_error"), "problem": data.get("problem"), "seconds": data.get("seconds"),
    })  # fmt: skip


def _evaluation(data: Mapping[str, Any], kernels: Kernels, texts: Texts) -> dict[str, Any]:
    return evaluation_data(data, kernels)


def _note(data: Mapping[str, Any], kernels: Kernels, texts: Texts) -> dict[str, Any]:
    return {"data": slim(data)}


_SHAPES = {"prompt": _prompt, "reply": _reply, "tool": _tool, "evaluation": _evaluation, "note": _note}


def evaluation_data(data: Mapping[str, Any], kernels: Kernels) -> dict[str, Any]:
    """An evaluation without what is empty; its kernel by number, None where the text was not kept."""
    kept = {name: value for name, value in data.items() if name not in _DROPPED}
    return {**slim(kept), "kernel": kernels.find(data["kernel"]), "digest": data["kernel"]}


def slim(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without fields that say nothing: None, False and empty ones. Zero says something."""
    return {
        name: value for name, value in data.items() if value is not None and value is not False and value not in ("", [], {}, ())
    }
