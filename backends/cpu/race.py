"""Racing a kernel against the baseline: interleaved pairs on fresh inputs, timed from outside.

Two boxes are started before any input exists, on one processor. Each pair gives both sides the same fresh batch in random order;
the other side sleeps meanwhile. Every output of every timed call is looked at: guards intact, nothing stale, near the baseline's.
The judge's check, which is exact but slow, then gets the call that was farthest from the baseline's, and a random one.
"""

from __future__ import annotations

import fcntl
import math
import os
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

BATCH_NS = 200_000
"""Aimed time of a baseline batch: far more than the exchange of messages, far less than a time slice."""
HEAT = 4
"""Pairs that share one preparation of memory."""
SLOWEST_NS = 20_000_000
"""A candidate's batch is made smaller rather than take longer than this."""
MEMORY_BYTES = 6 << 20
"""Most shared memory of one box, inputs and outputs."""
MOST_SLOTS = 16384
"""Most calls in a batch."""
WIDEST = 1.03
"""Upper over lower end of the interval beyond which more pairs are measured."""
MORE = 6
"""At most this many times the pairs asked for."""
EXTRA_S = 0.25
"""No pairs are added to those asked for after this time."""
PATIENCE_S = 10.0
"""A race of a very slow kernel ends after this time, once it has `FEWEST` pairs."""
FEWEST = 5
_RESAMPLES = 1000
_LEAST_SHARE = 0.05
"""A batch counts for at least this share of its time, whatever asking costs."""
Check = Callable[[Tensors, Tensors], str | None]


class Interval(NamedTuple):
    """A ratio and its 95% interval."""

    ratio: float
    low: float
    high: float


class Times(NamedTuple):
    """What a race has measured, in nanoseconds."""

    baseline: Array
    """Of each batch of the baseline, in order of pairs."""
    candidate: Array
    """Of each batch of the candidate."""
    exchanges: Array
    """Of empty batches of both: the cost of asking, which is the same, as the same code is asked."""

    def logs(self) -> Array:
        """Log ratio of each pair."""
        asking = np.median(self.exchanges)
        return np.asarray(np.log(_net(self.baseline, asking)) - np.log(_net(self.candidate, asking)))


def _net(batches: Array, asking: Array | np.float64) -> Array:
    return np.asarray(np.maximum(batches - asking, _LEAST_SHARE * batches))


def interval(times: Times, rng: np.random.Generator) -> Interval:
    """exp of the median log ratio of the pairs, with the paired percentile bootstrap; the cost of asking is resampled too."""
    pairs = rng.integers(len(times.candidate), size=(_RESAMPLES, len(times.candidate)))
    exchanges = rng.integers(len(times.exchanges), size=(_RESAMPLES, len(times.exchanges)))
    asking = np.median(times.exchanges[exchanges], axis=1, keepdims=True)
    logs = np.log(_net(times.baseline[pairs], asking)) - np.log(_net(times.candidate[pairs], asking))
    low, high = np.quantile(np.median(logs, axis=1), [0.025, 0.975])
    ratio = float(np.median(times.logs()))
    # With few pairs the median of resamples may lie aside of the median itself; the interval always holds it.
    return Interval(math.exp(ratio), math.exp(min(low, ratio)), math.exp(max(high, ratio)))


def spread(logs: Array) -> float:
    """Width of the interval of the median of log ratios by order statistics: close to `interval`, without resampling."""
    ordered, reach = np.sort(logs), 0.98 * math.sqrt(len(logs))
    low, high = math.floor(len(logs) / 2 - reach), math.ceil(len(logs) / 2 + reach)
    return float(ordered[min(high, len(logs) - 1)] - ordered[max(low, 0)])


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


