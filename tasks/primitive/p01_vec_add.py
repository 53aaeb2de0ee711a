"""P01: the sum of two vectors."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, elem, f32, i32, standard_inputs


def reference(p: Params, step: Step, a: Array, b: Array) -> Tensors:
    return {"y": step("add b", a + b, a)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    if workload.dtype.is_float:
        return standard_inputs(rng, workload)
    # Half of the range, so that no sum overflows.
    return {name: rng.integers(-(2**30), 2**30, workload.p.N) for name in ("a", "b")}


FLOAT_PAIRS = [
    (3e-42, 4e-43),
    (1.5e38, 1.2e38),
    (1.25, -1.25),
    (2.0**24, 1.0),
    (-(2.0**24), -3.0),
    (1.0, -1.0 + 2.0**-24),
    (-0.0, 0.0),
]
INTEGER_PAIRS = [(2**30 - 1, 2**30 - 1), (-(2**30), -(2**30)), (2**24, 1), (-1, 1), (2**30 - 1, -(2**30))]


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Subnormal sums, sums near the largest number, exact cancellation, ties of rounding."""
    pairs = np.array(FLOAT_PAIRS if workload.dtype.is_float else INTEGER_PAIRS)
    chosen = pairs[rng.permutation(np.arange(workload.p.N) % len(pairs))]
    return {"a": chosen[:, 0], "b": chosen[:, 1]}


task = Task(
    id="P01",
    name="vec_add",
    level="primitive",
    category="elementwise",
    statement="y[i] = a[i] + b[i]. Integer inputs lie in [-2^30, 2^30), so no integer sum overflows. "
    "Subnormal sums must be kept.",
    inputs={"a": elem["N"], "b": elem["N"]},
    outputs={"y": elem["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 1024}, "C3": {"N": 1007}, "C4": {"N": 32768}, "C5": {"N": 1}},
    held_out={"C1": {"N": 80}, "C2": {"N": 1536}, "C3": {"N": 1021}, "C4": {"N": 40960}, "C5": {"N": 3}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"add": p.N}),
    dtypes=(f32, i32),
)
