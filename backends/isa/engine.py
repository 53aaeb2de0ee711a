"""What both engines do: hold a machine's state, run a program on it, say what happened and what it cost.

Counting, in both engines alike: an instruction counts when it completes. One that traps has no effect, costs nothing and is not
counted; ``cycles`` is when the last completed instruction's results are there. ``cycles == stalls.sum()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import Architecture
from backends.isa.dtypes import Elements

CAUSES = ("issue", "data", "unit", "memory", "dma", "fetch")
"""Where cycles go: the issue slot itself, waiting for a compute result, for a busy compute unit, for a memory unit, for a DMA,
for instructions to be fetched."""
Cause = Literal["issue", "data", "unit", "memory", "dma", "fetch"]
Ended = Literal["end", "trap", "fuel", "time", "stopped"]


@dataclass(frozen=True)
class Image:
    """Initial values of part of a memory."""

    space: str
    start: int
    data: Elements


@dataclass(frozen=True)
class Program:
    """Assembled words and where they come from."""

    words: NDArray[np.uint64]
    lines: NDArray[np.int32]
    """1-based source line of each word; 0 where unknown."""
    source: str = ""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Word address of each label."""
    images: tuple[Image, ...] = ()
    """What ``.data`` directives say."""
    symbols: Mapping[str, int] = field(default_factory=dict)
    """Values of symbols of a dialect's text: byte addresses, and constants."""
    start: int = 0
    """Word where it starts, unless the run says otherwise."""

    @classmethod
    def of(cls, words: NDArray[np.uint64] | list[int]) -> Program:
        """A program from bare words."""
        array = np.asarray(words, np.uint64)
        return cls(array, np.zeros(len(array), np.int32))


@dataclass(frozen=True)
class Trapped:
    """A typed trap, as the engine saw it."""

    cause: str
    pc: int
    operand: str = ""
    address: int | None = None
    limit: int | None = None


@dataclass(frozen=True)
class LoopState:
    """One open hardware loop."""

    register: int
    body: int
    """Word address of the first instruction of the body."""


class Outcome(NamedTuple):
    """What a run did."""

    ended: Ended
    """``end``: halted or ran off the end; ``fuel``: the instruction limit was reached; ``time``: the time limit was;
    ``stopped``: at the asked-for place."""
    pc: int
    """Address of the next instruction, or of the one that trapped."""
    cycles: int
    instructions: int
    trap: Trapped | None
    counts: NDArray[np.int64]
    """Completed executions by program address."""
    stalls: NDArray[np.int64]
    """Cycles by program address and cause: shape (words, len(CAUSES))."""
    busy: Mapping[str, int]
    """Cycles that each unit was busy, by unit."""
    loops: tuple[LoopState, ...] = ()
    """Loops open at the end, outermost first."""
    events: NDArray[np.int64] | None = None
    """With ``trace``: rows of (pc, issue cycle, completion cycle), one per completed instruction, the first ``trace`` of them."""


class Engine(Protocol):
    """A machine with state. Made for one `Architecture` (`golden.GoldenEngine`, `native.NativeEngine`)."""

    name: str
    """``golden`` or ``native``."""
    architecture: Architecture

    def reset(self) -> None:
        """Every memory and register gets its reset value."""

    def write(self, space: str, start: int, data: Elements) -> None:
        """Elements of a memory or register file, in the numpy type of its dtype. UsageError if they do not fit."""

    def read(self, space: str, start: int, count: int) -> Elements:
        """Elements of a memory or register file. UsageError outside it."""

    def run(
        self, program: Program, *, fuel: int, start: int | None = None, stop: tuple[int, int] | None = None, trace: int = 0,
        seconds: float = inf,
    ) -> Outcome:  # fmt: skip
        """Runs from word ``start``, or where the program says; at most ``fuel`` instructions and about ``seconds``;
        ``stop=(pc, visit)`` stops before the
        visit-th (1-based) execution of pc. The program's images are not loaded here: that is the caller's `load_images`."""


def load_images(engine: Engine, program: Program) -> None:
    """Writes a program's initial data."""
    for image in program.images:
        engine.write(image.space, image.start, image.data)
