"""C20: convolution, requantisation by channel and rectifier in eight bits."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, i32, standard_inputs

FRACTION = 20
"""Bits after the point of a scale."""


def reference(p: Params, step: Step, x: Array, w: Array, bias: Array, scale: Array) -> Tensors:
    around = ((0, 0), (1, 1), (1, 1))
    padded = step("pad with zeros", np.pad(x, around), np.pad(x, around, mode="edge"))
    # All terms of an output in one column, so that a single product sums them.
    shifted = [padded[:, i : i + p.H, j : j + p.W] for i in range(3) for j in range(3)]
    convolved = np.reshape(w, (p.COUT, p.CIN * 9)) @ np.reshape(np.stack(shifted, axis=1), (p.CIN * 9, p.H * p.W))
    biased = step("add the bias", convolved + np.reshape(bias, (p.COUT, 1)), convolved)
    scaled = biased * np.reshape(scale, (p.COUT, 1))
    rounded = step("round", scaled + 2 ** (FRACTION - 1), scaled) >> FRACTION
    positive = step("relu", np.maximum(rounded, 0), np.maximum(rounded, -128))
    return {"y": np.reshape(step("saturate", np.minimum(positive, 127), positive), (p.COUT, p.H, p.W))}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Scales that spread a channel's outputs over eight bits and somewhat beyond; biases of a sum's size."""
    p = workload.p
    spread = 74**2 * (9 * p.CIN) ** 0.5
    scale = rng.uniform(60, 180, p.COUT) / spread * 2**FRACTION
    return standard_inputs(rng, workload) | {"bias": rng.normal(0, spread / 2, p.COUT), "scale": scale}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Channels in turn: the largest products, at the largest scale; weight on the border and the last element only; results
    halfway between integers."""
    drawn = dict(generate(rng, workload))
    x, w, bias, scale = (np.array(drawn[name]) for name in ("x", "w", "bias", "scale"))
    x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1] = -128, 127, 127, -128
    w[::3], scale[::3] = rng.choice([-128, 127]), 2**14
    w[1::3, :, :, :2], bias[1::3] = 0, 0
    # Zero weights leave the bias: 2^19 of it over 2^20 is a half, which goes up.
    w[2::3], bias[2::3], scale[2::3] = 0, 2 * rng.integers(1, 127, len(bias[2::3])) - 1, 2 ** (FRACTION - 1)
    return {"x": x, "w": w, "bias": bias, "scale": scale}


def work(p: Params) -> Work:
    """Only products with elements inside the image."""
    macs = p.COUT * p.CIN * (3 * p.H - 2) * (3 * p.W - 2)
    outputs = p.COUT * p.H * p.W
    return Work({"mac": macs, "add": outputs, "mul": outputs, "max": outputs})


def sizes(*values: int) -> dict[str, int]:
    return dict(zip(("CIN", "H", "W", "COUT"), values, strict=True))


task = Task(
    id="C20",
    name="conv_relu_i8",
    level="composite",
    category="convolution",
    statement="t[o, h, w] = bias[o] + sum over c, i, j (i, j < 3) of x[c, h + i - 1, w + j - 1] * w[o, c, i, j], exact in 32 "
    "bits, where x is 0 outside of its H x W plane (the kernel is not flipped); y[o, h, w] = floor((t[o, h, w] * scale[o] + "
    "2^19) / 2^20), limited to [0, 127]: halves are rounded up. Scales lie in [1, 2^19], biases in [-2^23, 2^23], so the "
    "product with the scale needs more than 32 bits.",
    inputs={"x": i8["CIN", "H", "W"], "w": i8["COUT", "CIN", 3, 3], "bias": i32["COUT"], "scale": i32["COUT"]},
    outputs={"y": i8["COUT", "H", "W"]},
    configurations={
        "C1": sizes(1, 8, 8, 2),
        "C2": sizes(4, 16, 16, 8),
        "C3": sizes(3, 15, 13, 5),
        "C4": sizes(8, 32, 32, 16),
        "C5": sizes(2, 5, 5, 3),
    },
    held_out={
        "C1": sizes(2, 8, 8, 3),
        "C2": sizes(4, 16, 24, 4),
        "C3": sizes(5, 11, 17, 3),
        "C4": sizes(12, 24, 32, 16),
        "C5": sizes(3, 4, 6, 2),
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=work,
    dtypes=(i8,),
)
