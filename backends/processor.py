"""What Linux says of the processor that this runs on; where it says nothing, nothing is known."""

from __future__ import annotations

import platform
import re
from functools import cache
from pathlib import Path

_INFO = Path("/proc/cpuinfo")
_V3 = frozenset({"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe", "abm"})
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


@cache
def _info() -> str:
    return _INFO.read_text(encoding="utf-8", errors="replace") if _INFO.exists() else ""


def _first(names: str) -> str:
    """The first line with one of these names."""
    found = re.search(rf"^(?:{names})\s*:(.*)$", _info(), re.MULTILINE)
    return found[1].strip() if found else ""


def model() -> str:
    """What it is called."""
    return _first("model name") or f"{platform.machine()} {platform.processor()}"


def features() -> frozenset[str]:
    """Extensions of its instruction set, in Linux's spelling."""
    return frozenset(_first("flags|Features").split())


def x86_level(known: frozenset[str] | None = None) -> int | None:
    """The highest level of x86-64 (1, 3 or 4 of the psABI's) whose extensions it has, or a processor with those in ``known``;
    None if it is no x86-64."""
    if known is None:
        if platform.machine() not in ("x86_64", "AMD64"):
            return None
        known = features()
    return 4 if known >= _V4 else 3 if known >= _V3 else 1
