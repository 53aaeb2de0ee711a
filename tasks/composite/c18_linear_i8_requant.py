"""C18: a linear layer in eight bits, requantised by channel."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, i32, standard_inputs

FRACTION = 20
"""Bits after the point of a scale."""


def reference(p: Params, step: Step, x: Array, w: Array, bias: Array, scale: Array) -> Tensors:
    product = x @ np.transpose(w)
    scaled = step("add the bias", product + bias, product) * scale
    rounded = step("round", scaled + 2 ** (FRACTION - 1), scaled) >> FRACTION
    return {"y": step("saturate", np.clip(rounded, -128, 127), rounded)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Scales that spread a channel's outputs over eight bits and somewhat beyond; biases of a sum's size."""
    p = workload.p
    spread = 74**2 * p.K**0.5
    scale = np.maximum(rng.uniform(30, 140, p.N) / spread * 2**FRACTION, 1)
    return standard_inputs(rng, workload) | {"bias": rng.normal(0, spread / 2, p.N), "scale": scale}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Channels in turn: products that need 38 bits, sums that the bias brings back, results halfway between integers."""
    p = workload.p
    drawn = dict(generate(rng, workload))
    x, w, bias, scale = (np.array(drawn[name]) for name in ("x", "w", "bias", "scale"))
    x[::2], w[::4], scale[::4] = -128, -128, 2**14
    w[1::4], bias[1::4] = 127, 128 * 127 * p.K
    # Zero weights leave the bias: 2^19 of it over 2^20 is a half, which goes up.
    w[2::4], bias[2::4], scale[2::4] = 0, 2 * rng.integers(-127, 127, len(bias[2::4])) + 1, 2 ** (FRACTION - 1)
    return {"x": x, "w": w, "bias": bias, "scale": scale}


def sizes(m: int, n: int, k: int) -> dict[str, int]:
    return {"M": m, "N": n, "K": k}


task = Task(
    id="C18",
    name="linear_i8_requant",
    level="composite",
    category="matmul",
    statement="t[m, n] = bias[n] + sum over k of x[m, k] * w[n, k], exact in 32 bits; y[m, n] = floor((t[m, n] * scale[n] + "
    "2^19) / 2^20), limited to [-128, 127]: halves are rounded up, negative ones too. Scales lie in [1, 2^19], biases in "
    "[-2^23, 2^23], so the product with the scale needs more than 32 bits.",
    inputs={"x": i8["M", "K"], "w": i8["N", "K"], "bias": i32["N"], "scale": i32["N"]},
    outputs={"y": i8["M", "N"]},
    configurations={
        "C1": sizes(4, 8, 8),
        "C2": sizes(16, 32, 32),
        "C3": sizes(13, 29, 31),
        "C4": sizes(48, 64, 256),
        "C5": sizes(1, 17, 300),
    },
    held_out={
        "C1": sizes(4, 16, 8),
        "C2": sizes(32, 32, 16),
        "C3": sizes(11, 37, 27),
        "C4": sizes(48, 96, 192),
        "C5": sizes(1, 13, 271),
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.M * p.N * p.K, "add": p.M * p.N, "mul": p.M * p.N}),
    dtypes=(i8,),
)
