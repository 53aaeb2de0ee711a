"""P12: the maximum of each row, and where it is."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Formats, Params, Step, Task, Tensors, Work, Workload, elem, f32, i32, standard


def reference(p: Params, step: Step, x: Array) -> Tensors:
    first = np.argmax(x, axis=1)
    if p.C > 1:
        # A row of one element has no other equal to it.
        first = step("first of equals", first, p.C - 1 - np.argmax(x[:, ::-1], axis=1))
    return {"value": np.max(x, axis=1), "index": first}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Every other row is all negative; every row has its maximum twice, if it has two elements."""
    p = workload.p
    x = standard(rng, workload.inputs["x"], 100)
    x[1::2] = -1 - np.abs(x[1::2] // 2)
    if p.C > 1:
        for row in x:
            row[rng.choice(p.C, 2, replace=False)] = row.max()
    return {"x": x}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows in turn: the smallest values only; all equal; the maximum last, first; differences that half precision loses."""
    p = workload.p
    least, most = (-np.inf, 3e38) if workload.dtype.is_float else (-(2**31), 2**31 - 1)
    x = np.sort(standard(rng, workload.inputs["x"]), axis=1)
    for r, row in enumerate(x):
        match (r + rng.integers(5)) % 5:
            case 0:
                row[:] = least
            case 1:
                row[:] = row[0]
            case 2:
                row[-1] = most
            case 3:
                row[:] = row[::-1]
            case 4:
                row[:] = 70000 + np.arange(p.C) % 7
    return {"x": x}


def error(workload: Workload, inputs: Tensors, expected: Tensors, formats: Formats) -> Tensors:
    """Nothing is rounded."""
    return {name: np.zeros(tensor.shape) for name, tensor in workload.outputs.items()}


task = Task(
    id="P12",
    name="row_max_argmax",
    level="primitive",
    category="reduction",
    statement="value[r] = max over c of x[r, c], exactly, and index[r] = the least c with x[r, c] = value[r]. There are no NaNs; "
    "float rows may hold nothing but negative infinity.",
    inputs={"x": elem["R", "C"]},
    outputs={"value": elem["R"], "index": i32["R"]},
    configurations={
        "C1": {"R": 4, "C": 64},
        "C2": {"R": 16, "C": 256},
        "C3": {"R": 13, "C": 251},
        "C4": {"R": 64, "C": 1024},
        "C5": {"R": 3, "C": 1},
    },
    held_out={
        "C1": {"R": 6, "C": 48},
        "C2": {"R": 32, "C": 128},
        "C3": {"R": 11, "C": 263},
        "C4": {"R": 48, "C": 1536},
        "C5": {"R": 5, "C": 1},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"max": p.R * (p.C - 1)}),
    dtypes=(f32, i32),
    error=error,
)
