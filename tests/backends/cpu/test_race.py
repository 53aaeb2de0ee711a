"""Races: a kernel ties with itself, loses to one that does less, and every output of a timed call counts."""

from __future__ import annotations

import numpy as np
import pytest

from backends.cpu import race
from backends.cpu.backend import CpuBackend
from backends.cpu.interval import Lap, interval
from harness.backend import Limits, Race
from harness.task import Tensors, Workload, i32

from .conftest import TASKS, unchecked

ADD = "void kernel(const float *restrict a, const float *restrict b, float *restrict y)\n{{\n{body}\n}}\n"
LOOP = "for (int i = 0; i < N; i++) y[i] = a[i] + b[i];"


def right(inputs: Tensors, outputs: Tensors) -> str | None:
    return None if np.array_equal(outputs["y"], inputs["a"] + inputs["b"]) else "not the sum"


def add_race(backend: CpuBackend, add: Workload, body: str, *, gates: bool = True) -> Race:
    source = ADD.format(body=body)
    candidate = backend.build(source, add) if gates else unchecked(backend, source, add)
    baseline = backend.build(backend.baseline(add), add)
    return backend.race(candidate, baseline, add, 5, right, pairs=11, limits=Limits(wall_s=5.0))


@pytest.mark.parametrize("configuration", ["C1", "C2"])
def test_a_kernel_ties_with_itself(backend: CpuBackend, configuration: str) -> None:
    softmax = TASKS["P15"].workload(configuration)
    build = backend.build(backend.baseline(softmax), softmax)
    result = backend.race(build, build, softmax, 1, lambda inputs, outputs: None, pairs=25, limits=Limits())
    assert result.outcome == "completed"
    assert result.pairs >= 25
    assert result.low is not None
    assert result.high is not None
    assert result.low <= 1.05  # wider than the interval itself: the machine may be busy
    assert result.high >= 0.95
    assert result.cycles is not None
    assert result.cycles > 0


def test_twice_the_work_is_slower(backend: CpuBackend) -> None:
    gemm = TASKS["P21"].workload("C2")
    once = backend.baseline(gemm)
    twice = once.replace("void kernel(", "static void half(", 1)
    twice += "void kernel(const float *restrict a, const float *restrict b, float *restrict y)\n"
    twice += '{ half(a, b, y); __asm__ volatile("" : : : "memory"); half(a, b, y); }\n'
    slow, fast = unchecked(backend, twice, gemm), backend.build(once, gemm)
    result = backend.race(slow, fast, gemm, 2, lambda inputs, outputs: None, pairs=11, limits=Limits())
    assert result.outcome == "completed"
    assert result.speedup is not None
    assert 0.4 < result.speedup < 0.65


def test_the_judge_sees_what_timed_calls_left(backend: CpuBackend, add: Workload) -> None:
    seen = []

    def check(inputs: Tensors, outputs: Tensors) -> str | None:
        seen.append(inputs["a"].tobytes())
        return right(inputs, outputs)

    build = backend.build(backend.baseline(add), add)
    assert backend.race(build, build, add, 9, check, pairs=11, limits=Limits()).outcome == "completed"
    assert len(seen) >= 3
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("body", "outcome", "detail"),
    [
        (f"static int calls; if (calls++ % 50 == 49) return; {LOOP}", "wrong", "left elements of y unwritten"),
        (f"static int calls; {LOOP} if (calls++ % 50 == 49) y[N / 2] += 1;", "wrong", "not the sum"),
        ("static const float *seen; if (seen == a) return; seen = a; " + LOOP, "wrong", "left elements of y unwritten"),
        ("static float last, out[N]; if (a[0] == last) { for (int i = 0; i < N; i++) y[i] = out[i]; return; }\n"
         "last = a[0]; for (int i = 0; i < N; i++) y[i] = out[i] = a[i] + b[i];", "completed|wrong", ""),
        (f"static int calls; {LOOP} if (calls++ == 200) y[N] = 1;", "fault", "outside its outputs"),
        (f"static int calls; {LOOP} if (calls++ == 200) *(volatile int *)0 = 1;", "fault", "not its own"),
        (f"static int calls; {LOOP} if (calls++ == 200) for (volatile int i = 0;; i++) {{}}", "timeout", "within 1 s"),
    ],
    ids=["skips", "careless", "memo by pointer", "memo by content", "overrun", "trap", "hangs"],
)  # fmt: skip
def test_timed_calls_are_held_to_the_same_rules(backend: CpuBackend, add: Workload, body: str, outcome: str, detail: str) -> None:
    build = backend.build(ADD.format(body=body), add)
    baseline = backend.build(backend.baseline(add), add)
    result = backend.race(build, baseline, add, 5, right, pairs=11, limits=Limits(wall_s=1.0))
    assert result.outcome in outcome.split(
        "|"
    )  # what is remembered by its first element is wrong where two happen to begin alike
    assert detail in result.detail
    if result.outcome == "completed":
        assert result.speedup is not None
        assert result.speedup < 1.1  # remembering never pays: inputs do not come back


