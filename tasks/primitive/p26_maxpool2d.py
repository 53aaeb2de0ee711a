"""P26: maximum over windows of an image."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, elem, f32, i8, standard_inputs


def reference(p: Params, step: Step, x: Array) -> Tensors:
    rows, columns = p.STRIDE * (p.OH - 1) + 1, p.STRIDE * (p.OW - 1) + 1
    y = x[:, : rows : p.STRIDE, : columns : p.STRIDE]
    for i, j in list(np.ndindex(p.K, p.K))[1:]:
        name = "last row of the window" if i == p.K - 1 else "last column" if j == p.K - 1 else "other elements"
        y = step(name, np.maximum(y, x[:, i : i + rows : p.STRIDE, j : j + columns : p.STRIDE]), y)
    return {"y": y}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Every other plane is all negative: a maximum that starts from 0 is wrong there. The largest element is the second."""
    x = standard_inputs(rng, workload)["x"]
    x[1::2] = -np.abs(x[1::2].astype(np.float64)) - 1 if workload.dtype.is_float else x[1::2] | -128
    x[0] = np.minimum(x[0], 3)
    x[0, 0, 1] = 4 + rng.integers(100)
    return {"x": x}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """All negative; ramps whose largest element is the window's last in some planes and its first or a middle one in others."""
    p = workload.p
    h, w = np.mgrid[: p.H, : p.W]
    ramps = [3 * h + w, -3 * h + 4 * w, -abs(3 * h - 5) - abs(w - 3)]
    x = np.stack([ramps[c % 3] for c in range(p.C)])
    return {"x": np.maximum(x - x.max() - 1 - rng.integers(5), -128)}


def work(p: Params) -> Work:
    """Every element that a window reaches must be an operand of some maximum."""

    def reached(outputs: int) -> int:
        return min(p.K, p.STRIDE) * (outputs - 1) + p.K

    return Work({"max": p.C * (reached(p.OH) * reached(p.OW) - p.OH * p.OW)})


def sizes(*values: int) -> dict[str, int]:
    return dict(zip(("C", "H", "W", "K", "STRIDE"), values, strict=True))


task = Task(
    id="P26",
    name="maxpool2d",
    level="primitive",
    category="pooling",
    statement="y[c, h, w] = max over i, j < K of x[c, h * STRIDE + i, w * STRIDE + j], without padding: rows and columns that "
    "no whole window reaches are ignored.",
    inputs={"x": elem["C", "H", "W"]},
    outputs={"y": elem["C", "OH", "OW"]},
    configurations={
        "C1": sizes(1, 8, 8, 2, 2),
        "C2": sizes(4, 16, 16, 2, 2),
        "C3": sizes(3, 15, 15, 3, 2),
        "C4": sizes(16, 32, 32, 2, 2),
        "C5": sizes(2, 5, 5, 5, 1),
    },
    held_out={
        "C1": sizes(2, 8, 6, 2, 2),
        "C2": sizes(4, 16, 24, 2, 2),
        "C3": sizes(5, 13, 17, 3, 2),
        "C4": sizes(12, 32, 48, 2, 2),
        "C5": sizes(3, 4, 4, 4, 1),
    },
    derive={"OH": "(H - K) // STRIDE + 1", "OW": "(W - K) // STRIDE + 1"},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=work,
    dtypes=(f32, i8),
)
