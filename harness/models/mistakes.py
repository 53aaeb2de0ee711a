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
INSTRUCTION = re.compile(r"^[ \t]*(?:\w+:[ \t]*)?(?!\.)([A-Za-z][\w.]*)(?=[ \t]|$)(?!:)[^\n]*", re.MULTILINE)
"""A line of assembly with a mnemonic, which is the group; directives and lone labels are none."""
LANE_EXCHANGES = (("mul", "add"), ("add", "sub"), ("sub", "add"), ("div", "mul"), ("max", "add"))
"""What is written in the place of what in the mnemonics of vectors and floats: `LANES`."""
LANES = re.compile(r"(?:[vf]_?f?_?|[mt]_)(?=[a-z])", re.IGNORECASE)
"""How such mnemonics begin; a mistake in them is a wrong number and not a lost address."""
OPENING = re.compile(r"loop\w*(?:start|begin|open)", re.IGNORECASE)
"""A mnemonic that opens a hardware loop."""


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
    never, for such a loop may not end. In assembly it is an instruction on vectors or floats, or else the last such instruction
    is forgotten. None if nothing can be exchanged."""
    text = without_comments(kernel)
    if is_assembly(text):
        return _lane_mistake(kernel, text)
    depth = _depths(text)
    found = [(match, replacement) for pattern, replacement in EXCHANGES for match in re.finditer(pattern, text)]
    outside = [pair for pair in found if not depth[pair[0].start()]]
    inside = [pair for pair in reversed(found) if depth[pair[0].start()] and not _is_loop_head(text, pair[0].start())]
    for match, replacement in outside + inside:
        return kernel[: match.start()] + match.expand(replacement) + kernel[match.end() :]
    return None


def faulting(kernel: str) -> str | None:
    """The kernel with one instruction replaced by the one before it, which should build and then trap: a loop that is not opened,
    or the end that is never reached. None for other languages than assembly, and where there is neither."""
    text = without_comments(kernel)
    lines = list(INSTRUCTION.finditer(text))
    if not is_assembly(text) or len(lines) < 2:
        return None
    opened = next((at for at, line in enumerate(lines) if at and OPENING.search(line.group(1))), None)
    ends = lines[-1].group().split()[-1] == lines[-1].group(1)
    at = len(lines) - 1 if ends else opened
    return None if at is None else _forgotten(kernel, lines, at)


def is_assembly(text: str) -> bool:
    """Whether a kernel without its comments is a list of instructions: nothing is assigned, and there are no blocks."""
    return "{" not in text and not ASSIGNMENT.search(text)


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


def _lane_mistake(kernel: str, text: str) -> str | None:
    lines = list(INSTRUCTION.finditer(text))
    lanes = [at for at, line in enumerate(lines) if LANES.match(line.group(1)) and not _adds_itself(line.group())]
    for old, new in LANE_EXCHANGES:
        for at in lanes:
            start, end = lines[at].span(1)
            name = kernel[start:end]
            if found := re.search(rf"(?<![a-z]){old}(?![a-z])|(?<=[vf]){old}", name, re.IGNORECASE):
                other = new.upper() if found.group().isupper() else new
                return kernel[:start] + name[: found.start()] + other + name[found.end() :] + kernel[end:]
    last = next((at for at in reversed(lanes) if at and "loop" not in lines[at - 1].group(1).lower()), None)
    return None if last is None else _forgotten(kernel, lines, last)


def _adds_itself(line: str) -> bool:
    """Whether both sources are one register: two zeros added are as good as subtracted."""
    operands = [word.strip() for word in line.split(",")]
    return len(operands) > 2 and operands[-1] == operands[-2]


def _forgotten(kernel: str, lines: list[re.Match[str]], at: int) -> str:
    """The kernel with another copy of the instruction before it in the place of an instruction; labels stay."""
    (start, _), (before, _) = lines[at].span(1), lines[at - 1].span(1)
    return kernel[:start] + kernel[before : lines[at - 1].end()] + kernel[lines[at].end() :]


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
