"""P23: one-dimensional convolution."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, acc, elem, f32, i8, standard_inputs


def reference(p: Params, step: Step, x: Array, w: Array) -> Tensors:
    span = p.STRIDE * (p.OL - 1) + 1
    # All terms of an output in one column, so that a single product sums them.
    terms = np.reshape(np.stack([x[:, k : k + span : p.STRIDE] for k in range(p.K)], axis=1), (p.CIN * p.K, p.OL))
    return {"y": np.reshape(w, (p.COUT, p.CIN * p.K)) @ terms}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Nearly all weight on both ends of the signal and on the last tap, or the extremes of the type."""
    drawn = standard_inputs(rng, workload)
    x, w = drawn["x"], drawn["w"]
    if workload.dtype.is_float:
        x[:, 0], x[:, -1] = 40, -50
        w[:, -1, -1] = 30
    else:
        x[:, ::2], w[::2] = -128, -128
        x[-1, -1] = 127
    return {"x": x, "w": w}


def sizes(*values: int) -> dict[str, int]:
    return dict(zip(("CIN", "L", "COUT", "K", "STRIDE"), values, strict=True))


task = Task(
    id="P23",
    name="conv1d",
    level="primitive",
    category="convolution",
    statement="y[o, l] = sum over c, k of x[c, l * STRIDE + k] * w[o, c, k], without padding (a cross-correlation: the kernel is "
    "not flipped), in any order of additions. Elements that no whole window reaches are ignored. Integer products are summed in "
    "32 bits.",
    inputs={"x": elem["CIN", "L"], "w": elem["COUT", "CIN", "K"]},
    outputs={"y": acc["COUT", "OL"]},
    configurations={
        "C1": sizes(1, 32, 1, 3, 1),
        "C2": sizes(4, 64, 8, 3, 1),
        "C3": sizes(3, 61, 5, 5, 2),
        "C4": sizes(8, 512, 16, 7, 1),
        "C5": sizes(1, 9, 1, 9, 1),
    },
    held_out={
        "C1": sizes(2, 24, 1, 3, 1),
        "C2": sizes(4, 96, 4, 3, 1),
        "C3": sizes(5, 53, 3, 5, 2),
        "C4": sizes(12, 384, 16, 7, 1),
        "C5": sizes(1, 11, 2, 11, 1),
    },
    derive={"OL": "(L - K) // STRIDE + 1"},
    generate=standard_inputs,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.COUT * p.OL * p.CIN * p.K}),
    dtypes=(f32, i8),
)
