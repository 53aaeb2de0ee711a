"""P11: the sum of each row."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, acc, elem, f32, i32, standard


def reference(p: Params, step: Step, x: Array) -> Tensors:
    return {"y": np.sum(x, axis=1)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    if not workload.dtype.is_float:
        return {"x": rng.integers(-largest(workload), largest(workload), (workload.p.R, workload.p.C), endpoint=True)}
    x = standard(rng, workload.inputs["x"])
    for row in x[1::4]:
        # Pairs that cancel, in random places.
        half = workload.p.C // 2
        row[:half] *= 1000
        row[half : 2 * half] = -row[:half]
        rng.shuffle(row)
    return {"x": x}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows in turn: almost all of the sum in the last, the first or a random column; subnormals; cancelling signs.
    Integers: sums at both ends of the range."""
    p = workload.p
    if not workload.dtype.is_float:
        signs = rng.permutation(np.arange(p.R) + rng.integers(2)) % 2 * 2 - 1
        return {"x": largest(workload) * signs[:, None] - rng.integers(2, size=(p.R, p.C)) * signs[:, None]}
    x = standard(rng, workload.inputs["x"])
    for r, row in enumerate(x):
        match r % 5:
            case 0 | 1 | 2 as kind:
                row[(p.C - 1, 0, rng.integers(p.C))[kind]] = 1e5 * (1 + rng.random())
            case 3:
                row *= 1e-41
            case 4:
                row[:] = 1000 * (-1.0) ** np.arange(p.C)
    return {"x": x}


def largest(workload: Workload) -> int:
    """The largest integer magnitude of which a row cannot overflow."""
    return (2**31 - 1) // workload.p.C


task = Task(
    id="P11",
    name="row_sum",
    level="primitive",
    category="reduction",
    statement="y[r] = sum over c of x[r, c], in any order of additions. Subnormal values are kept. Integer magnitudes are at "
    "most (2^31 - 1) / C, so no sum overflows.",
    inputs={"x": elem["R", "C"]},
    outputs={"y": acc["R"]},
    configurations={
        "C1": {"R": 4, "C": 64},
        "C2": {"R": 16, "C": 256},
        "C3": {"R": 13, "C": 251},
        "C4": {"R": 64, "C": 1024},
        "C5": {"R": 1, "C": 4099},
    },
    held_out={
        "C1": {"R": 6, "C": 48},
        "C2": {"R": 32, "C": 128},
        "C3": {"R": 11, "C": 263},
        "C4": {"R": 48, "C": 1536},
        "C5": {"R": 1, "C": 3001},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"add": p.R * (p.C - 1)}),
    dtypes=(f32, i32),
)
