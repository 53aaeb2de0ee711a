"""Trials as logs of Inspect (``.eval``), which its viewer opens and its Python functions read.

A log is one model on one backend; a sample is a workload, an epoch a repetition. The score is ``C`` or ``I``, with speedup,
failure class and kernel beside it. Trials that were not graded carry an error and no score, so that Inspect does not count them
either. What a provider did not say (tokens) is left out, never 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.agent.text import clean
from harness.agent.tools import Answer
from harness.errors import UsageError
from harness.model import Reply, Request, Usage
from harness.record import digest
from harness.scoring import failures
from harness.scoring.metrics import compute, credited_speedup
from harness.trial import Event, Trial

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample

SCORER = "kernelwright"


class Sample(NamedTuple):
    """One trial with what its log needs."""

    trial: Trial
    """Its record."""
    events: Sequence[Event]
    """Everything that happened."""
    kernel: str | None
    """Text of the graded kernel."""


class Header(NamedTuple):
    """What a log says about its run."""

    created: str
    """When the run was started, ISO 8601, UTC."""
    suite: str
    """Name of the suite, or empty."""
    settings: Mapping[str, Any]
    """Model, agent and backend settings."""
    versions: Mapping[str, str]
    """Versions of the packages that took part."""


def write(samples: Sequence[Sample], header: Header, folder: Path) -> list[Path]:
    """Writes one log per (model, backend) into a folder and returns the files. UsageError if inspect_ai is missing."""
    try:
        from inspect_ai.log import write_eval_log
    except ImportError as error:
        raise UsageError("Inspect logs need the package inspect-ai", "pip install 'kernelwright[inspect]'") from error
    groups: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.trial.spec.model, sample.trial.spec.backend].append(sample)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for (model, backend), group in sorted(groups.items()):
            name = "".join(c if c.isalnum() or c in ".-" else "-" for c in f"{model}-{backend}")
            path = folder / f"{name}.eval"
            write_eval_log(_log(model, backend, group, header), str(path), format="eval")
            written.append(path)
    except OSError as error:
        raise UsageError(f"cannot write to {str(folder)!r}: {error.strerror}", "name another folder with --out") from error
    return written


def _log(model: str, backend: str, group: Sequence[Sample], header: Header) -> EvalLog:
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalMetric, EvalResults, EvalScore, EvalSpec, EvalStats

    metrics = compute(sample.trial for sample in group)
    named = {
        "accuracy": metrics.pass_at_1 and metrics.pass_at_1.value,
        "score": metrics.score and metrics.score.value,
        "speedup": metrics.speedup and metrics.speedup.value,
        "sol_score": metrics.sol_score and metrics.sol_score.value,
    }
    ids = list(dict.fromkeys(sample.trial.spec.workload for sample in group))
    epochs = 1 + max(sample.trial.spec.repeat for sample in group)
    identity = digest(model, backend, header.created, dict(header.settings))
    results = EvalScore(
        name=SCORER,
        scorer=SCORER,
        scored_samples=metrics.graded,
        unscored_samples=metrics.trials - metrics.graded,
        metrics={name: EvalMetric(name=name, value=value) for name, value in named.items() if value is not None},
    )
    return EvalLog(
        status="success",
        eval=EvalSpec(
            eval_id=identity[:22], run_id=digest(header.created)[:22], task_id=digest(backend, header.suite)[:22],
            created=_stamp(header.created), task=f"kernelwright/{backend}", model=model,
            dataset=EvalDataset(name=header.suite or "selection", samples=len(ids), sample_ids=ids),
            config=EvalConfig(epochs=epochs), packages=dict(header.versions), metadata=dict(header.settings),
        ),
        results=EvalResults(total_samples=len(group), completed_samples=metrics.graded, scores=[results]),
        stats=EvalStats(
            started_at=_stamp(header.created), completed_at=_stamp(header.created), model_usage=_usage(model, metrics.usage)
        ),
        samples=[_sample(sample) for sample in group],
    )  # fmt: skip


def _sample(sample: Sample) -> EvalSample:
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ModelOutput

    trial, spec = sample.trial, sample.trial.spec
    messages = list(_messages(sample.events))
    answer = next((m.content for m in reversed(messages) if m.role == "assistant" and isinstance(m.content, str)), "")
    return EvalSample(
        id=spec.workload,
        epoch=spec.repeat + 1,
        uuid=digest(spec, trial.started_at)[:22],
        input=next((m.content for m in messages if m.role == "user" and isinstance(m.content, str)), ""),
        target="passes on hidden inputs",
        messages=messages,
        output=ModelOutput.from_content(model=trial.model_ids[0] if trial.model_ids else spec.model, content=answer),
        scores={SCORER: _score(sample)} if trial.status.is_graded else None,
        error=None if trial.status.is_graded else _error(trial),
        model_usage=_usage(spec.model, trial.usage, trial.cost),
        started_at=_stamp(trial.started_at) if trial.started_at else None,
        total_time=sample.events[-1].at - sample.events[0].at if sample.events else None,
        working_time=trial.model_seconds + trial.tool_seconds,
        turn_count=trial.turns,
        metadata={"status": trial.status.value, "detail": clean(trial.detail), "backend": spec.backend, "digests": trial.digests},
    )


def _messages(events: Sequence[Event]) -> Iterator[Any]:
    """The conversation in Inspect's message types, from the events that made it."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
    from inspect_ai.tool import ToolCall, ToolCallError

    fresh = _counter()
    for event in events:
        match event.kind:
            case "prompt":
                request = Request.model_validate(event.data)
                yield ChatMessageSystem(id=fresh(), content=clean(request.system))
                for message in request.messages:
                    yield ChatMessageUser(id=fresh(), content=clean(message.text), source="input")
            case "reply":
                reply = Reply.model_validate(event.data)
                calls = [
                    ToolCall(c.id, clean(c.name), _cleaned(c.arguments or {}), parse_error=c.error or None)
                    for c in reply.message.tool_calls
                ]
                yield ChatMessageAssistant(id=fresh(), content=clean(reply.message.text), tool_calls=calls or None,
                                           model=reply.model or None, source="generate")  # fmt: skip
            case "tool":
                answer = Answer.model_validate(event.data)
                error = ToolCallError(type="parsing", message=answer.problem) if answer.problem else None
                yield ChatMessageTool(id=fresh(), content=answer.result.content, tool_call_id=answer.call.id,
                                      function=clean(answer.call.name), error=error)  # fmt: skip


