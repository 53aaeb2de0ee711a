"""Programs as plain words: one hexadecimal word a line."""

from __future__ import annotations

import re

from backends.isa.assembler.diagnostics import quote
from harness.errors import UsageError

_WORD = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{1,16})\Z")
_COMMENTS = ("#", ";", "//")
_SHOWN = 5


def parse_words(text: str, word_bits: int = 64) -> list[int]:
    """The words of a text: one hexadecimal word a line, ``0x`` or not; ``#``, ``;`` and ``//`` start comments.

    UsageError naming the first lines that are no such word.
    """
    words: list[int] = []
    wrong: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        for comment in _COMMENTS:
            line = line.partition(comment)[0]
        token = line.strip()
        if not token:
            continue
        match = _WORD.match(token)
        value = int(match[1], 16) if match else 0
        if match is None:
            wrong.append(f"line {number}: {quote(token)} is not a hexadecimal word")
        elif value >> word_bits:
            wrong.append(f"line {number}: {token} does not fit {word_bits} bits")
        words.append(value)
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise UsageError("; ".join(wrong[:_SHOWN]) + more, "one hexadecimal word a line, such as 0x0000844D")
    return words
