"""``tasks``: list the tasks, show one, prove that they tell right from wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.common import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    print_table(
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
    print_table(
        ("configuration", "sizes", "held-out sizes", "least operations", "bytes"),
        [_configuration_cells(chosen.workload(name)) for name in chosen.configurations],
    )


@app.command(epilog="Example: kernelwright tasks lint P15 'C0?/C3'")
def lint(
    selector: Annotated[list[str] | None, typer.Argument(help="Tasks, workloads, suites or patterns; all if not given.")] = None,
    suite: Suites = None,
    backend: Annotated[
        list[str] | None, typer.Option(help="Only the arithmetic of this backend; repeatable. All that work here if not given.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="The tables of docs/design/tolerances.md.")] = False,
    as_json: AsJson = False,
) -> None:
    """Proves for every workload that wrong kernels fail and right ones pass. Exit code 1 if not.

    The smallest mistakes are tried in the arithmetic of every backend; how many of them are caught is told, not demanded.
    """
    from harness.cli import linting

    report = linting.lint(selector, tuple(suite or ()), tuple(backend or ()), processes)
    if as_json:
        print_json(linting.as_json(report))
    elif as_markdown:
        print(linting.as_markdown(report), end="")
    else:
        linting.show(report)
    if not report.ok:
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
