"""What compiler and linker say, as diagnostics."""

from __future__ import annotations

import re
from functools import cache

from backends.coral.c.toolchain import INCLUDE
from backends.cpu.diagnostics import MOST, cause_of, parse, snippet
from harness.backend import Diagnostic

_LINKER = re.compile(r"^ld\.lld\S*: error: (?P<text>.*)\n(?P<more>(?:>>>.*\n?)*)", re.MULTILINE)
_DRIVER = re.compile(r"^clang\S*: error: .*command failed.*\n?", re.MULTILINE)
_UNDEFINED = re.compile(r"undefined symbol: (\S+)")
_PLACE = re.compile(r">>> referenced by kernel\.c:(\d+)")
_FULL = re.compile(r"section '[^']*' will not fit in region '(\w+)': overflowed by (\d+) bytes")
_DOUBLE = re.compile(r"__\w*df\w*")
_LONG = re.compile(r"__\w*(di|DI)\w*")
_UNDECLARED = re.compile(r"call to undeclared (?:library )?function '(\w+)'")


def diagnose(output: str, source: str, signature: str, code_bytes: int) -> list[Diagnostic]:
    """The messages in order, errors before warnings. ``code_bytes`` is the size of instruction memory."""
    linker = [_linked(match, source, signature, code_bytes) for match in _LINKER.finditer(output)]
    compiler = [_hinted(one) for one in parse(_DRIVER.sub("", _LINKER.sub("", output)), source, signature)]
    found = [*linker, *compiler]
    found.sort(key=lambda diagnostic: diagnostic.severity != "error")
    return found[:MOST]


@cache
def functions() -> tuple[str, ...]:
    """The functions that kernels may call, besides intrinsics and their own."""
    text = "\n".join((INCLUDE / name).read_text(encoding="utf-8") for name in ("math.h", "string.h"))
    return tuple(
        name for name in re.findall(r"^(?:MATH_INLINE \w+|void \*)\s*(\w+)\(", text, re.MULTILINE) if "math_" not in name
    )


def _linked(match: re.Match[str], source: str, signature: str, code_bytes: int) -> Diagnostic:
    text = match["text"]
    place = _PLACE.search(match["more"])
    line = int(place[1]) if place else None
    if full := _FULL.match(text):
        return _too_large(full[1], int(full[2]), code_bytes)
    message, hint, cause = text, "", cause_of(text)
    if undefined := _UNDEFINED.match(text):
        message, hint, cause = _undefined(undefined[1], signature)
    return Diagnostic(
        severity="error", message=message, line=line, snippet=snippet(source, line), hint=hint, cause=cause
    )  # fmt: skip


def _undefined(name: str, signature: str) -> tuple[str, str, str]:
    if name == "kernel":
        return "the text defines no function 'kernel'", f"define it, not static: {signature}", "signature"
    if _DOUBLE.fullmatch(name):
        return f"double precision is used ({name})", "there is no hardware for it: write 1.0f, float, sqrtf", "double_precision"
    if _LONG.fullmatch(name):
        hint = "64-bit products, sums and shifts are there; division, and conversion from and to float, are not: use 32 bits"
        return f"64-bit integers are used in a way that has no instructions ({name})", hint, "foreign_symbol"
    return f"{name!r} is defined nowhere", f"of the library there is {', '.join(functions())}", "foreign_symbol"


def _too_large(region: str, bytes_over: int, code_bytes: int) -> Diagnostic:
    if region == "itcm":
        message = f"the code has {code_bytes + bytes_over} bytes, and instruction memory {code_bytes}"
        hint = "unroll and inline less: #pragma clang loop unroll(disable), __attribute__((noinline))"
    else:
        message = f"the variables take {bytes_over} bytes more than there are in {region}"
        hint = "reuse static arrays, or make them smaller"
    return Diagnostic(severity="error", message=message, hint=hint, cause="too_large")


def _hinted(one: Diagnostic) -> Diagnostic:
    if one.cause == "refused_word":
        hint = "inline assembly, sections and compiler options are refused, also as names: write C and intrinsics"
        return one.model_copy(update={"hint": hint})
    undeclared = _UNDECLARED.search(one.message)
    if undeclared and not undeclared[1].startswith("__riscv"):
        return one.model_copy(update={"hint": f"of the library there is {', '.join(functions())}"})
    return one
