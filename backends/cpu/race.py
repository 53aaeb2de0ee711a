"""Racing a kernel against the baseline: interleaved pairs on fresh inputs, timed from outside.

Two boxes are started before any input exists. Each pair gives both sides the same fresh batch in random order; the side that
does not run is stopped, also while inputs are written and outputs are read. Every batch is verified after it was timed: guards
intact, nothing stale, and the slot that differs most from the baseline's outputs goes to the judge. So the outputs that are
checked are those of the calls that were timed.
"""

from __future__ import annotations

import fcntl
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backends.cpu.fresh import FreshInputs
from backends.cpu.layout import Layout, canary
from backends.cpu.process import KernelProcess, StoppedError
from harness.backend import Race
from harness.errors import InfraError
from harness.task import Array, Tensors

BATCH_NS = 150_000
"""Aimed time of a baseline batch: far more than the exchange of messages, far less than a time slice."""
SLOWEST_NS = 20_000_000
"""A candidate's batch is made smaller rather than take longer than this."""
MEMORY_BYTES = 8 << 20
"""Most shared memory of one box, inputs and outputs."""
MOST_SLOTS = 4096
"""Most calls in a batch."""
WIDEST = 1.03
"""Upper over lower end of the interval beyond which more pairs are measured."""
MORE = 3
"""At most this many times the pairs asked for."""
PATIENCE_S = 10.0
"""A race of a very slow kernel ends after this time, once it has `FEWEST` pairs."""
FEWEST = 5
_RESAMPLES = 1000
Check = Callable[[Tensors, Tensors], str | None]


class Interval(NamedTuple):
    """A ratio and its 95% interval."""

    ratio: float
    low: float
    high: float


