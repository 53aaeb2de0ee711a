"""The functions of math.h against numpy's in double precision."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.backend import Execution
from harness.task import Workload

Run = Callable[..., Execution]
TINY = 2.0**-149
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    88.5,
    88.8,
    89.0,
    -87.0,
    -100.0,
    -103.5,
    -104.5,
    1e-30,
    -1e-30,
    1e-42,
    np.inf,
    -np.inf,
    np.nan,
    0.3,
    -0.3,
]
FUNCTIONS = {
    "expf": (np.exp, -104.0, 89.0, 2),
    "logf": (np.log, 0.0, 1e6, 2),
    "tanhf": (np.tanh, -10.0, 10.0, 2),
    "sqrtf": (np.sqrt, 0.0, 1e6, 0.5),
    "floorf": (np.floor, -100.0, 100.0, 0),
    "ceilf": (np.ceil, -100.0, 100.0, 0),
    "truncf": (np.trunc, -100.0, 100.0, 0),
    "rintf": (np.rint, -100.0, 100.0, 0),
    "fabsf": (np.abs, -100.0, 100.0, 0),
}
"""Reference, range of arguments, and error in units in the last place."""


def arguments(low: float, high: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Special values, then evenly spread ones, then small ones."""
    half = (count - len(SPECIAL)) // 2
    spread = rng.uniform(low, high, half)
    small = rng.uniform(-1.0, 1.0, count - len(SPECIAL) - half) * 10.0 ** rng.integers(-8, 1, count - len(SPECIAL) - half)
    return np.concatenate([SPECIAL, spread, np.maximum(small, low)]).astype(np.float32)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_as_exact_as_it_is_said_to_be(name: str, floats: Workload, run: Run) -> None:
    function, low, high, ulps = FUNCTIONS[name]
    x = arguments(low, high, floats.inputs["x"].size, np.random.default_rng(1))
    done = run(floats, f"for (int i = 0; i < N; i++) y[i] = {name}(x[i]);", {"x": x})
    assert done.outcome == "completed", done.fault
    got = done.outputs["y"]
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64))
        rounded = exact.astype(np.float32)
        unit = np.maximum(np.abs(np.spacing(rounded)), TINY).astype(np.float64)
        same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
        wrong = ~same & ~(np.abs(got - exact) <= (ulps + 0.5) * unit)
    assert not wrong.any(), [(float(x[i]), float(got[i]), float(rounded[i])) for i in np.flatnonzero(wrong)[:5]]


def test_functions_of_two_arguments_and_tests_of_numbers(floats: Workload, run: Run) -> None:
    body = """
    const float values[] = {fmaxf(x[0], x[1]), fminf(x[0], x[1]), copysignf(x[0], x[1]), fmaf(x[0], x[1], 3.0f),
                            isnan(x[2]), isinf(x[3]), isfinite(x[0]), (float)lrintf(x[4]), roundf(x[4]), INFINITY};
    for (int i = 0; i < 10; i++) y[i] = values[i];"""
    x = np.zeros(floats.inputs["x"].size, np.float32)
    x[:5] = [2.0, -5.0, np.nan, -np.inf, 2.5]
    got = run(floats, body, {"x": x}).outputs["y"][:10]
    assert got.tolist() == [2.0, -5.0, -2.0, -7.0, 1.0, 1.0, 1.0, 2.0, 3.0, np.inf]
