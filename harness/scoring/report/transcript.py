"""A trial for reading in a terminal: the conversation, the kernel with its costs, the difference between two attempts.

All of it is made of the trial's record and events alone, so that a trial copied from another machine reads the same. What models
wrote is printed without control characters and never as markup: it must not move the cursor or colour itself.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from harness.agent.text import clean, line
from harness.agent.tools import Answer
from harness.backend import Profile
from harness.errors import UsageError
from harness.model import Message, Reply, Request
from harness.scoring import failures
from harness.scoring.attempts import Attempt
from harness.scoring.report.table import UNKNOWN, money
from harness.trial import Evaluation, Event, Trial

LONGEST = 60
"""Lines of a prompt, kernel or answer that a transcript shows, unless all of it is asked for."""


def conversation(trial: Trial, events: Sequence[Event], attempts: Sequence[Attempt], *, full: bool = False) -> RenderableType:
    """The whole transcript, the result first. Long texts are cut in the middle unless ``full``."""
    limit = None if full else LONGEST
    parts: list[RenderableType] = [header(trial), attempts_table(attempts)]
    turn = 0
    for event in events:
        since = event.at - events[0].at
        match event.kind:
            case "prompt":
                parts += _prompt(Request.model_validate(event.data), limit)
            case "reply":
                turn += 1
                parts += _reply(Reply.model_validate(event.data), turn, since, limit)
            case "tool":
                parts += _answer(Answer.model_validate(event.data), since, limit)
            case "evaluation":
                evaluation = Evaluation.model_validate(event.data)
                if evaluation.stage == "final":
                    parts += [_rule("graded on hidden inputs", since, "bold"), _verdict(evaluation), *_costs(evaluation)]
            case "note":
                parts += [_rule("note", since, "yellow"), Text(clean(json.dumps(event.data, ensure_ascii=False)))]
    return Group(*parts)


def header(trial: Trial) -> RenderableType:
    """What a trial came to, in a few lines."""
    spec, final = trial.spec, trial.final
    failure = failures.of_trial(trial)
    lines = [
        Text(f"{spec.model} on {spec.backend}: {spec.workload}, repeat {spec.repeat}", style="bold"),
        Text(f"{trial.status.value}: {line(final.summary if final else trial.detail) or 'no kernel was judged'}",
             style="green" if trial.passed else "red"),
    ]  # fmt: skip
    if failure:
        lines.append(Text(f"class: {failure} ({failures.describe(failure)})"))
    tokens = [n for n in (trial.usage.input_tokens, trial.usage.output_tokens) if n is not None]
    spent = f"{sum(tokens):,} tokens" if tokens else "unknown tokens"
    lines.append(
        Text(
            f"{trial.turns} turns, {trial.tool_calls} tool calls, {trial.iterations} kernels, {spent}, "
            f"{money(trial.cost) if trial.cost is not None else 'unknown cost'}, model {trial.model_seconds:.1f} s, "
            f"tools {trial.tool_seconds:.1f} s",
            style="dim",
        )
    )
    return Group(*lines)


def attempts_table(attempts: Sequence[Attempt]) -> RenderableType:
    """One row per attempt: what came of it and how fast it was."""
    table = Table(title="attempts", title_justify="left")
    for heading in ("n", "turn", "tool", "outcome", "cycles", "speedup", "of bound"):
        table.add_column(heading, justify="left" if heading in ("tool", "outcome") else "right", overflow="fold")
    for attempt in attempts:
        e, what = attempt.evaluation, failures.outcome(attempt)
        cells = [
            UNKNOWN if value is None else form.format(value)
            for value, form in (
                (e and e.cycles, "{:,.0f}"), (e and e.speedup, "{:.3f}x"), (e and e.bound_share, "{:.1%}"),
            )
        ]  # fmt: skip
        style = "green" if what == failures.PASSED else "" if what == failures.BUILT else "red"
        table.add_row(str(attempt.number), str(attempt.turn), attempt.tool, Text(what, style=style), *cells)
    return table if attempts else Text("no kernel was shown to the judge", style="dim")


def kernel(text: str) -> RenderableType:
    """A kernel with line numbers."""
    lines = clean(text).rstrip().split("\n")
    width = len(str(len(lines)))
    return Text("\n".join(f"{number:{width}} | {row}" for number, row in enumerate(lines, start=1)))


def profile(attempts: Sequence[Attempt]) -> RenderableType:
    """The last attempt that was profiled: its text with what each line cost, and the totals by cause and unit.

    UsageError if none was.
    """
    profiled = [(a, a.evaluation.profile) for a in attempts if a.evaluation and a.evaluation.profile and a.source is not None]
    if not profiled:
        raise UsageError("no attempt of this trial has a profile", "only the tool 'profile' and targets that count have one")
    attempt, found = profiled[-1]
    return Group(Text(f"attempt {attempt.number}: {found.total:,.0f} {found.unit}", style="bold"),
                 _totals(found), annotated(attempt.source or "", found))  # fmt: skip


def annotated(source: str, profile: Profile) -> RenderableType:
    """Kernel text with cycles, share and count of every line; the hottest lines stand out."""
    by_line = {row.line: row for row in profile.lines}
    table = Table(box=None, pad_edge=False)
    for heading in (profile.unit, "share", "count", "main cause", "line"):
        table.add_column(heading, justify="left" if heading == "main cause" else "right")
    table.add_column("kernel", overflow="fold")
    for number, text in enumerate(clean(source).rstrip().split("\n"), start=1):
        row = by_line.get(number)
        share = row.cycles / profile.total if row and profile.total else 0.0
        cells = ["", "", "", ""]
        if row:
            cause = max(row.causes, key=row.causes.__getitem__) if row.causes else ""
            cells = [f"{row.cycles:,.0f}", f"{share:.1%}", "" if row.count is None else f"{row.count:,}", cause]
        style = "bold red" if share >= 0.1 else "yellow" if share >= 0.02 else ""
        table.add_row(*cells, str(number), Text(text), style=style)
    return table


def difference(attempts: Sequence[Attempt], before: int, after: int) -> RenderableType:
    """Unified diff between the kernels of two attempts. UsageError if there is no such kernel."""
    old, new = (_source(attempts, number) for number in (before, after))
    names = [f"attempt {number}: {failures.outcome(attempts[number - 1])}" for number in (before, after)]
    texts = clean(old).rstrip().split("\n"), clean(new).rstrip().split("\n")
    diff = difflib.unified_diff(*texts, names[0], names[1], lineterm="", n=3)
    styles = {"+": "green", "-": "red", "@": "cyan"}
    lines = [Text(row, style=styles.get(row[:1], "")) for row in diff]
    return Group(*lines) if lines else Text(f"attempts {before} and {after} show the same kernel")


def _source(attempts: Sequence[Attempt], number: int) -> str:
    if not 1 <= number <= len(attempts):
        raise UsageError(f"there is no attempt {number}", f"this trial has attempts 1 to {len(attempts)}")
    source = attempts[number - 1].source
    if source is None:
        known = ", ".join(str(a.number) for a in attempts if a.source is not None)
        raise UsageError(f"attempt {number} shows no kernel: {failures.outcome(attempts[number - 1])}", f"those that do: {known}")
    return source


def _prompt(request: Request, limit: int | None) -> Iterator[RenderableType]:
    yield _rule("system", 0.0, "blue")
    yield Text(_cut(request.system, limit))
    for message in request.messages:
        yield _rule(message.role, 0.0, "blue")
        yield Text(_cut(message.text, limit))


def _reply(reply: Reply, turn: int, since: float, limit: int | None) -> Iterator[RenderableType]:
    usage, cost = reply.usage, "" if reply.cost is None else f", {money(reply.cost)}"
    counted = [f"{n:,} {word}" for n, word in ((usage.input_tokens, "in"), (usage.output_tokens, "out")) if n is not None]
    yield _rule(f"turn {turn}: {reply.stop.value}, {' '.join(counted) or 'unknown'} tokens{cost}", since, "magenta")
    message: Message = reply.message
    if message.reasoning:
        yield Text(_cut(message.reasoning, limit), style="dim italic")
    if message.text:
        yield Text(_cut(message.text, limit))
    for retry in reply.retries:
        yield Text(f"retried: {line(retry)}", style="yellow")


def _answer(answer: Answer, since: float, limit: int | None) -> Iterator[RenderableType]:
    arguments = dict(answer.call.arguments or {})
    source = arguments.pop("source", None)
    shown = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    yield _rule(f"{answer.call.name}({shown})", since, "cyan")
    if isinstance(source, str):
        yield Text(_cut(source, limit), style="cyan")
    elif answer.call.arguments is None:
        yield Text(_cut(answer.call.raw, limit), style="cyan")
    yield Text("->", style="dim")
    yield Text(_cut(answer.result.content, limit), style="red" if answer.problem else "")
    for name in answer.files:
        yield Text(f"left files/{line(name)}", style="dim")


def _verdict(evaluation: Evaluation) -> Text:
    word = evaluation.verdict.value if evaluation.verdict else "built"
    return Text(f"{word}: {line(evaluation.summary)}", style="green" if evaluation.passed else "red")


def _costs(evaluation: Evaluation) -> Iterator[RenderableType]:
    """What the target measured besides cycles."""
    if evaluation.metrics:
        yield Text(", ".join(f"{name} {value:,.6g}" for name, value in evaluation.metrics.items()))


def _totals(profile: Profile) -> RenderableType:
    causes = sorted(profile.causes.items(), key=lambda item: -item[1])
    by_cause = ", ".join(f"{name} {cycles:,.0f} ({cycles / profile.total:.1%})" for name, cycles in causes if profile.total)
    busy = ", ".join(f"{unit} {share:.0%}" for unit, share in profile.occupancy.items())
    return Text("\n".join(row for row in (by_cause and f"causes: {by_cause}", busy and f"busy: {busy}") if row))


def _rule(title: str, since: float, style: str) -> RenderableType:
    return Rule(Text(f"{since:8.1f} s  {line(title, 100)}"), align="left", style=style, characters="-")


def _cut(text: str, limit: int | None) -> str:
    """At most ``limit`` lines, the middle left out."""
    lines = clean(text).rstrip().split("\n")
    if limit is None or len(lines) <= limit:
        return "\n".join(lines)
    head, tail = limit * 2 // 3, limit - limit * 2 // 3
    left_out = f"[... {len(lines) - limit} lines left out; all of them with --full ...]"
    return "\n".join([*lines[:head], left_out, *lines[-tail:]])
