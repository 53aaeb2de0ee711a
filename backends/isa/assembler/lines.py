"""Lines to pieces: comments, labels, operands. Every function takes time linear in its text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backends.isa.assembler.diagnostics import Mistake, Place, Reporter

_SPECIAL = re.compile(r"'(?:\\.|[^'\\])'|[(),]")


class Comments:
    """What starts a comment in one instruction set's assembly."""

    def __init__(self, markers: Sequence[str]) -> None:
        longest_first = sorted(markers, key=len, reverse=True)
        self._markers = tuple(markers)
        self._start = re.compile(r"'(?:\\.|[^'\\])'|(" + "|".join(map(re.escape, longest_first)) + ")")
        self._any = re.compile(r"'(?:\\.|[^'\\\n])'|(" + "|".join(map(re.escape, longest_first)) + r")[^\n]*|(/\*)")

    def strip(self, line: str) -> str:
        """The line without its comment; characters in quotes start none."""
        if "'" not in line:
            for marker in self._markers:
                if marker in line:
                    line = line.partition(marker)[0]
            return line
        for match in self._start.finditer(line):
            if match[1] is not None:
                return line[: match.start()]
        return line

    def blank(self, text: str, report: Reporter) -> str:
        """The text with spaces for ``/* */`` comments, so that lines and columns stay; one that is not closed is reported."""
        if "/*" not in text:
            return text
        kept, position = [], 0
        while (match := self._any.search(text, position)) is not None:
            if match[2] is None:
                kept.append(text[position : match.end()])
                position = match.end()
                continue
            end = text.find("*/", match.end())
            if end < 0:
                line = text.count("\n", 0, match.start()) + 1
                start = text.rfind("\n", 0, match.start()) + 1
                whole = text[start:].partition("\n")[0]
                mistake = Mistake("syntax", "a comment '/*' is not closed", "write '*/' after it", match.start() - start)
                report.error(Place(line, whole), mistake)
                end = len(text)
            comment = text[match.start() : end + 2]
            kept += [text[position : match.start()], re.sub(r"[^\n]", " ", comment)]
            position = end + 2
        return "".join(kept) + text[position:]


def split(text: str, offset: int) -> list[tuple[str, int]]:
    """What commas separate, outside parentheses and quotes, as written, and where each piece starts in the line, ``offset`` being
    where ``text`` starts. Nothing at all gives no piece."""
    if not text.strip():
        return []
    pieces, start, depth = [], 0, 0
    if "(" not in text and "'" not in text:
        for piece in text.split(","):
            pieces.append((piece, offset + start))
            start += len(piece) + 1
        return pieces
    for match in _SPECIAL.finditer(text):
        depth += (match[0] == "(") - (match[0] == ")")
        if match[0] == "," and depth <= 0:
            pieces.append((text[start : match.start()], offset + start))
            start = match.end()
    return [*pieces, (text[start:], offset + start)]


def lead(text: str) -> int:
    """Spaces at the start."""
    return len(text) - len(text.lstrip())