def interval(logs: Array, rng: np.random.Generator) -> Interval:
    """exp of the median of log ratios, with the percentile bootstrap over pairs."""
    resampled = np.median(logs[rng.integers(len(logs), size=(_RESAMPLES, len(logs)))], axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Interval(math.exp(np.median(logs)), math.exp(low), math.exp(high))


def slots_for(layout: Layout) -> int:
    """How many calls a batch may hold at most."""
    return max(1, min(MOST_SLOTS, MEMORY_BYTES // (layout.inputs.stride + layout.outputs.stride)))


@contextmanager
def one_at_a_time(cache: Path) -> Iterator[None]:
    """Holds the lock under which only one race runs on this machine."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "race.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class TimedOutputError(Exception):
    """A timed call left a wrong, missing or stale output."""


@dataclass
class _Side:
    """One of the two processes and what was measured of it."""

    process: KernelProcess
    batches: list[float] = field(default_factory=list)
    """Nanoseconds of each batch."""
    exchanges: list[float] = field(default_factory=list)
    """Nanoseconds of empty batches: the cost of asking."""

    def time(self, count: int) -> float:
        """Nanoseconds of one batch; the process runs only during it."""
        self.process.box.resume()
        try:
            return float(self.process.call(count))
        finally:
            self.process.box.pause()

    def exchange(self) -> None:
        """Measures an empty batch."""
        self.exchanges.append(self.time(0))

    def net(self) -> Array:
        """Nanoseconds of each batch without the cost of asking."""
        asking = np.median(self.exchanges)
        return np.maximum(np.array(self.batches) - asking, 1.0)


class Course:
    """Two loaded kernels and a source of inputs: measures pairs."""

    def __init__(
        self, candidate: KernelProcess, baseline: KernelProcess, fresh: FreshInputs, rng: np.random.Generator, check: Check
    ) -> None:
        self._candidate, self._baseline = _Side(candidate), _Side(baseline)
        self._layout, self._fresh, self._rng, self._check = candidate.layout, fresh, rng, check
        self.count = 1
        """Calls in a batch."""

    def run(self, pairs: int, ticks_per_ns: float) -> Race:
        """The race: calibration, then pairs until the interval is narrow or patience ends."""
        started = time.monotonic()
        try:
            self._calibrate()
            result = self._measure(pairs, started)
        except TimedOutputError as error:
            return Race(outcome="wrong", detail=str(error), seconds=self._seconds())
        except StoppedError as stopped:
            return Race(outcome=stopped.outcome, detail=stopped.detail, seconds=self._seconds())
        cycles = [float(np.median(side.net())) / self.count * ticks_per_ns for side in (self._candidate, self._baseline)]
        return Race(
            outcome="completed", speedup=result.ratio, low=result.low, high=result.high, pairs=len(self._candidate.batches),
            cycles=cycles[0], baseline_cycles=cycles[1], seconds=self._seconds(),
        )  # fmt: skip

    def _seconds(self) -> float:
        return sum(sum(side.batches) for side in (self._candidate, self._baseline)) / 1e9

    def _measure(self, pairs: int, started: float) -> Interval:
        goal = pairs
        while True:
            while len(self._candidate.batches) < goal:
                self._pair(len(self._candidate.batches))
                if time.monotonic() - started > PATIENCE_S and len(self._candidate.batches) >= FEWEST:
                    goal = 0
            logs = np.log(self._baseline.net()) - np.log(self._candidate.net())
            result = interval(logs, self._rng)
            if result.high <= result.low * WIDEST or goal == 0 or goal >= MORE * pairs:
                return result
            goal = min(goal + max(pairs // 2, 1), MORE * pairs)

    def _calibrate(self) -> None:
        """Chooses the size of batches and warms both sides up."""
        for side in (self._candidate, self._baseline):
            side.process.box.pause()
        self._prepare(1)
        for _ in range(8):
            self._in_order(_Side.exchange)
        slots = self._candidate.process.slots
        while True:
            self._pair(0)
            slow, fast = (float(side.net().min()) / self.count for side in (self._candidate, self._baseline))
            for side in (self._candidate, self._baseline):
                side.batches.clear()
            wanted = min(BATCH_NS / fast, max(SLOWEST_NS / slow, 1.0), slots)
            if wanted <= 1.25 * self.count:
                return
            self.count = min(math.ceil(wanted), self.count * 16)

    def _in_order(self, measure: Callable[[_Side], None]) -> None:
        sides = [self._candidate, self._baseline]
        for side in sides if self._rng.integers(2) else reversed(sides):
            try:
                measure(side)
            except StoppedError as stopped:
                if side is self._baseline:
                    raise InfraError(f"the baseline stopped in a race: {stopped.detail}") from stopped
                raise

    def _pair(self, index: int) -> None:
        if index % 4 == 0:
            self._in_order(_Side.exchange)
        inputs, word = self._prepare(self.count)
        self._in_order(lambda side: side.batches.append(side.time(self.count)))
        self._verify(inputs, word, also_random=index % 4 == 0)

    def _prepare(self, count: int) -> tuple[Array, int]:
        """Gives both sides the same fresh inputs and poisoned outputs."""
        inputs, word = self._fresh.draw(count), canary(self._rng)
        outputs = self._layout.outputs.poison(count, word)
        for side in (self._candidate, self._baseline):
            side.process.write_inputs(inputs)
            side.process.write_outputs(outputs)
        return inputs, word

    def _verify(self, inputs: Array, word: int, *, also_random: bool) -> None:
        arena = self._layout.outputs
        got, expected = (
            np.frombuffer(side.process.read_outputs(self.count), np.uint8) for side in (self._candidate, self._baseline)
        )
        if (damage := arena.damaged_guard(got, word)) is not None:
            raise StoppedError("fault", None, f"a timed call wrote outside its outputs, at byte {damage[1]} of its output memory")
        if (name := arena.unwritten(got, word)) is not None:
            raise TimedOutputError(f"a timed call left elements of {name} unwritten")
        slots = {self._most_suspicious(got, expected)}
        if also_random:
            slots.add(int(self._rng.integers(self.count)))
        for slot in slots:
            problem = self._check(self._layout.inputs.read(inputs, slot), arena.read(got, slot))
            if problem is not None:
                raise TimedOutputError(f"a timed call was wrong: {problem}")

    def _most_suspicious(self, got: Array, expected: Array) -> int:
        """The slot that differs most from the baseline's, in relation to the size of its values; random where all agree."""
        score = np.zeros(self.count)
        for name in self._layout.outputs.tensors:
            ours, theirs = (self._layout.outputs.view(image, name).reshape(self.count, -1) for image in (got, expected))
            if np.array_equal(ours, theirs):
                continue
            with np.errstate(all="ignore"):
                size = np.abs(theirs).astype(np.float32)
                away = np.abs(np.subtract(ours, theirs, dtype=np.float32)) / (size + size.mean(axis=1, keepdims=True))
            away = np.where(ours == theirs, np.float32(0), np.where(np.isfinite(away), away, np.float32(np.inf)))
            score = np.maximum(score, away.max(axis=1))
        return int(score.argmax()) if score.any() else int(self._rng.integers(self.count))
