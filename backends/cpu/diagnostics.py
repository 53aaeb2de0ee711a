"""From a compiler's text to diagnostics; and the checks of a text that come before any compiler."""

from __future__ import annotations

import re

from backends.cpu.prelude import OPTIONS
from harness.backend import Diagnostic

MOST = 20
"""Diagnostics kept of one build."""
_MESSAGE = re.compile(
    r"(?P<file>[^:\s]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<kind>(?:fatal )?error|warning|note): (?P<text>.*)"
)
_FIXIT = re.compile(r'fix-it:"kernel\.c":\{(\d+):\d+-\d+:\d+\}:"(.*)"')
_OTHER = re.compile(r"(?:\S*/)?(?:cc1|collect2|ld|ld\.lld|gcc|clang)\S*: (?:fatal |internal compiler )?(?:error: )?(?P<text>.*)")
_POISONED = re.compile(r'attempt to use poisoned "(\w+)"')
_CAUSES = (
    ("undeclared_name", r"undeclared|implicit declaration|unknown type name|undefined (reference|symbol)|has no member named"),
    ("signature", r"conflicting types for|too (few|many) arguments|number of arguments"),
    ("missing_header", r"No such file or directory|file not found"),
    ("refused_word", r"poisoned"),
    ("redefinition", r"redefinition|redeclar|duplicate"),
    ("syntax", r"expected |before |stray |unterminated|missing terminating|#(if|else|endif)|invalid suffix|parse error"),
    (
        "type",
        r"incompatible|invalid operands|invalid conversion|cannot convert|lvalue|not a function|is not (a|an) |array|pointer",
    ),
    ("target_option", r"target specific option|inlining failed|always_inline"),
)
"""Category of a compiler's message, the first that fits; both GNU's and LLVM's wordings."""


def check_text(source: str, limit: int) -> list[Diagnostic]:
    """What is wrong with a text before it is C."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        return [
            _error(f"the text is not Unicode: {error.reason} at character {error.start}", "send plain UTF-8 text", "not_text")
        ]
    if not source.strip():
        return [_error("the text is empty", "write a C11 function 'kernel' with the signature of the task", "empty")]
    if size > limit:
        return [
            _error(f"the text has {size} bytes; the limit is {limit}", "compute tables instead of writing them out", "too_large")
        ]
    control = re.search(r"[^\t\n\r\f\v -~\u0080-\U0010ffff]", source)
    if control:
        line = source.count("\n", 0, control.start()) + 1
        return [_error(f"the text is binary: it holds the control character {control[0]!r}", "send plain text", "not_text", line)]
    return []


def parse(output: str, source: str, signature: str) -> list[Diagnostic]:
    """The compiler's messages in order, errors before warnings; notes and fix-its become hints of the message before them."""
    found: list[Diagnostic] = []
    for text in output.splitlines():
        if match := _MESSAGE.match(text):
            if match["kind"] == "note":
                _add_hint(found, match["text"])
            else:
                found.append(_from_message(match, source, signature))
        elif match := _FIXIT.match(text):
            _add_hint(found, f"write {match[2]!r}")
        elif (match := _OTHER.match(text)) and not text.startswith("collect2"):
            found.append(_error(match["text"], cause=cause_of(match["text"])))
    found.sort(key=lambda diagnostic: diagnostic.severity != "error")
    return found[:MOST]


def snippet(source: str, line: int | None) -> str:
    """A line of the text, or nothing."""
    lines = source.split("\n")
    return lines[line - 1].strip()[:200] if line is not None and 0 < line <= len(lines) else ""


def _from_message(match: re.Match[str], source: str, signature: str) -> Diagnostic:
    text, hint, cause = match["text"], "", cause_of(match["text"])
    if poisoned := _POISONED.search(text):
        text, hint = _refusal(poisoned[1])
    elif "conflicting types for 'kernel'" in text:
        hint = f"the signature must be: {signature}"
    own = match["file"] == "kernel.c"
    line = int(match["line"]) if own else None
    return Diagnostic(
        severity="warning" if match["kind"] == "warning" else "error",
        message=text if own else f"{match['file']}: {text}",
        line=line,
        column=int(match["column"]) if own and match["column"] else None,
        snippet=snippet(source, line),
        hint=hint,
        cause=cause,
    )


def cause_of(message: str) -> str:
    """Category of a compiler's message; ``other`` if none fits."""
    return next((cause for cause, pattern in _CAUSES if re.search(pattern, message)), "other")


def _refusal(word: str) -> tuple[str, str]:
    if word in OPTIONS:
        return (
            f"{word!r} is refused, also as a name: a kernel cannot choose compiler flags or instruction sets",
            "remove it; -O3 and the machine's vector instructions are already on for every kernel",
        )
    return (
        f"{word!r} is refused, also as a name: inline assembly is not part of the kernel language",
        "write C11, or the intrinsics of <immintrin.h>",
    )


def _add_hint(found: list[Diagnostic], hint: str) -> None:
    if found and not found[-1].hint:
        found[-1] = found[-1].model_copy(update={"hint": hint})


def _error(message: str, hint: str = "", cause: str = "", line: int | None = None) -> Diagnostic:
    return Diagnostic(severity="error", message=message, hint=hint, cause=cause, line=line)