def _counter() -> Callable[[], str]:
    """Ids of messages: stable, so that two exports of one trial are alike."""
    numbers = iter(range(1_000_000))
    return lambda: f"m{next(numbers):06}"


def _cleaned(value: Any) -> Any:
    """Arguments without what has no UTF-8."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(name)): _cleaned(item) for name, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def _score(sample: Sample) -> Any:
    from inspect_ai.scorer import CORRECT, INCORRECT, Score

    trial, final = sample.trial, sample.trial.final
    failure = failures.of_trial(trial)
    return Score(
        value=CORRECT if trial.passed else INCORRECT,
        answer=clean(sample.kernel) if sample.kernel else None,
        explanation=clean(final.summary if final else trial.detail),
        metadata={
            "failure": str(failure or ""),
            "speedup": credited_speedup(final),
            "cycles": final.cycles if final else None,
            "bound_share": final.bound_share if final else None,
            "alarms": list(final.alarms) if final else [],
            "kernel": final.kernel if final else None,
        },
    )


def _error(trial: Trial) -> Any:
    from inspect_ai.log import EvalError

    text = f"{trial.status.value}: {clean(trial.detail)}"
    return EvalError(message=text, traceback=text, traceback_ansi=text)


def _usage(model: str, usage: Usage, cost: float | None = None) -> dict[str, Any]:
    """What the provider said, by model; nothing where it said nothing."""
    from inspect_ai.model import ModelUsage

    if usage.input_tokens is None and usage.output_tokens is None:
        return {}
    spent = (usage.input_tokens or 0, usage.output_tokens or 0)
    return {
        model: ModelUsage(
            input_tokens=spent[0], output_tokens=spent[1], total_tokens=sum(spent), input_tokens_cache_read=usage.cached_tokens,
            input_tokens_cache_write=usage.cache_write_tokens, reasoning_tokens=usage.reasoning_tokens, total_cost=cost,
        )
    }  # fmt: skip


def _stamp(text: str) -> str:
    """ISO 8601 with a time zone, which Inspect insists on."""
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).isoformat()
