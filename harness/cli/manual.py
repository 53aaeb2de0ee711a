"""``manual``: what an agent may read about a target, for people."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.common import print_json


def manual(
    backend: Annotated[str, typer.Argument(help="Backend name.")],
    section: Annotated[str | None, typer.Argument(help="Print only this section.")] = None,
    search: Annotated[str | None, typer.Option(help="Print the sections and lines that fit these words.")] = None,
    sections: Annotated[bool, typer.Option("--sections", help="List the sections.")] = False,
    backend_option: Annotated[list[str] | None, typer.Option("--backend-option", help="KEY=VALUE; repeatable.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The sections as JSON.")] = False,
) -> None:
    """Prints the manual of a backend. It is exactly what an agent may read."""
    from harness.agent.manual import search as search_in
    from harness.backend import Manual
    from harness.cli import targets

    pages = targets.open_backend(backend, backend_option).info.manual
    chosen = [targets.section(pages, backend, section)] if section else list(pages.sections)
    if as_json:
        print_json([page.model_dump(mode="json") for page in chosen])
    elif search:
        print(search_in(pages, search))
    elif sections:
        width = max((len(page.name) for page in chosen), default=0)
        print("\n".join(f"{page.name:{width}}  {page.title}" for page in chosen))
    else:
        print(Manual(sections=tuple(chosen)).text)


manual.epilog = "Example: kernelwright manual cpu --search alignment"  # type: ignore[attr-defined]
