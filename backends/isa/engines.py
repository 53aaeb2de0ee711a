"""Chooses the engine that runs programs: native where this machine can compile, golden where it cannot."""

from __future__ import annotations

import sys
from functools import cache as memoise
from pathlib import Path
from typing import Literal, get_args

from backends.isa.architecture import Architecture
from backends.isa.engine import Engine
from harness.errors import InfraError, unknown

EngineName = Literal["auto", "native", "golden"]


def open_engine(architecture: Architecture, cache: Path, engine: str = "auto") -> Engine:
    """An engine for an architecture, its memories at their reset values; ``cache`` is where compiled libraries are kept.

    ``auto`` is the native engine, or the golden one, with one notice on stderr, where there is no C compiler. UsageError for
    another name; InfraError if the native engine is asked for and cannot be made.
    """
    if engine not in get_args(EngineName):
        raise unknown("engine", engine, get_args(EngineName))
    # Here, so that a machine without a compiler's modules still runs the golden engine.
    from backends.isa.golden.engine import GoldenEngine
    from backends.isa.native.build import find_compiler
    from backends.isa.native.engine import NativeEngine, is_possible

    if engine == "golden":
        return GoldenEngine(architecture)
    if is_possible() and find_compiler() is not None:
        return NativeEngine(architecture, cache)
    if engine == "native":
        raise InfraError("no C compiler for the native engine", "apt-get install gcc libc6-dev, or pip install ziglang")
    _notice()
    return GoldenEngine(architecture)


@memoise
def _notice() -> None:
    """Said once in a process."""
    sys.stderr.write(
        "notice: no C compiler found, programs run on the golden engine, which is hundreds of times slower; "
        "apt-get install gcc libc6-dev, or pip install ziglang\n"
    )
