"""Racing a kernel against the baseline: interleaved pairs on fresh inputs, timed from outside.

A race is run in laps. Each lap starts both kernels anew, in random order, on one processor, so that how memory happens to be
laid out is drawn again (`backends.cpu.interval` says why that matters). Within a lap each pair gives both sides the same fresh
batch in random order; the other side sleeps meanwhile. Every output of every timed call is looked at: guards intact, nothing
stale, near the baseline's. The judge's check, which is exact but slow, then gets the call that was farthest from the baseline's,
and a random one.
"""

from __future__ import annotations

import fcntl
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backends.cpu.fresh import FreshInputs
from backends.cpu.interval import Interval, Lap, interval
from backends.cpu.layout import Layout, canary
from backends.cpu.process import KernelProcess, StoppedError
from backends.cpu.suspects import Check, Suspects, TimedOutputError
from harness.backend import Race
from harness.errors import InfraError
from harness.task import Array, Workload

BATCH_NS = 200_000
"""Aimed time of a baseline batch: far more than the exchange of messages, far less than a time slice."""
PAIRS = 16
"""Pairs in a lap, after as many that warm up and do not count. Starting costs more than they do."""
PAIRS_PER_LAP = 5
"""Pairs asked for that one lap answers: pairs of other laps say more than those of the same."""
HEAT_NS = 50_000_000
"""Pairs that share one preparation of memory take about this long at most."""
SLOWEST_NS = 20_000_000
"""A candidate's batch is made smaller rather than take longer than this."""
MEMORY_BYTES = 6 << 20
"""Most shared memory of one box, inputs and outputs."""
MOST_SLOTS = 16384
"""Most calls in a batch."""
WIDEST = 1.05
"""Upper over lower end of the interval beyond which a lap is added."""
MORE = 1.2
"""At most this many times the laps that the pairs asked for make."""
PATIENCE_S = 10.0
"""A race of a very slow kernel ends after this time, once it has `FEWEST` pairs."""
FEWEST = 5
Launch = Callable[[bool], AbstractContextManager[tuple[KernelProcess, KernelProcess]]]
"""``launch(candidate_first)`` starts candidate and baseline in this order and yields both once they are loaded."""


