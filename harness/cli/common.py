"""What several verbs share: ``KEY=VALUE`` arguments in; one JSON document or a table out. Light: all of them import it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from harness.errors import UsageError


def key_values(option: str, values: Iterable[str] | None) -> dict[str, str]:
    """``KEY=VALUE`` arguments as a mapping. UsageError for anything else, and for a key given twice."""
    found: dict[str, str] = {}
    for text in values or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} {text!r} is not KEY=VALUE")
        if key in found:
            raise UsageError(f"{option} {key!r} is given twice: {found[key]!r} and {value!r}")
        found[key] = value
    return found


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=2))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout, as wide as the terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*headings)
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)
