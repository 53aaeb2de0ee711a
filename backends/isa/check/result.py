"""What a check found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from backends.isa.crashes import raised_at, said
from harness.errors import KernelwrightError

MOST = 10
"""Problems of one check that are shown."""


class Result(NamedTuple):
    """One check of one machine."""

    check: str
    """Name of the check."""
    machine: str
    """Profile and timing, or "" for what does not depend on them."""
    status: Literal["ok", "wrong", "failed", "skipped"]
    """``failed``: the check itself came to no end."""
    seen: str
    """What was tried, and what was seen; of one that failed, why and where."""
    problems: tuple[str, ...] = ()
    """What is wrong, the first of them."""


def result(check: str, machine: str, seen: str, problems: Sequence[str]) -> Result:
    """The result of a check that ran."""
    shown = list(problems[:MOST])
    if len(problems) > MOST:
        shown.append(f"and {len(problems) - MOST} more")
    return Result(check, machine, "wrong" if problems else "ok", seen, tuple(shown))


def guarded(
    name: str, machine: str, folder: Path, check: Callable[..., Result | Iterator[Result]], *arguments: object
) -> Iterator[Result]:
    """What a check yields, and where an exception ends it, a result that says so, with the line of the definition's ``folder``
    that it went through or else ours: bodies, engines and plugins are code, and one check's end must not be that of all."""
    try:
        found = check(*arguments)
        yield from [found] if isinstance(found, Result) else found
    except KernelwrightError as error:
        yield _failed(name, machine, f"{error.message}; {error.hint}" if error.hint else error.message)
    except Exception as error:
        yield _failed(name, machine, f"{said(error)}, at {raised_at(error, folder) or raised_at(error)}")


def _failed(name: str, machine: str, text: str) -> Result:
    first, *more = text.splitlines()
    return Result(name, machine, "failed", first, tuple(more))


@contextmanager
def trying(what: str) -> Iterator[None]:
    """Notes of an exception what was being tried."""
    try:
        yield
    except Exception as error:
        error.add_note(f"while trying {what}")
        raise
