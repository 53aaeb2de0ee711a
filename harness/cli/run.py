"""``run``, ``resume``, ``grade`` and ``eval``: everything that executes kernels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli.common import key_values, say

if TYPE_CHECKING:
    from rich.console import Console

    from harness.run.commands import RunResult
    from harness.run.regrade import Regrade
    from harness.trial import Evaluation

PLAIN_WIDTH = 160
"""Columns of the result table where there is no terminal to ask."""
Folder = Annotated[Path, typer.Argument(help="Folder of the run, as 'run' printed it.")]
Workers = Annotated[int, typer.Option(min=0, help="Worker processes; 0 is one per processor.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; progress goes to stderr.")]
Sandbox = Annotated[str, typer.Option(help="Sandbox tier to use; the strongest that works if not given.")]
Unsafe = Annotated[bool, typer.Option("--unsafe-no-sandbox", help="Go on where no sandbox works; recorded in every result.")]
BackendOptions = Annotated[list[str] | None, typer.Option("--backend-option", help="KEY=VALUE or BACKEND:KEY=VALUE; repeatable.")]


def run(
    model: Annotated[list[str] | None, typer.Option(help="PROVIDER/MODEL, or an offline model; repeatable.")] = None,
    backend: Annotated[list[str] | None, typer.Option(help="Target; repeatable. Not needed where there is only one.")] = None,
    suite: Annotated[str, typer.Option(help="Task suite. Not needed where there is only one.")] = "",
    tasks: Annotated[list[str] | None, typer.Option(help="Tasks: P15, P15/C2, P01.i32, 'P*', softmax; repeatable.")] = None,
    held_out: Annotated[bool, typer.Option("--held-out", help="Grade at sizes that no prompt or result has shown.")] = False,
    repeats: Annotated[int, typer.Option(min=1, help="Trials of each model on each workload.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the run; a new one in results/runs if not given.")] = None,
    workers: Workers = 0,
    executor: Annotated[str, typer.Option(help="Where trials run: 'local', or one that a package adds.")] = "local",
    feedback: Annotated[Literal["none", "build", "run", "full"], typer.Option(help="Tools on offer.")] = "full",
    documentation: Annotated[Literal["inline", "tool", "none"], typer.Option(help="Where the manual is.")] = "inline",
    strategy: Annotated[
        Literal["zero-shot", "one-shot", "category-shot", "port"], typer.Option(help="Example in the prompt.")
    ] = "zero-shot",
    port_from: Annotated[str | None, typer.Option(help="Backend whose kernel --strategy port shows.")] = None,
    turns: Annotated[int | None, typer.Option(min=1, help="Limit: model calls per trial.")] = None,
    tool_calls: Annotated[int | None, typer.Option(min=1, help="Limit: tool calls per trial.")] = None,
    output_tokens: Annotated[int | None, typer.Option(min=1, help="Limit: generated tokens per trial.")] = None,
    reply_tokens: Annotated[int | None, typer.Option(min=1, help="Limit: generated tokens per reply.")] = None,
    cost: Annotated[float | None, typer.Option(min=0, help="Limit: US dollars per trial.")] = None,
    tool_seconds: Annotated[float | None, typer.Option(min=0, help="Limit: seconds inside tools per trial.")] = None,
    model_option: Annotated[list[str] | None, typer.Option(help="KEY=VALUE or MODEL:KEY=VALUE; repeatable.")] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Root of a compatible server: short for --model-option base_url=...")
    ] = None,
    backend_option: BackendOptions = None,
    sandbox: Sandbox = "",
    unsafe_no_sandbox: Unsafe = False,
    as_json: AsJson = False,
) -> None:
    """Runs agents on workloads. The kernels they submit are graded on hidden inputs."""
    from harness.run import commands
    from harness.run.plan import Options
    from harness.run.selection import selectors
    from harness.trial import AgentLimits, AgentSettings

    given = {
        "turns": turns, "tool_calls": tool_calls, "output_tokens": output_tokens, "reply_tokens": reply_tokens, "cost": cost,
        "tool_seconds": tool_seconds,
    }  # fmt: skip
    limits = AgentLimits.model_validate({name: value for name, value in given.items() if value is not None})
    options = Options(
        models=tuple(dict.fromkeys(model or ())),
        suite=suite,
        tasks=selectors(suite, [part for text in tasks or () for part in text.split(",")], held_out=held_out),
        backends=tuple(backend or ()),
        repeats=repeats,
        settings=AgentSettings(
            feedback=feedback, documentation=documentation, strategy=strategy, port_from=port_from, limits=limits
        ),
        model_options=key_values("--model-option", [*(model_option or ()), *([f"base_url={base_url}"] if base_url else ())]),
        backend_options=key_values("--backend-option", backend_option),
        sandbox=sandbox,
        unsafe=unsafe_no_sandbox,
    )
    command = ("kernelwright", *sys.argv[1:])
    _finish(commands.start(options, out, workers, _console(), command, executor), as_json)


run.epilog = "Example: kernelwright run --backend cpu --model compiler --tasks P15/C2"  # type: ignore[attr-defined]


def resume(folder: Folder, workers: Workers = 0, as_json: AsJson = False) -> None:
    """Goes on with a run that was stopped. Graded trials stay, stopped ones continue from their journal, and those that
    failed for no fault of the model are redone."""
    from harness.run import commands

    _finish(commands.resume(folder, workers, _console()), as_json)


resume.epilog = "Example: kernelwright resume results/runs/20260131-120000-compiler-core"  # type: ignore[attr-defined]


def grade(
    folder: Folder,
    workers: Workers = 0,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Reuse evaluations in the run's cache.")] = False,
    accept_changes: Annotated[bool, typer.Option(help="Grade although something that decides a score has changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Grades stored kernels of a run again. No model is needed; what is judged otherwise than before is reported."""
    from harness.run import commands

    result, interrupted = commands.grade(folder, workers, _console(), cached=cache, accept_changes=accept_changes)
    print(result.model_dump_json(indent=2)) if as_json else say(_regrade_text(result))
    raise typer.Exit(commands.INTERRUPTED if interrupted else 1 if result.differences or result.failed else 0)


