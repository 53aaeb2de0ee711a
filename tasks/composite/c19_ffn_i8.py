"""C19: a feed-forward block in eight bits."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, i32, standard_inputs

FRACTION = 20
"""Bits after the point of a scale."""


def reference(p: Params, step: Step, x: Array, w1: Array, scale1: Array, w2: Array, scale2: Array) -> Tensors:
    half = 2 ** (FRACTION - 1)
    scaled = x @ np.transpose(w1) * scale1
    rounded = step("round the hidden layer", scaled + half, scaled) >> FRACTION
    positive = step("relu", np.maximum(rounded, 0), np.maximum(rounded, -128))
    hidden = step("saturate the hidden layer", np.minimum(positive, 127), positive)
    scaled = hidden @ np.transpose(w2) * scale2
    rounded = step("round the result", scaled + half, scaled) >> FRACTION
    return {"y": step("saturate the result", np.clip(rounded, -128, 127), rounded)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Scales that spread the results of both layers over eight bits and somewhat beyond."""
    p = workload.p
    spread1, spread2 = 74**2 * p.D**0.5, 45 * 74 * p.F**0.5
    scales = {
        "scale1": rng.uniform(30, 140, p.F) / spread1 * 2**FRACTION,
        "scale2": rng.uniform(30, 140, p.D) / spread2 * 2**FRACTION,
    }
    return standard_inputs(rng, workload) | scales


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """The extremes of the type in every other row of both weights, against tokens that are all extreme as well."""
    drawn = dict(generate(rng, workload))
    x, w1, w2 = (np.array(drawn[name]) for name in ("x", "w1", "w2"))
    x[::2] = rng.choice([-128, 127], x[::2].shape)
    w1[::2] = rng.choice([-128, 127], w1[::2].shape)
    w2[::2] = rng.choice([-128, 127], w2[::2].shape)
    return drawn | {"x": x, "w1": w1, "w2": w2}


def sizes(t: int, d: int, f: int) -> dict[str, int]:
    return {"T": t, "D": d, "F": f}


task = Task(
    id="C19",
    name="ffn_i8",
    level="composite",
    category="full block",
    statement="h[t, f] = q(sum over d of x[t, d] * w1[f, d], scale1[f]) limited to [0, 127]; y[t, d] = q(sum over f of "
    "h[t, f] * w2[d, f], scale2[d]) limited to [-128, 127]; q(s, scale) = "
    "floor((s * scale + 2^19) / 2^20). Sums are exact in 32 bits; scales lie in [1, 2^14], so the products with them need more.",
    inputs={"x": i8["T", "D"], "w1": i8["F", "D"], "scale1": i32["F"], "w2": i8["D", "F"], "scale2": i32["D"]},
    outputs={"y": i8["T", "D"]},
    configurations={
        "C1": sizes(2, 8, 16),
        "C2": sizes(4, 32, 64),
        "C3": sizes(3, 30, 62),
        "C4": sizes(16, 64, 192),
        "C5": sizes(1, 48, 80),
    },
    held_out={
        "C1": sizes(3, 8, 12),
        "C2": sizes(8, 32, 48),
        "C3": sizes(5, 26, 54),
        "C4": sizes(12, 64, 160),
        "C5": sizes(1, 40, 96),
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": 2 * p.T * p.D * p.F, "mul": p.T * (p.D + p.F), "max": p.T * p.F}),
    dtypes=(i8,),
)
