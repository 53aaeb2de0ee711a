"""Mistakes that the scripted agent makes in a kernel, whatever its language, and how it repairs them.

Every mistake changes one line, so that line numbers in feedback mean the same before and after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|#[^\n]*|^[ \t]*;[^\n]*", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
ASSIGNMENT = re.compile(r"(?<![=<>!])=(?!=)")
EXCHANGES = (
    (r"\+=", "-="), (r" \+ ", " - "), (r" \* ", " + "), (r" > ", " < "), (r" - ", " + "), (r"\bmax\b", "min"),
    (r"(?<![a-z])(v?f?)add", r"\1sub"), (r"(?<![A-Z])(V?_?F?)ADD", r"\1SUB"), (r"(?<![a-z])(v?f?)mul", r"\1add"),
    (r"MUL", "ADD"),
)  # fmt: skip
"""What is written in the place of what, the more telling ones first."""


def misspelled(kernel: str) -> str | None:
    """The kernel with a name misspelled, which should not build: the first name after the last assignment, or else the first
    word of the last line. None if it has no such line."""
    places = list(_names_assigned(kernel)) or list(_first_words(kernel))
    if not places:
        return None
    start, end = places[-1]
    name = kernel[start:end]
    wrong = name + name[-1]
    while re.search(rf"\b{wrong}\b", kernel):
        wrong += name[-1]
    return kernel[:start] + wrong + kernel[end:]


def miscalculated(kernel: str) -> str | None:
    """The kernel with one operation exchanged for another, which should build and be wrong. Operations inside of brackets
    (indices) come last and are taken from the end, where something is read rather than written; those in the heads of loops
    never, for such a loop may not end. None if nothing can be exchanged."""
    text = without_comments(kernel)
    depth = _depths(text)
    found = [(match, replacement) for pattern, replacement in EXCHANGES for match in re.finditer(pattern, text)]
    outside = [pair for pair in found if not depth[pair[0].start()]]
    inside = [pair for pair in reversed(found) if depth[pair[0].start()] and not _is_loop_head(text, pair[0].start())]
    for match, replacement in outside + inside:
        return kernel[: match.start()] + match.expand(replacement) + kernel[match.end() :]
    return None


def repaired(draft: str, meant: str, line: int | None) -> str:
    """The draft with one wrong line written as it was meant: the line that feedback names, or the nearest wrong one above it
    (a compiler may notice late), or the first wrong one."""
    was, should = draft.splitlines(keepends=True), meant.splitlines(keepends=True)
    if len(was) != len(should):
        return meant
    wrong = [number for number, pair in enumerate(zip(was, should, strict=True)) if pair[0] != pair[1]]
    if not wrong:
        return meant
    above = [number for number in wrong if line is not None and number <= line - 1]
    chosen = above[-1] if above else wrong[0]
    return "".join([*was[:chosen], should[chosen], *was[chosen + 1 :]])


def without_comments(kernel: str) -> str:
    """The kernel with comments blanked, every other character in its place."""
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), kernel)


def _names_assigned(kernel: str) -> Iterator[tuple[int, int]]:
    text = without_comments(kernel)
    depth = _depths(text)
    for assignment in ASSIGNMENT.finditer(text):
        line_end = text.find("\n", assignment.end()) % (len(text) + 1)
        name = NAME.search(text, assignment.end(), line_end)
        if name and not depth[assignment.start()]:
            yield name.span()


def _first_words(kernel: str) -> Iterator[tuple[int, int]]:
    text = without_comments(kernel)
    for line in re.finditer(r"[^\n]+", text):
        name = NAME.search(text, line.start(), line.end())
        if name:
            yield name.span()


def _depths(text: str) -> list[int]:
    """How many round or square brackets each character is inside of."""
    depths, depth = [], 0
    for character in text:
        depth -= character in ")]"
        depths.append(depth)
        depth += character in "(["
    return depths


def _is_loop_head(text: str, place: int) -> bool:
    """Whether a place inside of brackets is in the head of a loop."""
    depth, at = 1, place
    while depth and at:
        at -= 1
        depth += (text[at] in ")]") - (text[at] in "([")
    return re.search(r"\b(for|while)\s*$", text[:at]) is not None
