"""``tasks``: list the tasks, show one, prove that they tell right from wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.common import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.grading.lint import LintResult
    from harness.task import Task, Workload

app = typer.Typer(help="The operators that kernels are asked for.", no_args_is_help=True)

Suites = Annotated[list[str] | None, typer.Option("--suite", help="Only tasks of this suite; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command("list", epilog="Example: kernelwright tasks list --suite core")
def list_(suite: Suites = None, as_json: AsJson = False) -> None:
    """Lists the tasks of the installed suites."""
    from harness.run.selection import load_suites

    rows = [
        {
            "suite": name,
            "id": task.id,
            "name": task.name,
            "level": task.level,
            "category": task.category,
            "types": [dtype.name for dtype in task.dtypes],
            "configurations": list(task.configurations),
        }
        for name, one in load_suites(suite or ()).items()
        for task in one.tasks
    ]
    if as_json:
        print_json(rows)
        return
    _print_table(
        ("suite", "id", "name", "level", "category", "types", "configurations"),
        [[" ".join(cell) if isinstance(cell, list) else str(cell) for cell in row.values()] for row in rows],
    )


@app.command(epilog="Example: kernelwright tasks show P15")
def show(
    task: Annotated[str, typer.Argument(help="Id or name, such as P15 or softmax.")],
    suite: Suites = None,
    as_json: AsJson = False,
) -> None:
    """Shows what a task asks for, on which sizes, and the least work of each."""
    chosen = _find(task, suite)
    if as_json:
        print_json(_described(chosen))
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    console.print(f"[bold]{chosen.id} {chosen.name}[/bold]  {chosen.level.replace('_', ' ')}, {chosen.category}", highlight=False)
    console.print(escape(chosen.statement) + "\n", highlight=False)
    for heading, specs in (("inputs", chosen.inputs), ("outputs", chosen.outputs)):
        tensors = (f"{name}: {spec.dtype.name}[{', '.join(map(str, spec.shape))}]" for name, spec in specs.items())
        console.print(escape(f"{heading:<8} {'  '.join(tensors)}"), highlight=False)
    derived = "; ".join(f"{symbol} = {formula}" for symbol, formula in chosen.derive.items())
    types = ", ".join(dtype.name for dtype in chosen.dtypes)
    console.print(escape(f"types    {types}" + (f"\nwhere    {derived}" if derived else "")) + "\n", highlight=False)
    _print_table(
        ("configuration", "sizes", "held-out sizes", "least operations", "bytes"),
        [_configuration_cells(chosen.workload(name)) for name in chosen.configurations],
    )


@app.command(epilog="Example: kernelwright tasks lint P15 'C0?/C3'")
def lint(
    selector: Annotated[list[str] | None, typer.Argument(help="Tasks, workloads, suites or patterns; all if not given.")] = None,
    suite: Suites = None,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Proves for every workload that wrong kernels fail and right ones pass. Exit code 1 if not."""
    from harness.run.selection import all_tasks, every_workload, load_suites, select

    suites = load_suites(suite or ())
    chosen = select(selector, suites) if selector else list(every_workload(all_tasks(suites)))
    results = list(_lint_all([workload.id for workload in chosen], tuple(suites), processes))
    if as_json:
        # Through the record's own JSON, which writes infinite ratios as strings that other readers accept.
        rows = [json.loads(r.model_dump_json()) | {"ok": r.ok, "leaks": r.leaks, "refused": r.refused} for r in results]
        print_json(rows)
    else:
        _print_lint(results)
    if not all(result.ok for result in results):
        raise typer.Exit(1)


def _find(name: str, suite: Sequence[str] | None) -> Task:
    from harness.errors import unknown
    from harness.run.selection import all_tasks, load_suites

    tasks = all_tasks(load_suites(suite or ()))
    for task in tasks:
        if name in (task.id, task.name):
            return task
    raise unknown("task", name, [*(task.id for task in tasks), *(task.name for task in tasks)])


def _described(task: Task) -> dict[str, Any]:
    """A task as JSON."""

    def tensors(workload: Workload) -> dict[str, Any]:
        every = {**workload.inputs, **workload.outputs}
        return {name: {"type": tensor.dtype.name, "shape": tensor.shape} for name, tensor in every.items()}

    return {
        "id": task.id,
        "name": task.name,
        "level": task.level,
        "category": task.category,
        "statement": task.statement,
        "inputs": list(task.inputs),
        "outputs": list(task.outputs),
        "types": [dtype.name for dtype in task.dtypes],
        "digest": task.digest,
        "configurations": {
            name: {
                "symbols": dict(workload.p),
                "tensors": tensors(workload),
                "held_out": dict(workload.held_out.p) if workload.held_out else None,
                "work": dict(workload.work.operations),
            }
            for name, workload in ((name, task.workload(name)) for name in task.configurations)
        },
    }


def _configuration_cells(workload: Workload) -> list[str]:
    held_out = workload.held_out
    moved = sum(tensor.bytes for tensor in (*workload.inputs.values(), *workload.outputs.values()))
    operations = ", ".join(f"{count:,} {kind}" for kind, count in workload.work.operations.items())
    return [workload.configuration, repr(workload.p), repr(held_out.p) if held_out else "-", operations or "-", f"{moved:,}"]


def _lint_all(workloads: Sequence[str], suites: tuple[str, ...], processes: int) -> Iterator[LintResult]:
    """Results in order; tasks hold functions, so workers are sent names and find the workloads themselves."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from functools import partial

    work = partial(_lint_one, suites)
    if processes == 1:
        for workload in workloads:
            yield from work(workload)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_one_thread_each) as pool:
        for results in pool.map(work, workloads, chunksize=4):
            yield from results


def _one_thread_each() -> None:
    """Before a worker imports numpy: the threads of several linear algebra libraries would fight for the same processors."""
    import os

    os.environ["OPENBLAS_NUM_THREADS"] = "1"


def _lint_one(suites: tuple[str, ...], id: str) -> list[LintResult]:
    """A workload's result, and that of its held-out sizes."""
    from harness.grading.lint import lint as lint_workload
    from harness.run.selection import find_workload, load_suites

    workload = find_workload(id, load_suites(suites))
    return [lint_workload(one) for one in (workload, workload.held_out) if one]


def _print_lint(results: Sequence[LintResult]) -> None:
    """A line per task and element type, then every leak."""
    from itertools import groupby

    rows = []
    for name, group in groupby(results, key=lambda result: result.workload.split("/")[0]):
        several = list(group)
        weakest = min((result.weakest for result in several), key=lambda check: check.ratio)
        caught = sum(not null.passed for result in several for null in result.nulls)
        total = sum(len(result.nulls) for result in several)
        margin = max(result.margin for result in several)
        rows.append(
            [
                name,
                str(len(several)),
                f"{caught}/{total}",
                f"{margin:.2g}",
                f"{weakest.ratio:.2g}",
                weakest.name,
                "ok" if all(result.ok for result in several) else "LEAKS",
            ]
        )
    _print_table(("task", "size sets", "wrong kernels caught", "right: error/allowed", "wrong: least", "which", ""), rows)
    for result in results:
        for name in result.leaks:
            print(f"{result.workload}: a wrong kernel passes: {name}")
        for name in result.refused:
            print(f"{result.workload}: a right kernel fails: {name}")


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*headings)
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)
