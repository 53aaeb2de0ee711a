"""Makes text from elsewhere safe to put before a model: no control codes, no flood, no line that poses as ours."""

from __future__ import annotations

import re

LIMIT = 8000
"""Most characters that a tool answers with."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Terminal sequences: CSI, OSC and two-character escapes."""
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Control characters other than tab and newline, marks that reorder text, separators that fake a line, lone surrogates."""


def clean(text: str) -> str:
    """The text without terminal sequences and control characters; line ends become newlines."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def cap(text: str, limit: int = LIMIT) -> str:
    """The text if it fits, else its beginning and end with a line between them that says how much is left out."""
    if len(text) <= limit:
        return text
    note = "\n[... {} characters left out ...]\n"
    room = limit - len(note.format(len(text)))
    head = room * 3 // 4
    return text[:head] + note.format(len(text) - room) + text[len(text) - (room - head) :]


def line(text: str, limit: int = 400) -> str:
    """The text as one line, capped: what a tool of the target said, which may quote the kernel."""
    joined = " ".join(clean(text).split())
    return joined if len(joined) <= limit else joined[: limit - 4] + " ..."


def quoted(text: str, limit: int = 400) -> str:
    """Kernel text with every line behind a bar, so that none can be taken for a line of ours."""
    return "\n".join("  | " + row[:limit] for row in clean(text).rstrip().split("\n"))


def fenced(text: str, label: str = "") -> str:
    """Text in a code fence longer than any fence inside it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{label}\n{text.rstrip()}\n{fence}"
