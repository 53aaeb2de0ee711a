"""``backends``: which targets there are, what one says of itself, and whether it keeps its promises."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.common import print_json
from harness.scaffold.kinds import Kind

app = typer.Typer(help="Targets that kernels can be written for.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command("list", epilog="Example: kernelwright backends list")
def list_backends(as_json: AsJson = False) -> None:
    """Lists registered backends with the package they come from; one that is broken says why."""
    from harness.cli import targets

    found = list(targets.listed())
    if as_json:
        print_json([backend.model_dump(mode="json") for backend in found])
        return
    for backend in found:
        state = f"not usable: {backend.problem}" if backend.problem else f"{backend.version:<10} {backend.title}"
        print(f"{backend.name:<12} {backend.origin:<24} {state}")
    if not found:
        print("no backend is registered; install a package with an entry point in the group kernelwright.backends")


@app.command(epilog="Example: kernelwright backends show cpu")
def show(
    name: Annotated[str, typer.Argument(help="Backend name.")],
    backend_option: Annotated[list[str] | None, typer.Option("--backend-option", help="KEY=VALUE; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Shows a backend's language, formats, limits, digests, and which workloads it supports."""
    from harness.cli import targets

    facts = targets.describe(name, backend_option)
    if as_json:
        print_json(facts)
    else:
        print(targets.description(facts))


@app.command(epilog="Example: kernelwright backends check tiny --quick --report tiny.md")
def check(
    name: Annotated[str, typer.Argument(help="Backend name.")],
    tasks: Annotated[list[str] | None, typer.Option("--tasks", help="Tasks, workloads or patterns; repeatable.")] = None,
    backend_option: Annotated[list[str] | None, typer.Option("--backend-option", help="KEY=VALUE; repeatable.")] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this check; repeatable.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only the smallest configuration of each task.")] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write a report there: *.md, or JSON.")] = None,
    sandbox: Annotated[str, typer.Option("--sandbox", help="Sandbox tier; the strongest that works if left out.")] = "",
    unsafe: Annotated[bool, typer.Option("--unsafe-no-sandbox", help="Go on where no sandbox works.")] = False,
    as_json: AsJson = False,
) -> None:
    """Checks that a backend is what the benchmark needs.

    One line per check says what was tried and seen, and how to mend what is wrong. Exit code 1 if something is.
    """
    from harness.cli import conformance
    from harness.cli.common import key_values

    options = key_values("--backend-option", backend_option)
    raise typer.Exit(
        conformance.check(
            name, tasks or (), options, only or (), quick=quick, as_json=as_json, report_file=report, sandbox=sandbox,
            unsafe=unsafe,
        )
    )  # fmt: skip


@app.command(epilog="Example: kernelwright backends new my-chip --kind isa")
def new(
    name: Annotated[str, typer.Argument(help="Name of the backend: lower-case letters, digits, hyphens.")],
    kind: Annotated[Kind, typer.Option(help="A simulated instruction set, C for this machine, or hardware in Verilog.")] = "isa",
    into: Annotated[Path, typer.Option("--into", help="Folder in which the package's folder is made.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Writes the package of a new backend.

    It installs, conforms and passes its own tests from the start.
    """
    from harness.cli import scaffold

    scaffold.new(name, kind, into, as_json)