@contextmanager
def one_processor() -> Iterator[None]:
    """Keeps this thread, and every box it starts meanwhile, on the processor it is on: both sides then meet the same caches,
    and messages need no wake-up of another core."""
    allowed = os.sched_getaffinity(0)
    current = int(Path("/proc/thread-self/stat").read_text().rpartition(")")[2].split()[36])
    os.sched_setaffinity(0, {current})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


class TimedOutputError(Exception):
    """A timed call left a wrong, missing or stale output."""


@dataclass
class _Side:
    """One of the two processes and what was measured of it."""

    process: KernelProcess
    batches: list[float] = field(default_factory=list)
    """Nanoseconds of each batch, in order of pairs."""
    exchanges: list[float] = field(default_factory=list)
    """Nanoseconds of empty batches: the cost of asking."""


class Course:
    """Two loaded kernels and a source of inputs: measures pairs, in heats that share one preparation of memory."""

    def __init__(
        self, candidate: KernelProcess, baseline: KernelProcess, fresh: FreshInputs, rng: np.random.Generator, check: Check
    ) -> None:
        self._candidate, self._baseline = _Side(candidate), _Side(baseline)
        self._layout, self._fresh, self._rng, self._check = candidate.layout, fresh, rng, check
        self.count = 1
        """Calls in a batch."""
        self._suspects: dict[str, tuple[Tensors, Tensors]] = {}
        self._heats, self._highest = 0, 0.0

    def run(self, pairs: int, ticks_per_ns: float) -> Race:
        """The race: calibration, then pairs until the interval is narrow or patience ends."""
        started = time.monotonic()
        try:
            self._calibrate()
            self._judge()
            result = self._measure(pairs, started)
            self._judge()
        except TimedOutputError as error:
            return Race(outcome="wrong", detail=str(error), seconds=self._seconds())
        except StoppedError as stopped:
            return Race(outcome=stopped.outcome, detail=stopped.detail, seconds=self._seconds())
        cycles = [self._per_call(side) * ticks_per_ns for side in self._sides()]
        return Race(
            outcome="completed", speedup=result.ratio, low=result.low, high=result.high, pairs=len(self._candidate.batches),
            cycles=cycles[0], baseline_cycles=cycles[1], seconds=self._seconds(),
        )  # fmt: skip

    def _sides(self) -> tuple[_Side, _Side]:
        return self._candidate, self._baseline

    def _shuffled(self) -> tuple[_Side, ...]:
        return self._sides() if self._rng.integers(2) else self._sides()[::-1]

    def _times(self) -> Times:
        exchanges = [*self._baseline.exchanges, *self._candidate.exchanges]
        return Times(np.array(self._baseline.batches), np.array(self._candidate.batches), np.array(exchanges))

    def _per_call(self, side: _Side) -> float:
        """Median nanoseconds of one call."""
        return float(np.median(_net(np.array(side.batches), np.median(self._times().exchanges)))) / self.count

    def _seconds(self) -> float:
        return sum(sum(side.batches) + sum(side.exchanges) for side in self._sides()) / 1e9

    def _measure(self, pairs: int, started: float) -> Interval:
        """Heats until there are enough pairs and their interval is narrow, or there are many, or it has taken long."""
        while True:
            self._heat(HEAT)
            done = len(self._candidate.batches)
            elapsed = time.monotonic() - started
            times = self._times()
            enough = elapsed > EXTRA_S or done >= MORE * pairs or spread(times.logs()) <= math.log(WIDEST)
            if (done >= pairs and enough) or (done >= FEWEST and elapsed > PATIENCE_S):
                return interval(times, self._rng)

    def _calibrate(self) -> None:
        """Warms both sides up and chooses the size of batches."""
        self._prepare(1)
        for side in self._sides():
            side.process.settle()
        for _ in range(8):
            self._exchange()
        while True:
            self._heat(1)
            slow, fast = (self._per_call(side) for side in self._sides())
            for side in self._sides():
                side.batches.clear()
            wanted = min(BATCH_NS / fast, max(SLOWEST_NS / slow, 1.0), self._candidate.process.slots)
            if wanted <= 1.25 * self.count:
                return
            self.count = min(math.ceil(wanted), self.count * 16)

    def _heat(self, pairs: int) -> None:
        """Measures some pairs, each on slots of its own, and verifies all their outputs."""
        pairs = max(1, min(pairs, self._candidate.process.slots // self.count))
        slots = pairs * self.count
        inputs, word = self._prepare(slots)
        self._exchange()
        for pair in range(pairs):
            for side, nanoseconds in self._both(self.count, pair * self.count):
                side.batches.append(nanoseconds)
        self._verify(inputs, word, slots)

    def _exchange(self) -> None:
        for side, nanoseconds in self._both(0, 0):
            side.exchanges.append(nanoseconds)

    def _both(self, count: int, begin: int) -> Iterator[tuple[_Side, float]]:
        """Times both sides on the same slots, in random order."""
        for side in self._shuffled():
            try:
                yield side, float(side.process.call(count, begin))
            except StoppedError as stopped:
                if side is self._baseline:
                    raise InfraError(f"the baseline stopped in a race: {stopped.detail}") from stopped
                raise

    def _prepare(self, slots: int) -> tuple[Array, int]:
        """Gives both sides the same fresh inputs and poisoned outputs."""
        inputs, word = self._fresh.draw(slots), canary(self._rng)
        outputs = self._layout.outputs.poison(slots, word)
        for side in self._shuffled():  # what is written last is nearest to the processor
            side.process.write_inputs(inputs)
            side.process.write_outputs(outputs)
        return inputs, word

    def _verify(self, inputs: Array, word: int, slots: int) -> None:
        """Looks at every output: guards, stale elements, distance to the baseline's; keeps for the judge what is suspicious."""
        arena = self._layout.outputs
        got, expected = (np.frombuffer(side.process.read_outputs(slots), np.uint8) for side in self._sides())
        if (damage := arena.damaged_guard(got, word)) is not None:
            raise StoppedError("fault", None, f"a timed call wrote outside its outputs, at byte {damage[1]} of its slot")
        if (name := arena.unwritten(got, word)) is not None:
            raise TimedOutputError(f"a timed call left elements of {name} unwritten")
        score = self._suspicion(got, expected, slots)
        worst, other = int(score.argmax()), int(self._rng.integers(slots))
        self._heats += 1
        for kind, slot, keep in (
            ("worst", worst, score[worst] >= self._highest),
            ("random", other, self._rng.integers(self._heats) == 0),
        ):
            if keep:
                self._suspects[kind] = self._layout.inputs.read(inputs, slot), arena.read(got, slot)
        self._highest = max(self._highest, float(score[worst]))

    def _judge(self) -> None:
        """Has the judge check what was kept of the batches so far: the most suspicious call, and a random one."""
        for inputs, outputs in self._suspects.values():
            problem = self._check(inputs, outputs)
            if problem is not None:
                raise TimedOutputError(f"a timed call was wrong: {problem}")
        self._suspects.clear()
        self._heats, self._highest = 0, 0.0

    def _suspicion(self, got: Array, expected: Array, slots: int) -> Array:
        """How far each slot's outputs are from the baseline's, in relation to the size of its values."""
        score = np.zeros(slots)
        for name in self._layout.outputs.tensors:
            ours, theirs = (self._layout.outputs.view(image, name).reshape(slots, -1) for image in (got, expected))
            if np.array_equal(ours, theirs):
                continue
            with np.errstate(all="ignore"):
                size = np.abs(theirs).astype(np.float32)
                away = np.abs(np.subtract(ours, theirs, dtype=np.float32)) / (size + size.mean(axis=1, keepdims=True))
            away = np.where(ours == theirs, np.float32(0), np.where(np.isfinite(away), away, np.float32(np.inf)))
            score = np.maximum(score, away.max(axis=1))
        return score
