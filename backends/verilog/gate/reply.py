"""What comes back from the gate's box, validated: whatever ran in there may have been taken over by the text it was reading."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from backends.verilog.classes import Failure
from harness.record import Record

LARGEST = 8 << 20
"""Bytes of a reply."""
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$]{0,255}$")]
_Said = Annotated[str, StringConstraints(pattern=r"^[ -~]*$", max_length=500)]
_Text = Annotated[str, StringConstraints(pattern=r"^[\n -~]*$", max_length=4 << 20)]
_Place = Annotated[int, Field(ge=0, le=1 << 20)]


class Finding(Record):
    """One problem of the text."""

    line: _Place
    """1-based line of the kernel; 0 where no single line is to blame."""
    column: _Place
    """1-based column; 0 likewise."""
    failure: Failure | None
    """Its class; None for a warning."""
    message: _Said
    """What is wrong."""
    hint: _Said
    """What to write instead."""


class Reply(Record):
    """A verdict of the gate."""

    text: _Text | None
    """The canonical text; None if the gate refuses the kernel."""
    parameters: Annotated[tuple[_Name, ...], Field(max_length=4096)]
    """Parameters that the top module declares."""
    problems: Annotated[tuple[Finding, ...], Field(max_length=20)]
    """In the order of the text."""


def read(content: bytes) -> Reply | None:
    """The reply, or None for bytes that are none: too long, malformed, or neither accepting nor refusing."""
    if len(content) > LARGEST:
        return None
    try:
        reply = Reply.model_validate_json(content)
    except ValidationError:
        return None
    refused = any(problem.failure is not None for problem in reply.problems)
    return reply if refused == (reply.text is None) else None
