"""C07: scaled dot-product attention of one head."""

from __future__ import annotations

import math

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard, standard_inputs


def reference(p: Params, step: Step, q: Array, k: Array, v: Array) -> Tensors:
    scores = q @ np.transpose(k)
    scores = step("scale", scores * (1 / math.sqrt(p.D)), scores)
    if p.CAUSAL:
        scores = step("mask", np.where(np.tri(p.T, dtype=bool), scores, -math.inf), scores)
    shifted = step("subtract the maximum", scores - np.max(scores, axis=1, keepdims=True), scores)
    weights = np.exp(shifted)
    weights = step("divide by the sum", weights / np.sum(weights, axis=1, keepdims=True), weights)
    return {"y": weights @ v}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Queries in turn: scores too large for exp, too small for exp, all equal; the last key has the largest value."""
    p = workload.p
    direction = rng.normal(size=p.D)
    size = np.resize([100.0, -110.0, 0.0], (p.T, 1)) * math.sqrt(p.D) / (direction @ direction)
    k = direction + standard(rng, workload.inputs["k"], 0.03)
    v = standard(rng, workload.inputs["v"])
    v[-1] *= 10
    return {"q": direction * size, "k": k, "v": v}


def work(p: Params) -> Work:
    scores = p.T * (p.T + 1) // 2 if p.CAUSAL else p.T * p.T
    return Work({"mac": 2 * scores * p.D, "exp": scores, "add": scores - p.T, "mul": p.T * p.D, "div": p.T})


task = Task(
    id="C07",
    name="attention_1head",
    level="composite",
    category="attention",
    statement="y = softmax(s) v with s[i, j] = (sum over d of q[i, d] * k[j, d]) / sqrt(D) and the softmax over j. "
    "If CAUSAL is 1, only keys j <= i take part; if it is 0, all do. Scores may be too large for exp: "
    "subtract each row's maximum.",
    inputs={"q": f32["T", "D"], "k": f32["T", "D"], "v": f32["T", "D"]},
    outputs={"y": f32["T", "D"]},
    # C5 is not T = 1: with one key the output is a copy of v.
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
    generate=standard_inputs,
    adversarial=adversarial,
    reference=reference,
    work=work,
)
