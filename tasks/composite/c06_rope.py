"""C06: rotary position embedding."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard


def reference(p: Params, step: Step, x: Array, cos: Array, sin: Array) -> Tensors:
    def at_positions(table: Array) -> Array:
        rows = table[p.OFFSET :]
        return np.reshape(step("offset", rows, table[: p.T]) if p.OFFSET else rows, (p.T, 1, p.HALF))

    c, s = at_positions(cos), at_positions(sin)
    low, high = x[:, :, : p.HALF], x[:, :, p.HALF :]
    first = step("subtract the sine term", low * c - high * s, low * c)
    second = step("add the sine term", high * c + low * s, high * c)
    return {"y": np.concatenate([first, second], axis=2)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """The angles are random, not those of any usual frequency: the tables must be read."""
    angles = rng.uniform(-np.pi, np.pi, workload.inputs["cos"].shape)
    return {"x": standard(rng, workload.inputs["x"]), "cos": np.cos(angles), "sin": np.sin(angles)}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Subnormal, tiny, large and cancelling pairs; angles that are multiples of a sixteenth turn."""
    x = standard(rng, workload.inputs["x"]).astype(np.float64)
    x *= np.resize([1e-41, 1.0, 1e30, 1e-30], x.shape)
    angles = rng.integers(0, 16, workload.inputs["cos"].shape) * (np.pi / 8)
    return {"x": x, "cos": np.cos(angles), "sin": np.sin(angles)}


task = Task(
    id="C06",
    name="rope",
    level="composite",
    category="attention",
    statement="Rotates pairs of each head's elements by the angles of its position: with c = cos[t + OFFSET, i] and "
    "s = sin[t + OFFSET, i], for i < D / 2: y[t, h, i] = x[t, h, i] * c - x[t, h, i + D/2] * s and "
    "y[t, h, i + D/2] = x[t, h, i + D/2] * c + x[t, h, i] * s. The tables are given and hold arbitrary angles. "
    "Subnormal values are kept.",
    inputs={"x": f32["T", "H", "D"], "cos": f32["P", "HALF"], "sin": f32["P", "HALF"]},
    outputs={"y": f32["T", "H", "D"]},
    configurations={
        "C1": {"T": 2, "H": 1, "D": 8, "OFFSET": 0},
        "C2": {"T": 8, "H": 2, "D": 16, "OFFSET": 8},
        "C3": {"T": 7, "H": 3, "D": 14, "OFFSET": 5},
        "C4": {"T": 64, "H": 4, "D": 64, "OFFSET": 64},
        "C5": {"T": 1, "H": 1, "D": 2, "OFFSET": 3},
    },
    held_out={
        "C1": {"T": 3, "H": 1, "D": 8, "OFFSET": 2},
        "C2": {"T": 8, "H": 4, "D": 8, "OFFSET": 0},
        "C3": {"T": 9, "H": 5, "D": 10, "OFFSET": 11},
        "C4": {"T": 48, "H": 4, "D": 64, "OFFSET": 17},
        "C5": {"T": 1, "H": 1, "D": 4, "OFFSET": 6},
    },
    derive={"P": "T + OFFSET", "HALF": "D // 2"},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mul": p.T * p.H * p.D, "mac": p.T * p.H * p.D}),
)