def slots_for(layout: Layout) -> int:
    """How many calls a batch may hold at most."""
    return max(1, min(MOST_SLOTS, MEMORY_BYTES // (layout.inputs.stride + layout.outputs.stride)))


@contextmanager
def one_at_a_time(cache: Path) -> Iterator[None]:
    """Holds the lock under which only one pair of kernels is timed on this machine."""
    with (cache / "race.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def one_processor(cache: Path) -> Iterator[None]:
    """Keeps this thread, and every box it starts meanwhile, on one processor; one that no other race has, if there is. Both
    sides then meet the same caches, and messages need no wake-up of another core."""
    allowed = os.sched_getaffinity(0)
    with ExitStack() as stack:
        for processor in sorted(allowed):
            lock = stack.enter_context((cache / f"processor-{processor}.lock").open("w"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            break
        os.sched_setaffinity(0, {processor})
        try:
            yield
        finally:
            os.sched_setaffinity(0, allowed)


@dataclass
class _Side:
    """One of the two processes of a lap and what was measured of it, in nanoseconds."""

    process: KernelProcess
    batches: list[float] = field(default_factory=list)
    """Of each batch, in order of pairs."""
    exchanges: list[float] = field(default_factory=list)
    """Of empty batches: the cost of asking."""


class Course:
    """A race in progress: what laps share, and the two sides of the present one."""

    def __init__(self, launch: Launch, workload: Workload, rng: np.random.Generator, check: Check, cache: Path) -> None:
        self._launch, self._workload, self._rng, self._cache = launch, workload, rng, cache
        self._layout = Layout.of(workload)
        self._suspects = Suspects(self._layout, rng, check)
        self._fresh: FreshInputs | None = None
        self._candidate: _Side
        self._baseline: _Side
        self._count = 1
        self._most = 1
        self._laps: list[Lap] = []
        self._ended = 0.0
        self._seconds = 0.0  # wall time in boxes: starting them, waiting for kernels, ending them

    def run(self, pairs: int, ticks_per_ns: float) -> Race:
        """Laps until there are enough pairs and their interval is narrow, or there are many, or it has taken long."""
        wanted = max(3, math.ceil(pairs / PAIRS_PER_LAP))
        self._ended = time.monotonic() + PATIENCE_S
        try:
            while True:
                self._lap()
                laps, impatient = len(self._laps), self._impatient()
                if laps >= wanted or (impatient and self._pairs() >= FEWEST):
                    result = interval(self._laps, self._rng)
                    if result.high <= result.low * WIDEST or laps >= MORE * wanted or impatient:
                        self._suspects.judge()
                        return self._race(result, ticks_per_ns)
        except TimedOutputError as error:
            return Race(outcome="wrong", detail=str(error), seconds=self._seconds)
        except StoppedError as stopped:
            return Race(outcome=stopped.outcome, detail=stopped.detail, seconds=self._seconds)

    def _race(self, result: Interval, ticks_per_ns: float) -> Race:
        baseline, candidate = (
            float(np.median(np.concatenate(batches))) / self._count * ticks_per_ns
            for batches in zip(*(lap.net() for lap in self._laps), strict=True)
        )
        return Race(
            outcome="completed", speedup=result.ratio, low=result.low, high=result.high, pairs=self._pairs(),
            cycles=candidate, baseline_cycles=baseline, seconds=self._seconds,
        )  # fmt: skip

    def _pairs(self) -> int:
        return sum(len(lap.candidate) for lap in self._laps)

    def _impatient(self) -> bool:
        return time.monotonic() > self._ended

    def _lap(self) -> None:
        """Starts both kernels anew and measures pairs."""
        entered = time.perf_counter()
        with self._launch(bool(self._rng.integers(2))) as (candidate, baseline):
            self._seconds += time.perf_counter() - entered
            self._candidate, self._baseline = _Side(candidate), _Side(baseline)
            if self._fresh is None:
                # Inputs do not exist before the kernels are loaded.
                self._fresh = FreshInputs(self._workload, self._layout.inputs, candidate.slots, self._rng)
            with one_at_a_time(self._cache):
                self._measure()
            self._laps.append(self._measured())
            left = time.perf_counter()
        self._seconds += time.perf_counter() - left

    def _measure(self) -> None:
        for side in self._sides():
            side.process.settle()
        for _ in range(8):
            self._exchange()
        self._warm_up(calibrate=not self._laps)
        while len(self._candidate.batches) < PAIRS:
            self._heat(PAIRS - len(self._candidate.batches))
            if self._impatient():
                break

    def _sides(self) -> tuple[_Side, _Side]:
        return self._candidate, self._baseline

    def _shuffled(self) -> tuple[_Side, ...]:
        return self._sides() if self._rng.integers(2) else self._sides()[::-1]

    def _measured(self) -> Lap:
        exchanges = [*self._baseline.exchanges, *self._candidate.exchanges]
        return Lap(np.array(self._baseline.batches), np.array(self._candidate.batches), np.array(exchanges))

    def _warm_up(self, *, calibrate: bool) -> None:
        """Runs batches that do not count; in the first lap also chooses the size of batches and has their outputs judged."""
        while calibrate:
            self._heat(1)
            fast, slow = (float(np.median(batches)) / self._count for batches in self._measured().net())
            wanted = min(BATCH_NS / fast, max(SLOWEST_NS / slow, 1.0), self._candidate.process.slots)
            calibrate = wanted > 1.25 * self._count
            if calibrate:
                self._count = min(math.ceil(wanted), self._count * 16)
            self._most = max(1, int(HEAT_NS / ((fast + slow) * self._count)))
            self._forget()
        # The first call on a slot pays for mapping its memory: every slot that will be timed is touched first.
        self._heat(PAIRS)
        self._forget()
        if not self._laps:
            self._suspects.judge()

    def _forget(self) -> None:
        for side in self._sides():
            side.batches.clear()

    def _heat(self, pairs: int) -> None:
        """Measures some pairs, each on slots of its own, and verifies all their outputs."""
        pairs = max(1, min(pairs, self._most, self._candidate.process.slots // self._count))
        slots = pairs * self._count
        inputs, word = self._prepare(slots)
        self._exchange()
        for pair in range(pairs):
            for side, nanoseconds in self._both(self._count, pair * self._count):
                side.batches.append(nanoseconds)
        self._verify(inputs, word, slots)

    def _exchange(self) -> None:
        for side, nanoseconds in self._both(0, 0):
            side.exchanges.append(nanoseconds)

    def _both(self, count: int, begin: int) -> Iterator[tuple[_Side, float]]:
        """Times both sides on the same slots, in random order."""
        for side in self._shuffled():
            asked = time.perf_counter()
            try:
                nanoseconds = float(side.process.call(count, begin))
            except StoppedError as stopped:
                if side is self._baseline:
                    raise InfraError(f"the baseline stopped in a race: {stopped.detail}") from stopped
                raise
            self._seconds += time.perf_counter() - asked
            yield side, nanoseconds

    def _prepare(self, slots: int) -> tuple[Array, int]:
        """Gives both sides the same fresh inputs and poisoned outputs."""
        assert self._fresh is not None
        inputs, word = self._fresh.draw(slots), canary(self._rng)
        outputs = self._layout.outputs.poison(slots, word)
        for side in self._shuffled():  # what is written last is nearest to the processor
            side.process.write_inputs(inputs)
            side.process.write_outputs(outputs)
        return inputs, word

    def _verify(self, inputs: Array, word: int, slots: int) -> None:
        """Looks at every output of every call."""
        arena = self._layout.outputs
        got, expected = (np.frombuffer(side.process.read_outputs(slots), np.uint8) for side in self._sides())
        if (damage := arena.damaged_guard(got, word)) is not None:
            raise StoppedError("fault", None, f"a timed call wrote outside its outputs, at byte {damage[1]} of its slot")
        if (name := arena.unwritten(got, word)) is not None:
            raise TimedOutputError(f"a timed call left elements of {name} unwritten")
        self._suspects.look(inputs, got, expected, slots)
