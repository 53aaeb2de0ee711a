"""Runs one program on two engines and says where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import Architecture
from backends.isa.conversion import pattern_type
from backends.isa.engine import Engine, Image, Outcome, Program

COMPARED = 8192
"""Elements at the start and at the end of each memory that are compared."""


class Difference(NamedTuple):
    """What both engines said, and how the second differs from the first."""

    first: Outcome
    second: Outcome
    found: tuple[str, ...]
    """Empty where they agree."""


def compare(
    first: Engine, second: Engine, words: NDArray[np.uint64], images: Sequence[Image] = (), *, fuel: int = 400, start: int = 0,
    stop: tuple[int, int] | None = None, trace: int = 0,
) -> Difference:  # fmt: skip
    """Runs a program on both, each from its reset state with the images written."""
    outcomes = []
    for engine in (first, second):
        engine.reset()
        for image in images:
            engine.write(image.space, image.start, image.data)
        outcomes.append(engine.run(Program.of(words), fuel=fuel, start=start, stop=stop, trace=trace))
    one, other = outcomes
    return Difference(one, other, (*_outcomes(one, other), *_memories(first.architecture, first, second)))


def _outcomes(one: Outcome, other: Outcome) -> Iterator[str]:
    for name in ("ended", "trap", "pc", "instructions", "cycles", "busy", "loops"):
        if getattr(one, name) != getattr(other, name):
            yield f"{name}: {getattr(one, name)} and {getattr(other, name)}"
    for name in ("counts", "stalls", "events"):
        if not np.array_equal(getattr(one, name), getattr(other, name)):
            yield f"{name} differ"
    for outcome in (one, other):
        if outcome.stalls.sum() != outcome.cycles:
            yield f"stalls add up to {outcome.stalls.sum()}, not to {outcome.cycles} cycles"


def _memories(architecture: Architecture, first: Engine, second: Engine) -> Iterator[str]:
    for memory in architecture.memories.values():
        count = min(memory.size, COMPARED)
        for start in sorted({0, memory.size - count}):
            ours, theirs = (engine.read(memory.name, start, count).view(pattern_type(memory.dtype)) for engine in (first, second))
            where = np.flatnonzero(ours != theirs)
            if len(where):
                at = int(where[0])
                yield f"{memory.name}[{start + at}]: {int(ours[at]):#x} and {int(theirs[at]):#x}"
