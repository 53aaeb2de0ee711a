"""``backends``: which targets there are, and what one says of itself."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.common import print_json

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
