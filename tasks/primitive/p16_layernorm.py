"""P16: layer normalization of each row."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard

EPSILON = 1e-5


def reference(p: Params, step: Step, x: Array, gamma: Array, beta: Array) -> Tensors:
    centred = step("subtract the mean", x - np.sum(x, axis=1, keepdims=True) / p.C, x)
    variance = np.sum(centred * centred, axis=1, keepdims=True) / p.C
    variance = step("add epsilon", variance + EPSILON, variance)
    deviation = step("square root", np.sqrt(variance), variance)
    normal = step("divide by the deviation", centred / deviation, centred)
    scaled = step("multiply by gamma", normal * gamma, normal)
    return {"y": step("add beta", scaled + beta, scaled)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows of different offset and spread; gamma and beta are not trivial."""
    R = workload.p.R
    x = standard(rng, workload.inputs["x"]) * 10.0 ** rng.uniform(-2, 1, (R, 1)) + rng.normal(size=(R, 1))
    return {"x": x, "gamma": 1 + standard(rng, workload.inputs["gamma"], 0.5), "beta": standard(rng, workload.inputs["beta"])}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows in turn: so little spread that epsilon matters, a large offset, no spread at all, one outlier at the end."""
    x = standard(rng, workload.inputs["x"])
    for r, row in enumerate(x):
        match r % 4:
            case 0:
                row *= 1e-3
            case 1:
                row += 1e4
            case 2:
                row[:] = 3.0
            case 3:
                row[-1] = 100
    return {"x": x, "gamma": standard(rng, workload.inputs["gamma"]), "beta": standard(rng, workload.inputs["beta"], 3)}


task = Task(
    id="P16",
    name="layernorm",
    level="primitive",
    category="normalization",
    statement="y[r, c] = (x[r, c] - mean[r]) / sqrt(var[r] + 1e-5) * gamma[c] + beta[c], with mean[r] the mean of row r and "
    "var[r] the mean over c of (x[r, c] - mean[r])^2 (divided by C, not C - 1). Means can be far larger than deviations.",
    inputs={"x": f32["R", "C"], "gamma": f32["C"], "beta": f32["C"]},
    outputs={"y": f32["R", "C"]},
    configurations={
        "C1": {"R": 4, "C": 32},
        "C2": {"R": 16, "C": 128},
        "C3": {"R": 13, "C": 127},
        "C4": {"R": 32, "C": 768},
        "C5": {"R": 2, "C": 5},
    },
    held_out={
        "C1": {"R": 6, "C": 24},
        "C2": {"R": 8, "C": 192},
        "C3": {"R": 11, "C": 131},
        "C4": {"R": 24, "C": 1024},
        "C5": {"R": 3, "C": 3},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"add": p.R * (p.C - 1), "mac": 2 * p.R * p.C, "mul": p.R * p.C, "sqrt": p.R, "div": p.R}),
)
