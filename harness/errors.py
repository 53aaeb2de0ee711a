"""Every error that a user can meet, and how each failure is attributed.

A `KernelwrightError` carries what went wrong and, where it helps, what to do about it. Everything else that escapes is a bug
of ours and is recorded as ``harness_bug``, never as the model's failure.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Callable, Iterable


class KernelwrightError(Exception):
    """An expected failure with a message for a person; ``hint`` says what would be right or what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageError(KernelwrightError):
    """What the user asked for does not exist or does not fit; nothing was done."""

    exit_code = 2


class InfraError(KernelwrightError):
    """The machine failed (a tool vanished, the disk is full, a sandbox died), not the kernel or the model."""

    exit_code = 3


class ProviderError(KernelwrightError):
    """A model's server failed for good: retries are spent, or the request can never succeed."""

    exit_code = 4


class IntegrityError(KernelwrightError):
    """A stored result does not agree with what re-computing it gives, or with its own digests."""

    exit_code = 5


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> UsageError:
    """A `UsageError` for a name that does not exist, with the nearest ones that do."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"known: {', '.join(names) or 'none'}"
    return UsageError(f"unknown {kind} {name!r}" + (f" in {where}" if where else ""), hint)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'source'?``, or the list of what there is."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there is {', '.join(map(repr, names))}" if names else "; there are none"


def lacking(thing: object, protocol: type) -> str:
    """The members of a protocol that something lacks, each with what it may have instead; empty if it has all of them. Nothing
    is asked for its value: properties may be slow."""
    has = {name for name in (*dir(type(thing)), *getattr(thing, "__dict__", ())) if not name.startswith("_")}
    missing = [name for name in vars(protocol) if not name.startswith("_") and name not in has]
    close = (difflib.get_close_matches(name, has, n=1, cutoff=0.75) for name in missing)
    return ", ".join(f"{name} (but {near[0]})" if near else name for name, near in zip(missing, close, strict=True))


def told(error: BaseException) -> str:
    """Type and message of an error that is not for people."""
    message = error.msg if isinstance(error, SyntaxError) else str(error)  # the rest of a SyntaxError's text is its place
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def line_of(error: BaseException, is_theirs: Callable[[str], bool]) -> str:
    """``port.py:12``: the innermost line of certain modules that an error went through, or that Python cannot read. Empty if
    there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = reversed(list(traceback.walk_tb(error.__traceback__)))
    found = ((f.f_code.co_filename, number) for f, number in frames if is_theirs(f.f_globals.get("__name__", "")))
    return next((f"{file}:{number}" for file, number in found), "")
