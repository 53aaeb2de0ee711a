"""C21: attention of one head in eight bits, with the exponential as a table."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, i16, i32, standard_inputs

FRACTION = 20
"""Bits after the point of the scale."""


def reference(p: Params, step: Step, scale: Array, table: Array, q: Array, k: Array, v: Array) -> Tensors:
    scaled = q @ np.transpose(k) * scale
    rounded = step("round the scores", scaled + 2 ** (FRACTION - 1), scaled) >> FRACTION
    scores = step("saturate the scores", np.clip(rounded, -128, 127), rounded)
    taken = np.tri(p.T, dtype=bool) if p.CAUSAL else np.ones((p.T, p.T), bool)
    taken = step("mask", taken, np.ones((p.T, p.T), bool)) if p.CAUSAL else taken
    # -128 is the least score, so a key that is not taken never decides the maximum.
    largest = np.max(np.where(taken, scores, -128), axis=1, keepdims=True)
    exponential = np.where(taken, table[np.clip(largest - scores, 0, 255)], 0)
    total = np.maximum(np.sum(exponential, axis=1, keepdims=True), 1)
    share = 256 * exponential
    share = step("round the weights", share + total // 2, share) // total
    weights = step("limit the weights to 255", np.minimum(share, 255), share)
    mixed = weights @ v
    return {"y": np.clip(step("round the result", mixed + 128, mixed) >> 8, -128, 127)}


def exponentials(steepness: float) -> Array:
    """The table of exp(-i * steepness), in units of 2^-15."""
    return np.rint(32767 * np.exp(-np.arange(256) * steepness))


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """A scale at which a query has several keys with some weight; the largest products saturate. Half of the tables begin with 0,
    so that sums are 0."""
    scale = rng.uniform(20, 60) / (74**2 * workload.p.D**0.5) * 2**FRACTION
    table = exponentials(rng.uniform(1 / 20, 1 / 8))
    table[0] *= rng.integers(2)
    return standard_inputs(rng, workload) | {"scale": np.array([scale]), "table": table}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Queries in turn: the first key takes everything; the scores of the first two are beyond the limit, so both count the same;
    all scores are equal. One column of the result is at the type's end, where a weight of 256 would show."""
    p = workload.p
    drawn = standard_inputs(rng, workload)
    q, k, v = (drawn[name] for name in "qkv")
    half = np.arange(p.D) % 2
    k //= 16
    k[0] = rng.choice([-127, 127], p.D)
    k[1] = k[0] // 2 * (-1) ** half
    q[0::3] = k[0]
    q[1::3] = np.where(half == 0, k[0], 0)
    q[2::3] = 0
    v[:, 0] = -128
    scale = 900 / (127**2 * p.D) * 2**FRACTION
    return {"scale": np.array([scale]), "table": exponentials(rng.uniform(1 / 8, 1 / 4)), "q": q, "k": k, "v": v}


def work(p: Params) -> Work:
    scores = p.T * (p.T + 1) // 2 if p.CAUSAL else p.T * p.T
    return Work({"mac": 2 * scores * p.D, "mul": scores, "max": scores - p.T, "add": 2 * scores - p.T, "div": p.T})


task = Task(
    id="C21",
    name="attention_i8",
    level="composite",
    category="attention",
    statement="Scores: s[i, j] = floor(((sum over d of q[i, d] * k[j, d]) * scale[0] + 2^19) / 2^20), limited to [-128, 127], "
    "with scale in [1, 2^14]. If CAUSAL is 1, only keys j <= i take part; if it is 0, all do. Weights, with m[i] = max over j "
    "of s[i, j], e[i, j] = table[m[i] - s[i, j]] and t[i] = max(sum over j of e[i, j], 1): p[i, j] = min(floor((256 * e[i, j] "
    "+ floor(t[i] / 2)) / t[i]), 255). Result: y[i, d] = floor(((sum over j of p[i, j] * v[j, d]) + 128) / 256), limited to "
    "[-128, 127]. The entries of the table lie in [0, 32767]; it holds an exponential of falling argument, but its first entry "
    "may be 0. Only the product with the scale needs more than 32 bits.",
    inputs={"scale": i32[1], "table": i16[256], "q": i8["T", "D"], "k": i8["T", "D"], "v": i8["T", "D"]},
    outputs={"y": i8["T", "D"]},
    # C5 is not T = 1: with one key the output is nearly a copy of v.
    configurations={
        "C1": {"T": 4, "D": 8, "CAUSAL": 0},
        "C2": {"T": 16, "D": 16, "CAUSAL": 1},
        "C3": {"T": 13, "D": 14, "CAUSAL": 0},
        "C4": {"T": 64, "D": 32, "CAUSAL": 1},
        "C5": {"T": 2, "D": 16, "CAUSAL": 0},
    },
    held_out={
        "C1": {"T": 6, "D": 8, "CAUSAL": 1},
        "C2": {"T": 24, "D": 16, "CAUSAL": 0},
        "C3": {"T": 11, "D": 18, "CAUSAL": 1},
        "C4": {"T": 48, "D": 48, "CAUSAL": 0},
        "C5": {"T": 3, "D": 16, "CAUSAL": 1},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=work,
    dtypes=(i8,),
)
