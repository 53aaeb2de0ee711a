"""P33: root mean square normalization of each row in eight bits, with an integer square root."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, standard_inputs


def reference(p: Params, step: Step, x: Array, gamma: Array) -> Tensors:
    squares = 64 * np.sum(x * x, axis=1, keepdims=True)
    mean = step("divide by C", squares // p.C, squares)
    # float64 is exact here: a root rounds up to an integer only from 2^52 on.
    root = step("square root", np.floor(np.sqrt(mean)).astype(np.int64), mean)
    root = np.maximum(root, 1)
    product = step("multiply by gamma", 8 * x * gamma, 8 * x)
    size = np.abs(product)
    size = step("round to nearest", size + root // 2, size) // root
    return {"y": step("saturate", np.clip(np.sign(product) * size, -128, 127), np.sign(product) * size)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows of very different size, weights of both signs around the unit of the output."""
    R, C = workload.p.R, workload.p.C
    x = np.clip(np.rint(rng.normal(0, 2.0 ** rng.uniform(0, 6.5, (R, 1)), (R, C))), -128, 127)
    x[:, -1] = np.where(x[:, -1] == 0, 1, x[:, -1])
    return {"x": x, "gamma": np.clip(rng.normal(50, 30, C), -128, 127)}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows in turn: the largest element last and small ones before it; the extremes of the type; a single element that is not
    zero; zeros."""
    x = rng.integers(-3, 4, (workload.p.R, workload.p.C))
    for r, row in enumerate(x):
        match r % 4:
            case 0:
                row[-1] = rng.choice([-128, 100])
            case 1:
                row[:] = rng.choice([-128, 127], workload.p.C)
            case 2:
                row[:] = 0
                row[-1] = rng.choice([-1, 1])
            case 3:
                row[:] = 0
    gamma = np.array(standard_inputs(rng, workload)["gamma"])
    gamma[-1] = rng.choice([-128, 127])
    return {"x": x, "gamma": gamma}


task = Task(
    id="P33",
    name="rmsnorm_i8",
    level="primitive",
    category="normalization",
    statement="With q[r] = floor(64 * (sum over c of x[r, c]^2) / C) and n[r] = max(floor(sqrt(q[r])), 1), which is 8 times "
    "the root mean square: y[r, c] = 8 * x[r, c] * gamma[c] / n[r], rounded to the nearest integer with halves away from zero, "
    "limited to [-128, 127]. The rounding of a quotient a / n is that of sign(a) * floor((|a| + floor(n / 2)) / n). Everything "
    "is exact in 32 bits; a row of zeros gives zeros.",
    inputs={"x": i8["R", "C"], "gamma": i8["C"]},
    outputs={"y": i8["R", "C"]},
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
    work=lambda p: Work({"mac": p.R * p.C, "mul": p.R * p.C, "sqrt": p.R, "div": p.R}),
    dtypes=(i8,),
)
