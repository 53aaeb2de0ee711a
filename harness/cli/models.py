"""``kernelwright models``: which models there are, and whether one answers."""

from __future__ import annotations

from typing import Any

import typer

from harness.cli.common import key_values, print_json

app = typer.Typer(help="List models and check that one answers.", no_args_is_help=True)


@app.command("list", epilog="Example: kernelwright models list")
def list_models(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Installed providers, where they come from, and whether their API key is set."""
    from harness.models.catalogue import catalogue

    rows = catalogue()
    if as_json:
        print_json({"models": [row.model_dump(mode="json") for row in rows]})
        return
    for row in rows:
        print(f"{row.usage:<24} {row.state:<36} {row.origin}")


@app.command("check", epilog="Example: kernelwright models check openai/gpt-5 --base-url http://127.0.0.1:8000/v1")
def check(
    name: str = typer.Argument(help="Model, such as anthropic/claude-opus-4-1."),
    base_url: str | None = typer.Option(None, "--base-url", help="Root of a compatible server."),
    option: list[str] = typer.Option([], "--model-option", metavar="KEY=VALUE", help="A setting of the model; repeatable."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Makes one tiny real call and shows what came back: model id, tool call, latency, tokens, price."""
    from harness.models.catalogue import probe

    settings: dict[str, Any] = {**key_values("--model-option", option), **({"base_url": base_url} if base_url else {})}
    found = probe(name, settings)
    if as_json:
        print(found.model_dump_json())
        return
    for label, value in found.lines():
        print(f"{label:<14} {value}")
