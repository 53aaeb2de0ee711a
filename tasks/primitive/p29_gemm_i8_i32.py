"""P29: product of 8-bit matrices, both stored along the axis that is summed."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, i32, standard_inputs


def reference(p: Params, step: Step, a: Array, b: Array) -> Tensors:
    return {"y": a @ np.transpose(b)}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Rows of the smallest value, whose products are the largest; signs that cancel; a last term that decides."""
    drawn = standard_inputs(rng, workload)
    a, b = drawn["a"], drawn["b"]
    a[::2], b[::2] = -128, -128
    a[1::4] = np.where(np.arange(workload.p.K) % 2, 127, -128)
    a[:, -1], b[:, -1] = rng.choice([-128, 127], 2)
    return {"a": a, "b": b}


task = Task(
    id="P29",
    name="gemm_i8_i32",
    level="primitive",
    category="matmul",
    statement="y[m, n] = sum over k of a[m, k] * b[n, k]: both operands are stored along k, as quantised layers keep their "
    "weights. Products and sums are exact in 32 bits.",
    inputs={"a": i8["M", "K"], "b": i8["N", "K"]},
    outputs={"y": i32["M", "N"]},
    configurations={
        "C1": {"M": 8, "N": 8, "K": 8},
        "C2": {"M": 32, "N": 32, "K": 32},
        "C3": {"M": 29, "N": 31, "K": 37},
        "C4": {"M": 96, "N": 64, "K": 256},
        "C5": {"M": 1, "N": 48, "K": 512},
    },
    held_out={
        "C1": {"M": 8, "N": 16, "K": 8},
        "C2": {"M": 48, "N": 32, "K": 16},
        "C3": {"M": 31, "N": 27, "K": 41},
        "C4": {"M": 64, "N": 96, "K": 192},
        "C5": {"M": 1, "N": 40, "K": 448},
    },
    generate=standard_inputs,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.M * p.N * p.K}),
    dtypes=(i8,),
)
