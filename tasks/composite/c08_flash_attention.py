"""C08: causal attention computed block by block."""

from __future__ import annotations

import math

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard, standard_inputs


def reference(p: Params, step: Step, q: Array, k: Array, v: Array) -> Tensors:
    scores = q @ np.transpose(k)
    scores = step("scale", scores * (1 / math.sqrt(p.D)), scores)
    scores = step("mask", np.where(np.tri(p.T, dtype=bool), scores, -math.inf), scores)
    shifted = step("subtract the maximum", scores - np.max(scores, axis=1, keepdims=True), scores)
    weights = np.exp(shifted)
    weights = step("divide by the sum", weights / np.sum(weights, axis=1, keepdims=True), weights)
    return {"y": weights @ v}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Queries in turn: scores that rise with the key, so that every block raises the maximum; that fall; all equal.
    They pass what exp can hold. The last key of all has the largest value."""
    p = workload.p
    direction = rng.normal(size=p.D)
    size = np.resize([100.0, -110.0, 0.0], (p.T, 1)) * math.sqrt(p.D) / (direction @ direction)
    rising = np.linspace(0.95, 1.05, p.T)[:, None]
    k = direction * rising + standard(rng, workload.inputs["k"], 0.01)
    v = standard(rng, workload.inputs["v"])
    v[-1] *= 10
    return {"q": direction * size, "k": k, "v": v}


def work(p: Params) -> Work:
    scores = p.T * (p.T + 1) // 2
    return Work({"mac": 2 * scores * p.D, "exp": scores, "add": scores - p.T, "mul": p.T * p.D, "div": p.T})


task = Task(
    id="C08",
    name="flash_attention",
    level="composite",
    category="attention",
    statement="y = softmax(s) v with s[i, j] = (sum over d of q[i, d] * k[j, d]) / sqrt(D) for j <= i (causal) and the softmax "
    "over j <= i. To be computed over blocks of BLOCK keys with a running maximum and sum, so that no T x T matrix is ever held. "
    "The last block may be partial. Scores may be too large for exp.",
    inputs={"q": f32["T", "D"], "k": f32["T", "D"], "v": f32["T", "D"]},
    outputs={"y": f32["T", "D"]},
    configurations={
        "C1": {"T": 8, "D": 8, "BLOCK": 4},
        "C2": {"T": 32, "D": 16, "BLOCK": 8},
        "C3": {"T": 29, "D": 14, "BLOCK": 8},
        "C4": {"T": 128, "D": 32, "BLOCK": 16},
        "C5": {"T": 17, "D": 16, "BLOCK": 16},
    },
    held_out={
        "C1": {"T": 12, "D": 8, "BLOCK": 4},
        "C2": {"T": 48, "D": 16, "BLOCK": 16},
        "C3": {"T": 31, "D": 10, "BLOCK": 12},
        "C4": {"T": 96, "D": 48, "BLOCK": 16},
        "C5": {"T": 9, "D": 16, "BLOCK": 8},
    },
    generate=standard_inputs,
    adversarial=adversarial,
    reference=reference,
    work=work,
)
