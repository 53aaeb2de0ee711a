"""P09: the sigmoid-weighted linear unit."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard


def reference(p: Params, step: Step, x: Array) -> Tensors:
    e = step("exp", np.exp(-x), -x)
    sigmoid = 1 / step("add one", 1 + e, e)
    return {"y": step("multiply by x", x * sigmoid, sigmoid)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    x = standard(rng, workload.inputs["x"], scale=3)
    return {"x": np.where(rng.random(x.shape) < 1 / 8, rng.uniform(-30, 30, x.shape), x)}


VALUES = [-20.0, 90.0, -90.0, 1e4, -1e4, 1e-30, -1e-3, -0.0, 0.5, -1.2784645, 17.0, -87.5]


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Arguments whose exponential overflows or vanishes, tiny ones, and the minimum of the function."""
    values = np.array(VALUES)
    return {"x": values[rng.permutation(np.arange(workload.p.N) % len(values))]}


task = Task(
    id="P09",
    name="silu",
    level="primitive",
    category="activation",
    statement="y[i] = x[i] / (1 + exp(-x[i])), for every finite x[i]: where exp overflows, y[i] is 0.",
    inputs={"x": f32["N"]},
    outputs={"y": f32["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 512}, "C3": {"N": 509}, "C4": {"N": 8192}, "C5": {"N": 3}},
    held_out={"C1": {"N": 80}, "C2": {"N": 768}, "C3": {"N": 521}, "C4": {"N": 10240}, "C5": {"N": 2}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"exp": p.N, "div": p.N}),
)
