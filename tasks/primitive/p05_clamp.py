"""P05: limiting values to an interval."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, elem, f32, i8, standard


def reference(p: Params, step: Step, lo: Array, hi: Array, x: Array) -> Tensors:
    raised = step("lower limit", np.maximum(x, lo), x)
    return {"y": step("upper limit", np.minimum(raised, hi), raised)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """An interval that about half of the values are in, not around zero."""
    x = standard(rng, workload.inputs["x"])
    spread = 1 if workload.dtype.is_float else 127
    lo, hi = np.sort(rng.uniform(-0.9, 0.9, 2)) * spread
    return {"lo": np.array([lo]), "hi": np.array([hi]), "x": x}


FLOATS = [2e-42, -2e-42, -0.0, 0.0, 3e38, -3e38, 1.2e-38, -1.2e-38, 1.0, -1.0]
INTEGERS = [-128, 127, -1, 0, 1, -127]


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """The extremes of the type, subnormal numbers included; an interval of one point, at an end of the type or inside it."""
    values = np.array(FLOATS if workload.dtype.is_float else INTEGERS)
    point = rng.choice([1e-42, -1.5, 3e38] if workload.dtype.is_float else [-128, 127, -5])
    x = values[rng.permutation(np.arange(workload.p.N) % len(values))]
    return {"lo": np.array([point]), "hi": np.array([point]), "x": x}


task = Task(
    id="P05",
    name="clamp",
    level="primitive",
    category="elementwise",
    statement="y[i] = min(max(x[i], lo[0]), hi[0]), exactly, where lo[0] <= hi[0]: subnormal values are kept. The sign of a zero "
    "result does not matter.",
    inputs={"lo": elem[1], "hi": elem[1], "x": elem["N"]},
    outputs={"y": elem["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 1024}, "C3": {"N": 1007}, "C4": {"N": 32768}, "C5": {"N": 33}},
    held_out={"C1": {"N": 80}, "C2": {"N": 1536}, "C3": {"N": 1021}, "C4": {"N": 40960}, "C5": {"N": 35}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"max": 2 * p.N}),
    dtypes=(f32, i8),
)
