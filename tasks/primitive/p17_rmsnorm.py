"""P17: root-mean-square normalization of each row."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard

EPSILON = 1e-5


def reference(p: Params, step: Step, x: Array, gamma: Array) -> Tensors:
    mean_square = np.sum(x * x, axis=1, keepdims=True) / p.C
    mean_square = step("add epsilon", mean_square + EPSILON, mean_square)
    rms = step("square root", np.sqrt(mean_square), mean_square)
    normal = step("divide by the root mean square", x / rms, x)
    return {"y": step("multiply by gamma", normal * gamma, normal)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows of very different size: in the tiny ones epsilon outweighs the mean square."""
    x = standard(rng, workload.inputs["x"]) * 10.0 ** rng.uniform(-4, 1, (workload.p.R, 1))
    return {"x": x, "gamma": 1 + standard(rng, workload.inputs["gamma"], 0.5)}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows in turn: around epsilon with most of it at the end, far below it, huge, zero, one outlier at the start."""
    x = standard(rng, workload.inputs["x"])
    for r, row in enumerate(x):
        match r % 5:
            case 0:
                row *= 1e-3
                row[-1] = 1e-2
            case 1:
                row *= 1e-18
            case 2:
                row *= 1e15
            case 3:
                row[:] = 0
            case 4:
                row[0] = 100
    return {"x": x, "gamma": standard(rng, workload.inputs["gamma"])}


task = Task(
    id="P17",
    name="rmsnorm",
    level="primitive",
    category="normalization",
    statement="y[r, c] = x[r, c] / sqrt(ms[r] + 1e-5) * gamma[c], with ms[r] the mean over c of x[r, c]^2 (divided by C).",
    inputs={"x": f32["R", "C"], "gamma": f32["C"]},
    outputs={"y": f32["R", "C"]},
    configurations={
        "C1": {"R": 4, "C": 32},
        "C2": {"R": 16, "C": 128},
        "C3": {"R": 13, "C": 127},
        "C4": {"R": 32, "C": 768},
        "C5": {"R": 1, "C": 3},
    },
    held_out={
        "C1": {"R": 6, "C": 24},
        "C2": {"R": 8, "C": 192},
        "C3": {"R": 11, "C": 131},
        "C4": {"R": 24, "C": 1024},
        "C5": {"R": 1, "C": 5},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.R * p.C, "mul": 2 * p.R * p.C, "sqrt": p.R, "div": p.R}),
)
