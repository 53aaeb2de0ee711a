"""P24: two-dimensional convolution."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, acc, elem, f32, i8, standard_inputs


def reference(p: Params, step: Step, x: Array, w: Array) -> Tensors:
    around = ((0, 0), (p.PAD, p.PAD), (p.PAD, p.PAD))
    padded = step("pad with zeros", np.pad(x, around), np.pad(x, around, mode="edge")) if p.PAD else x
    rows, columns = p.STRIDE * (p.OH - 1) + 1, p.STRIDE * (p.OW - 1) + 1
    # All terms of an output in one column, so that a single product sums them.
    shifted = [padded[:, i : i + rows : p.STRIDE, j : j + columns : p.STRIDE] for i in range(p.K) for j in range(p.K)]
    terms = np.reshape(np.stack(shifted, axis=1), (p.CIN * p.K * p.K, p.OH * p.OW))
    return {"y": np.reshape(np.reshape(w, (p.COUT, p.CIN * p.K * p.K)) @ terms, (p.COUT, p.OH, p.OW))}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Nearly all weight on the border of the image and in the last element of the kernel, or the extremes of the type."""
    drawn = standard_inputs(rng, workload)
    x, w = drawn["x"], drawn["w"]
    if workload.dtype.is_float:
        x[:, 0, :], x[:, -1, :], x[:, :, 0], x[:, :, -1] = 20, -30, 40, 50
        w[:, -1, -1, -1] = 30
    else:
        x[:, ::2], w[::2] = -128, -128
        x[:, 1::2, 1::2] = 127
    return {"x": x, "w": w}


def work(p: Params) -> Work:
    """Only products with elements inside the image: padding is zero."""

    def inside(size: int, outputs: int) -> int:
        return sum(0 <= o * p.STRIDE + k - p.PAD < size for o in range(outputs) for k in range(p.K))

    return Work({"mac": p.COUT * p.CIN * inside(p.H, p.OH) * inside(p.W, p.OW)})


def sizes(*values: int) -> dict[str, int]:
    return dict(zip(("CIN", "H", "W", "COUT", "K", "STRIDE", "PAD"), values, strict=True))


task = Task(
    id="P24",
    name="conv2d",
    level="primitive",
    category="convolution",
    statement="y[o, h, w] = sum over c, i, j of x[c, h * STRIDE + i - PAD, w * STRIDE + j - PAD] * w[o, c, i, j], where x is 0 "
    "outside of its H x W plane (a cross-correlation: the kernel is not flipped). Integer products are summed in 32 bits.",
    inputs={"x": elem["CIN", "H", "W"], "w": elem["COUT", "CIN", "K", "K"]},
    outputs={"y": acc["COUT", "OH", "OW"]},
    configurations={
        "C1": sizes(1, 8, 8, 1, 3, 1, 1),
        "C2": sizes(4, 16, 16, 8, 3, 1, 1),
        "C3": sizes(3, 15, 17, 5, 3, 2, 0),
        "C4": sizes(8, 32, 32, 16, 3, 1, 1),
        "C5": sizes(2, 7, 5, 3, 5, 1, 2),
    },
    held_out={
        "C1": sizes(1, 8, 12, 2, 3, 1, 1),
        "C2": sizes(4, 16, 24, 4, 3, 1, 1),
        "C3": sizes(5, 13, 19, 3, 3, 2, 0),
        "C4": sizes(12, 24, 32, 16, 3, 1, 1),
        "C5": sizes(3, 5, 6, 2, 5, 1, 2),
    },
    derive={"OH": "(H + 2 * PAD - K) // STRIDE + 1", "OW": "(W + 2 * PAD - K) // STRIDE + 1"},
    generate=standard_inputs,
    adversarial=adversarial,
    reference=reference,
    work=work,
    dtypes=(f32, i8),
)
