"""P22: a batch of matrix products."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, acc, elem, f32, i8, standard_inputs


def reference(p: Params, step: Step, a: Array, b: Array) -> Tensors:
    return {"y": a @ b}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Batches in turn: the last term outweighs the others, terms cancel in pairs, products are subnormal.
    Integers: the largest products, all of one sign in every other row, and a last term that decides."""
    drawn = standard_inputs(rng, workload)
    a, b = drawn["a"], drawn["b"]
    if not workload.dtype.is_float:
        a[:, ::2], b[:, :, ::2] = -128, -128
        a[:, :, -1], b[:, -1] = rng.choice([-128, 127], 2)
        return {"a": a, "b": b}
    a[0::3, :, -1], b[0::3, -1, :] = 30, 30 * np.sign(b[0::3, -1, :])
    a[1::3, :, 1::2] = -a[1::3, :, 0:-1:2]
    b[1::3, 1::2, :] = b[1::3, 0:-1:2, :]
    a[2::3] *= 2.0**-70
    b[2::3] *= 2.0**-70
    return {"a": a, "b": b}


task = Task(
    id="P22",
    name="batched_gemm",
    level="primitive",
    category="matmul",
    statement="y[b, m, n] = sum over k of a[b, m, k] * b[b, k, n], in any order of additions. Subnormal products are kept. "
    "Integer products are summed in 32 bits.",
    inputs={"a": elem["B", "M", "K"], "b": elem["B", "K", "N"]},
    outputs={"y": acc["B", "M", "N"]},
    configurations={
        "C1": {"B": 2, "M": 8, "N": 8, "K": 8},
        "C2": {"B": 4, "M": 16, "N": 16, "K": 16},
        "C3": {"B": 3, "M": 15, "N": 17, "K": 13},
        "C4": {"B": 8, "M": 32, "N": 32, "K": 64},
        "C5": {"B": 5, "M": 1, "N": 1, "K": 33},
    },
    held_out={
        "C1": {"B": 3, "M": 8, "N": 8, "K": 16},
        "C2": {"B": 2, "M": 16, "N": 32, "K": 16},
        "C3": {"B": 5, "M": 13, "N": 11, "K": 19},
        "C4": {"B": 6, "M": 32, "N": 48, "K": 96},
        "C5": {"B": 7, "M": 1, "N": 1, "K": 29},
    },
    generate=standard_inputs,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.B * p.M * p.N * p.K}),
    dtypes=(f32, i8),
)
