"""P04: the rectifier."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, elem, f32, i8, standard


def reference(p: Params, step: Step, x: Array) -> Tensors:
    return {"y": step("clamp at zero", np.maximum(x, 0), x)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    x = standard(rng, workload.inputs["x"])
    if workload.dtype.is_float:
        x = np.where(rng.random(x.shape) < 1 / 16, -0.0, x)
    return {"x": x}


FLOATS = [2e-42, -2e-42, -0.0, 0.0, 3e38, -3e38, 1.2e-38, -1.2e-38, 1.0, -1.0]
INTEGERS = [-128, 127, -1, 0, 1, -127]


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Both zeros, the largest and the smallest numbers, subnormal ones included."""
    values = np.array(FLOATS if workload.dtype.is_float else INTEGERS)
    return {"x": values[rng.permutation(np.arange(workload.p.N) % len(values))]}


task = Task(
    id="P04",
    name="relu",
    level="primitive",
    category="activation",
    statement="y[i] = max(x[i], 0), exactly: subnormal values are kept. The sign of a zero result does not matter.",
    inputs={"x": elem["N"]},
    outputs={"y": elem["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 1024}, "C3": {"N": 1007}, "C4": {"N": 32768}, "C5": {"N": 17}},
    held_out={"C1": {"N": 80}, "C2": {"N": 1536}, "C3": {"N": 1021}, "C4": {"N": 40960}, "C5": {"N": 13}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"max": p.N}),
    dtypes=(f32, i8),
)
