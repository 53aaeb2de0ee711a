"""P15: softmax of each row."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard


def reference(p: Params, step: Step, x: Array) -> Tensors:
    shifted = step("subtract the maximum", x - np.max(x, axis=1, keepdims=True), x)
    e = step("exp", np.exp(shifted), shifted)
    return {"y": step("divide by the sum", e / np.sum(e, axis=1, keepdims=True), e)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    x = standard(rng, workload.inputs["x"], scale=3)
    x = np.where(rng.random(x.shape) < 1 / 16, rng.uniform(-80, 80, x.shape), x)
    if workload.p.R > 1:
        x[rng.integers(workload.p.R)] = rng.uniform(-80, 80)
    return {"x": x}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows in turn: too large for exp, too small for exp, a maximum that many share, a ramp, one that outweighs the rest."""
    p = workload.p
    x = standard(rng, workload.inputs["x"])
    for r, row in enumerate(x):
        match r % 5:
            case 0:
                row += 100
            case 1:
                row -= 110
            case 2:
                row[:] = np.where(rng.random(p.C) < 0.5, 5.0, row)
            case 3:
                row[:] = np.linspace(-20, 20, p.C)
            case 4:
                row[-1] = 15
    return {"x": x}


task = Task(
    id="P15",
    name="softmax",
    level="primitive",
    category="normalization",
    statement="y[r, c] = exp(x[r, c] - m[r]) / sum over j of exp(x[r, j] - m[r]), with m[r] = max over j of x[r, j].",
    inputs={"x": f32["R", "C"]},
    outputs={"y": f32["R", "C"]},
    # C5 is not 1 x 1: a softmax of one element is always 1.
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
        "C4": {"R": 24, "C": 1280},
        "C5": {"R": 1, "C": 3},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"exp": p.R * p.C, "add": p.R * (p.C - 1), "mul": p.R * p.C, "div": p.R}),
)
