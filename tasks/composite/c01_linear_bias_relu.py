"""C01: a linear layer with bias and rectifier."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard, standard_inputs


def reference(p: Params, step: Step, x: Array, w: Array, bias: Array) -> Tensors:
    product = x @ w
    biased = step("add the bias", product + bias, product)
    return {"y": step("clamp at zero", np.maximum(biased, 0), biased)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    drawn = standard_inputs(rng, workload)
    return drawn | {"w": standard(rng, workload.inputs["w"], workload.p.K**-0.5)}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """The last term outweighs the others; every other column would be clamped but for its bias, and the reverse."""
    drawn = standard_inputs(rng, workload)
    x, w, bias = drawn["x"], drawn["w"], drawn["bias"]
    x[:, -1] = 8 + np.abs(x[:, -1])
    w[-1] = 8 * (-1.0) ** np.arange(workload.p.N)
    bias[0::4], bias[1::4] = -200, 200
    return {"x": x, "w": w, "bias": bias}


task = Task(
    id="C01",
    name="linear_bias_relu",
    level="composite",
    category="matmul",
    statement="y[m, n] = max(bias[n] + sum over k of x[m, k] * w[k, n], 0). The sign of a zero result does not matter.",
    inputs={"x": f32["M", "K"], "w": f32["K", "N"], "bias": f32["N"]},
    outputs={"y": f32["M", "N"]},
    configurations={
        "C1": {"M": 4, "N": 8, "K": 8},
        "C2": {"M": 16, "N": 32, "K": 32},
        "C3": {"M": 13, "N": 29, "K": 31},
        "C4": {"M": 64, "N": 64, "K": 256},
        "C5": {"M": 1, "N": 33, "K": 65},
    },
    held_out={
        "C1": {"M": 4, "N": 16, "K": 8},
        "C2": {"M": 32, "N": 32, "K": 16},
        "C3": {"M": 11, "N": 37, "K": 27},
        "C4": {"M": 48, "N": 96, "K": 192},
        "C5": {"M": 1, "N": 29, "K": 71},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.M * p.N * p.K, "add": p.M * p.N, "max": p.M * p.N}),
)