def test_a_whole_number_that_a_timed_call_left_out_is_wrong(backend: CpuBackend) -> None:
    workload = TASKS["P01"].workload("C1", i32)
    body = "static int calls; int last = calls++ % 50 == 49 ? N - 1 : N; for (int i = 0; i < last; i++) y[i] = a[i] + b[i];"
    text = ADD.replace("float", "int32_t").format(body=body)

    build, baseline = backend.build(text, workload), backend.build(backend.baseline(workload), workload)
    result = backend.race(build, baseline, workload, 5, right, pairs=11, limits=Limits())
    assert (result.outcome, result.detail) == ("wrong", "a timed call was wrong: not the sum")


def test_a_slow_kernel_ends_in_time(backend: CpuBackend, add: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "PATIENCE_S", 0.5)
    result = add_race(backend, add, f"for (volatile int i = 0; i < 5000000; i++) {{}} {LOOP}")
    assert result.outcome == "completed"
    assert race.FEWEST <= result.pairs < 25
    assert result.speedup is not None
    assert result.speedup < 0.01


def simulated(rng: np.random.Generator, ratio: float, laps: int, pairs: int = 16) -> list[Lap]:
    """A race: 100 units for the baseline, 10 for asking, noise of 5% in a batch, and 2% that a whole lap shares."""

    def lap() -> Lap:
        noise = rng.normal(1.0, 0.05, (2, pairs)) + rng.normal(0.0, 0.02, (2, 1))
        return Lap(100 * ratio * noise[0] + 10, 100 * noise[1] + 10, rng.normal(10.0, 1.0, 2 * pairs))

    return [lap() for _ in range(laps)]


@pytest.mark.parametrize("laps", [3, 6])
def test_the_interval_covers_the_true_ratio(laps: int) -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(300):
        ratio, low, high = interval(simulated(rng, 1.25, laps), rng)
        assert low <= ratio <= high
        hits += low <= 1.25 <= high
    assert hits >= 270


def test_pairs_alone_would_claim_too_much() -> None:
    """What the laps are for: the pairs of one lap agree with each other, not with the truth."""
    rng = np.random.default_rng(1)
    within = [interval(simulated(rng, 1.0, 1, pairs=100), rng) for _ in range(200)]
    assert sum(low <= 1.0 <= high for _, low, high in within) < 160


def test_one_lap_out_of_line_moves_the_interval_not_the_estimate() -> None:
    rng = np.random.default_rng(2)
    laps = simulated(rng, 1.0, 6)
    laps[3] = laps[3]._replace(baseline=laps[3].baseline * 2)
    ratio, low, high = interval(laps, rng)
    assert ratio == pytest.approx(1.0, abs=0.05)
    assert low <= 1.0 <= high