grade.epilog = "Example: kernelwright grade results/runs/20260131-120000-compiler-core"  # type: ignore[attr-defined]


def eval_(
    file: Annotated[Path, typer.Argument(help="Kernel text.")],
    task: Annotated[str, typer.Option(help="Workload, such as P15/C2 or P01.i32/C1.")],
    backend: Annotated[str, typer.Option(help="Target. Not needed where there is only one.")] = "",
    final: Annotated[bool, typer.Option("--final", help="Grade on hidden inputs, as at the end of a trial.")] = False,
    held_out: Annotated[bool, typer.Option("--held-out", help="At the held-out sizes of the workload.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Also show where the cycles went.")] = False,
    backend_option: BackendOptions = None,
    sandbox: Sandbox = "",
    unsafe_no_sandbox: Unsafe = False,
    as_json: AsJson = False,
) -> None:
    """Judges one kernel file. Says what an agent's run tool would say, or with --final what the grade would be."""
    from harness.run import commands
    from harness.run.plan import Options
    from harness.run.selection import selectors

    options = Options(
        models=(), backends=(backend,) if backend else (), sandbox=sandbox, unsafe=unsafe_no_sandbox,
        backend_options=key_values("--backend-option", backend_option),
    )  # fmt: skip
    (workload,) = selectors("", [task], held_out=held_out)
    evaluation = commands.evaluate(file, workload, options, final=final, profile=profile)
    print(evaluation.model_dump_json(indent=2)) if as_json else say(_evaluation_text(evaluation))
    raise typer.Exit(0 if evaluation.passed else 1)


eval_.epilog = "Example: kernelwright eval softmax.c --backend cpu --task P15/C2 --final"  # type: ignore[attr-defined]


# What is printed


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _finish(result: RunResult, as_json: bool) -> None:
    from harness.run.store import Store
    from harness.scoring.report.table import result_table

    if as_json:
        print(result.model_dump_json(indent=2))
    else:
        from rich.console import Console

        console = Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
        console.print(result_table(Store.open(Path(result.folder)).trials()))
        if result.problem:
            say(f"ended early: {result.problem}")
        unfinished = sum(row.planned - row.graded for row in result.rows)
        print(f"results: {result.folder}")
        if unfinished:
            print(f"{unfinished} trials are not graded; go on with: kernelwright resume {result.folder}")
    raise typer.Exit(result.exit_code)


def _regrade_text(result: Regrade) -> str:
    lines = [f"{difference.trial}: {detail}" for difference in result.differences for detail in difference.details]
    lines += [f"{trial}: not judged: {reason}" for trial, reason in result.failed.items()]
    if result.changed:
        lines.append(f"changed since the run: {', '.join(result.changed)}")
    lines.append(
        f"{result.judged} kernels judged again in {result.seconds:.1f} s: {result.same} as before, {len(result.differences)} "
        f"otherwise, {len(result.failed)} not judged; {result.skipped} trials left no kernel"
    )
    return "\n".join(lines)


def _evaluation_text(evaluation: Evaluation) -> str:
    lines = [f"{evaluation.workload} on {evaluation.backend}: {evaluation.verdict}", evaluation.summary]
    for message in evaluation.diagnostics:
        where = f"line {message.line}" + (f", column {message.column}" if message.column else "") if message.line else "kernel"
        lines += [f"{message.severity} at {where}: {message.message}"]
        lines += [f"    {text}" for text in (message.snippet.strip(), message.hint and f"hint: {message.hint}") if text]
    for wrong in evaluation.mismatches:
        lines.append(f"{wrong.output}: {wrong.wrong} of {wrong.total} elements wrong on {wrong.inputs} {wrong.pattern}".rstrip())
        for one in wrong.examples:
            lines.append(
                f"    {list(one.index)}: expected {one.expected:.9g}, got {one.got:.9g}, allowed error {one.allowed:.3g}"
            )
    if evaluation.fault:
        at = f" at line {evaluation.fault.line}" if evaluation.fault.line else ""
        lines.append(f"fault {evaluation.fault.cause}{at}: {evaluation.fault.message}")
    if evaluation.bound and evaluation.bound_share is not None:
        estimate = " (an estimate)" if evaluation.bound.estimate else ""
        lines.append(f"{evaluation.bound_share:.1%} of the bound{estimate}, limited by {evaluation.bound.limited_by}")
    if evaluation.profile:
        hottest = evaluation.profile.lines[:8]
        unit = evaluation.profile.unit
        if (theirs := evaluation.counters.get(f"baseline_{unit}")) is not None:
            lines.append(f"{evaluation.profile.total:.6g} {unit}; the baseline {theirs:.6g}")
        for line in hottest:
            times = "" if line.count is None else f", {line.count} times"
            lines.append(f"    line {line.line}: {line.cycles:.6g} {unit}{times}")
    return "\n".join([*lines, *(f"alarm: {alarm}" for alarm in evaluation.alarms)])
