"""``report``: the results of finished or unfinished runs, as tables, as a page, or for other programs."""

from __future__ import annotations

import io
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from harness.run.store import Store
    from harness.scoring.report.html import Run
    from harness.scoring.report.page.data import Source


class Format(StrEnum):
    """How a report is written."""

    text = "text"
    html = "html"
    markdown = "markdown"
    md = "md"
    json = "json"
    csv = "csv"


def report(
    run: Annotated[list[Path], typer.Argument(help="Folders of runs; several are shown together and compared.")],
    format: Annotated[
        Format | None,
        typer.Option(
            help="text: tables; html: one page with plots and every trial; markdown (md): the table of agents; json: all "
            "metrics; csv: one line per trial. If not given, what the name of --output ends in, else text."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; stdout if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Shows results of runs, with intervals. Trials that were not graded are shown and not counted."""
    from harness.run.store import Store
    from harness.scoring.report import flat, table

    chosen = Format.json if as_json else format or _of_name(output)
    stores = [Store.open(folder) for folder in run]
    if chosen is Format.html:
        return _write_page(stores, run, output or Path("report.html"))
    trials = [trial for store in stores for trial in store.trials()]
    if chosen is Format.text and output is None:
        return table.terminal().print(table.result_table(trials))
    match chosen:
        case Format.markdown | Format.md:
            text = table.agent_markdown(table.lines_of(trials)) + "\n"
        case Format.json:
            text = flat.agents_json(trials) + "\n"
        case Format.csv:
            text = flat.trials_csv(trials)
        case _:
            text = _as_text(table.result_table(trials))
    if output:
        flat.write(output, text)
        print(f"wrote {output}")
    else:
        print(text, end="")
    return None


report.epilog = "Example: kernelwright report results/runs/20260101-120000-compiler-core -o report.html"  # type: ignore[attr-defined]


def _of_name(output: Path | None) -> Format:
    """The format that a file's name asks for."""
    ending = output.suffix.lstrip(".").lower() if output else ""
    return Format.html if ending == "htm" else Format(ending) if ending in list(Format) else Format.text


def _as_text(result: RenderableType) -> str:
    """Tables without colours, as wide as they need."""
    from rich.console import Console

    with io.StringIO() as buffer:
        Console(file=buffer, width=180).print(result)
        return buffer.getvalue()


def _write_page(stores: Sequence[Store], folders: Sequence[Path], output: Path) -> None:
    from harness.errors import UsageError
    from harness.scoring.report import flat
    from harness.scoring.report.html import report_page

    if not output.parent.is_dir():  # found out before the work, not after it
        raise UsageError(f"cannot write {str(output)!r}: there is no folder {str(output.parent)!r}", "make it, or name another")
    names = _names(folders)
    runs = [_run(f"run-{i}", name, store) for i, (name, store) in enumerate(zip(names, stores, strict=True), start=1)]
    title = f"Results of {names[0]}" if len(names) == 1 else f"Results of {len(names)} runs"
    flat.write(output, report_page(runs, _sources(names, stores), title, task_names()))
    print(f"wrote {output} ({output.stat().st_size / 1e6:.1f} MB); open it in a browser")


def task_names() -> dict[str, str]:
    """Names of the installed tasks by id; a page about tasks that are not installed here does without."""
    from harness.errors import KernelwrightError
    from harness.run.selection import all_tasks, load_suites

    try:
        return {task.id: task.name for task in all_tasks(load_suites())}
    except KernelwrightError:
        return {}


def _names(folders: Sequence[Path]) -> list[str]:
    """Names of the folders, with as much of their paths as tells them apart."""
    paths = [folder.resolve() for folder in folders]
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(set(paths)):
        depth += 1
    return ["/".join(path.parts[-depth:]) for path in paths]


def _run(id: str, name: str, store: Store) -> Run:
    import shlex

    from harness.scoring.report.html import Run

    lock = store.lock
    facts = [("command", shlex.join(lock.command)), ("started", lock.created_at)]
    facts += [(f"version: {key}", value) for key, value in lock.versions.items()]
    return Run(id, name, list(lock.models), facts, lock.digests, sum(1 for _ in lock.trials()))


def _sources(names: Sequence[str], stores: Sequence[Store]) -> Iterator[Source]:
    """Every finished trial with its transcript and kernel, one at a time."""
    from harness.run.journal import read_events
    from harness.scoring.report.page.data import Source

    for name, store in zip(names, stores, strict=True):
        for trial in store.trials():
            path = store.finished_folder(trial.spec) / "transcript.jsonl"
            events = read_events(path)[0] if path.exists() else []
            yield Source(name, trial, events, store.kernel(trial.spec))
