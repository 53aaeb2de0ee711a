"""P21: matrix product."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, acc, elem, f32, i8, standard_inputs


def reference(p: Params, step: Step, a: Array, b: Array) -> Tensors:
    return {"y": a @ b}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """The last terms outweigh the others; rows in turn: plain, cancelling in pairs, and subnormal with a column of b.
    Integers: the largest products, all of one sign in every other row, and a last term that decides."""
    drawn = standard_inputs(rng, workload)
    a, b = drawn["a"], drawn["b"]
    if not workload.dtype.is_float:
        a[::2], b[:, ::2] = -128, -128
        a[:, -1], b[-1] = rng.choice([-128, 127], 2)
        return {"a": a, "b": b}
    a[0, -1], b[-1, :] = 30, 30 * np.sign(b[-1, :])
    a[1::3, 1::2] = -a[1::3, 0:-1:2]
    b[1:-1:2] = b[0:-2:2]
    a[2::3] *= 2.0**-70
    b[:, 1::4] *= 2.0**-70
    return {"a": a, "b": b}


task = Task(
    id="P21",
    name="gemm",
    level="primitive",
    category="matmul",
    statement="y[m, n] = sum over k of a[m, k] * b[k, n], in any order of additions. Subnormal products are kept. "
    "Integer products are summed in 32 bits.",
    inputs={"a": elem["M", "K"], "b": elem["K", "N"]},
    outputs={"y": acc["M", "N"]},
    configurations={
        "C1": {"M": 8, "N": 8, "K": 8},
        "C2": {"M": 32, "N": 32, "K": 32},
        "C3": {"M": 29, "N": 31, "K": 37},
        "C4": {"M": 96, "N": 96, "K": 160},
        "C5": {"M": 1, "N": 64, "K": 200},
    },
    held_out={
        "C1": {"M": 8, "N": 16, "K": 8},
        "C2": {"M": 48, "N": 32, "K": 16},
        "C3": {"M": 31, "N": 27, "K": 41},
        "C4": {"M": 128, "N": 64, "K": 192},
        "C5": {"M": 1, "N": 80, "K": 168},
    },
    generate=standard_inputs,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.M * p.N * p.K}),
    dtypes=(f32, i8),
)
