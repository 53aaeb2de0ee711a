"""The command line: one small module per verb, no logic.

Verb modules import typer, the standard library and `harness.cli.common` at module level and the rest inside their functions: so
``kernelwright --help`` starts at once. Every expected failure is a `KernelwrightError`; `main` prints it and exits with its code.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import typer

_COMMANDS = {
    "run": "harness.cli.run:run",
    "resume": "harness.cli.run:resume",
    "grade": "harness.cli.run:grade",
    "eval": "harness.cli.run:eval_",
    "report": "harness.cli.report:report",
    "compare": "harness.cli.compare:compare",
    "show": "harness.cli.show:show",
    "manual": "harness.cli.manual:manual",
    "import": "harness.cli.importing:import_",
    "redteam": "harness.cli.redteam:redteam",
    "doctor": "harness.cli.doctor:doctor",
}
_GROUPS = {
    "leaderboard": "harness.cli.leaderboard:app",
    "tasks": "harness.cli.tasks:app",
    "backends": "harness.cli.backends:app",
    "models": "harness.cli.models:app",
    "export": "harness.cli.export:app",
}


def _load(target: str) -> Any:
    module, name = target.split(":")
    return getattr(importlib.import_module(module), name)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"kernelwright {version('kernelwright')}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The typer application with every verb."""
    app = typer.Typer(
        name="kernelwright",
        help="Can an LLM agent write correct and fast kernels for hardware it does not know?",
        epilog="First steps: kernelwright doctor, then kernelwright run --backend cpu --model compiler --tasks P01",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,  # plain help: rich would cost a quarter of a second at every start
    )

    @app.callback()
    def options(
        version: bool = typer.Option(False, "--version", help="Print the version.", callback=_version, is_eager=True),
    ) -> None:
        """Can an LLM agent write correct and fast kernels for hardware it does not know?"""

    for name, target in _COMMANDS.items():
        command = _load(target)
        app.command(name, epilog=getattr(command, "epilog", None), no_args_is_help=False)(command)
    for name, target in _GROUPS.items():
        app.add_typer(_load(target), name=name)
    _add_plugins(app)
    return app


def _add_plugins(app: typer.Typer) -> None:
    """Adds the command groups of packages; one that is broken or takes a name of ours is said, and the rest works."""
    from harness import plugins
    from harness.errors import UsageError

    def warn(error: UsageError) -> None:
        print(f"warning: {error}", file=sys.stderr)

    try:
        names = list(plugins.entries("command group"))
    except UsageError as error:
        return warn(error)
    for name in names:
        try:
            if name in _COMMANDS or name in _GROUPS:
                raise UsageError(f"command group {name!r} takes the name of a command of kernelwright")
            group = plugins.load("command group", name)
            if not isinstance(group, typer.Typer):
                raise UsageError(f"command group {name!r} is {type(group).__name__}, not a typer.Typer")
            app.add_typer(group, name=name)
        except UsageError as error:
            warn(error)
    return None


def main() -> None:
    """Entry point of the ``kernelwright`` command."""
    from harness.cli.common import say
    from harness.errors import KernelwrightError

    try:
        build_app()()
    except KernelwrightError as error:
        if "--json" in sys.argv:
            print(json.dumps({"error": type(error).__name__, "message": error.message, "hint": error.hint}))
        else:
            say(f"error: {error}", sys.stderr)
        sys.exit(error.exit_code)
