"""P32: softmax of each row in eight bits, with the exponential as a table."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, i16


def reference(p: Params, step: Step, table: Array, x: Array) -> Tensors:
    below = step("subtract the maximum", np.max(x, axis=1, keepdims=True) - x, 127 - x)
    weight = table[below]
    total = np.maximum(np.sum(weight, axis=1, keepdims=True), 1)
    share = 256 * weight
    share = step("round to nearest", share + total // 2, share) // total
    limited = step("limit to 255", np.minimum(share, 255), share)
    return {"y": step("zero point", limited - 128, limited)}


def exponentials(rng: np.random.Generator) -> Array:
    """The table of exp(-i s), in units of 2^-15, at a scale s that is drawn."""
    return np.rint(32767 * np.exp(-np.arange(256) * rng.uniform(1 / 24, 1 / 6)))


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows from narrow to wide: many equal shares, or nearly all of the sum in one element. One row is constant. Half of the
    tables begin with 0, so that sums are 0."""
    R, C = workload.p.R, workload.p.C
    x = np.clip(rng.normal(rng.uniform(-60, 60, (R, 1)), 2.0 ** rng.uniform(2, 6.5, (R, 1)), (R, C)), -128, 127)
    if R > 1:
        x[rng.integers(R)] = rng.integers(-128, 128)
    table = exponentials(rng)
    table[0] *= rng.integers(2)
    return {"table": table, "x": x}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows in turn: the largest number last, after only the smallest; a last one that takes everything; two maxima; a ramp that
    ends in the maximum; small numbers, the last of which outweighs the others. The largest distance keeps a weight."""
    R, C = workload.p.R, workload.p.C
    x = np.full((R, C), -128)
    for r, row in enumerate(x):
        match r % 5:
            case 0:
                row[-1] = 127
            case 1:
                row[:-1], row[-1] = -127, 127
            case 2:
                row[0] = row[-1] = rng.integers(-128, 128)
            case 3:
                row[:] = np.maximum(np.arange(C) - C - rng.integers(30), -128)
            case 4:
                row[:-1] += rng.integers(0, 60, C - 1)
                row[-1] = -40
    table = exponentials(rng)
    table[254:] = 0, 40
    return {"table": table, "x": x}


task = Task(
    id="P32",
    name="softmax_i8",
    level="primitive",
    category="normalization",
    statement="With m[r] = max over c of x[r, c], e[r, c] = table[m[r] - x[r, c]] and s[r] = max(sum over c of e[r, c], 1), "
    "all exact in 32 bits: y[r, c] = min(floor((256 * e[r, c] + floor(s[r] / 2)) / s[r]), 255) - 128. So y has the scale 1/256 "
    "and the zero point -128. The entries of the table lie in [0, 32767]; it holds an exponential of falling argument, but its "
    "first entry may be 0.",
    inputs={"table": i16[256], "x": i8["R", "C"]},
    outputs={"y": i8["R", "C"]},
    # C5 is not 1 x 1: the softmax of one element is always 255.
    configurations={
        "C1": {"R": 4, "C": 32},
        "C2": {"R": 16, "C": 128},
        "C3": {"R": 13, "C": 127},
        "C4": {"R": 32, "C": 1024},
        "C5": {"R": 1, "C": 2},
    },
    held_out={
        "C1": {"R": 6, "C": 24},
        "C2": {"R": 8, "C": 192},
        "C3": {"R": 11, "C": 131},
        "C4": {"R": 24, "C": 1536},
        "C5": {"R": 1, "C": 3},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"max": p.R * (p.C - 1), "add": p.R * (2 * p.C - 1), "div": p.R}),
    dtypes=(i8,),
)
