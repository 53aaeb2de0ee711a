"""C22: rotary position embedding in eight bits."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, standard_inputs


def reference(p: Params, step: Step, x: Array, cos: Array, sin: Array) -> Tensors:
    def at_positions(table: Array) -> Array:
        rows = table[p.OFFSET :]
        return np.reshape(step("offset", rows, table[: p.T]) if p.OFFSET else rows, (p.T, 1, p.HALF))

    c, s = at_positions(cos), at_positions(sin)
    low, high = x[:, :, : p.HALF], x[:, :, p.HALF :]
    first = step("subtract the sine term", low * c - high * s, low * c)
    second = step("add the sine term", high * c + low * s, high * c)
    turned = np.concatenate([first, second], axis=2)
    rounded = step("round", turned + 64, turned) >> 7
    return {"y": step("saturate", np.clip(rounded, -128, 127), rounded)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """The angles are random, not those of any usual frequency: the tables must be read."""
    angles = rng.uniform(-np.pi, np.pi, workload.inputs["cos"].shape)
    tables = {"cos": np.rint(127 * np.cos(angles)), "sin": np.rint(127 * np.sin(angles))}
    return standard_inputs(rng, workload) | tables


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Pairs at the ends of the type, turned by an eighth of a turn and by tables of -128: sums beyond both limits, the largest of
    which 16 bits do not hold."""
    x = rng.choice([-128, 127], workload.inputs["x"].shape)
    x[:, :, ::2] = -128
    entries = np.arange(workload.inputs["cos"].size).reshape(workload.inputs["cos"].shape) % 3
    return {"x": x, "cos": np.array([-128, 90, -90])[entries], "sin": np.array([-128, 90, 91])[entries]}


task = Task(
    id="C22",
    name="rope_i8",
    level="composite",
    category="attention",
    statement="Rotates pairs of each head's elements by the angles of its position: with c = cos[t + OFFSET, i] and "
    "s = sin[t + OFFSET, i], for i < D / 2: y[t, h, i] = q(x[t, h, i] * c - x[t, h, i + D/2] * s) and "
    "y[t, h, i + D/2] = q(x[t, h, i + D/2] * c + x[t, h, i] * s), where q(n) = floor((n + 64) / 128), limited to [-128, 127]. "
    "The tables are given and hold any numbers of eight bits; their unit is 1/128. Sums need more than 16 bits.",
    inputs={"x": i8["T", "H", "D"], "cos": i8["P", "HALF"], "sin": i8["P", "HALF"]},
    outputs={"y": i8["T", "H", "D"]},
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
    dtypes=(i8,),
)
