"""E06: a pre-norm decoder block with rotary positions and a SwiGLU layer (prefill)."""

from __future__ import annotations

import math

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard

EPSILON = 1e-5


def reference(
    p: Params, step: Step, x: Array, rms1_gamma: Array, w_q: Array, w_k: Array, w_v: Array, w_out: Array, rms2_gamma: Array,
    w_gate: Array, w_up: Array, w_down: Array, cos: Array, sin: Array,
) -> Tensors:  # fmt: skip
    def rmsnorm(name: str, x: Array, gamma: Array) -> Array:
        mean_square = np.sum(x * x, axis=1, keepdims=True) / p.D
        normal = step(f"{name}: divide by the root mean square", x / np.sqrt(mean_square + EPSILON), x)
        return step(f"{name}: gamma", normal * gamma, normal)

    def heads(x: Array) -> Array:
        return np.swapaxes(np.reshape(x, (p.T, p.H, p.E)), 0, 1)

    def rotate(name: str, x: Array) -> Array:
        low, high = x[:, :, : p.HALF], x[:, :, p.HALF :]
        return step(f"rotate {name}", np.concatenate([low * cos - high * sin, high * cos + low * sin], axis=2), x)

    def attention(q: Array, k: Array, v: Array) -> Array:
        scores = q @ np.swapaxes(k, 1, 2)
        scores = step("attention: scale", scores * (1 / math.sqrt(p.E)), scores)
        scores = step("attention: mask", np.where(np.tri(p.T, dtype=bool), scores, -math.inf), scores)
        weights = np.exp(step("attention: maximum", scores - np.max(scores, axis=2, keepdims=True), scores))
        weights = step("attention: normalize", weights / np.sum(weights, axis=2, keepdims=True), weights)
        return np.reshape(np.swapaxes(weights @ v, 0, 1), (p.T, p.D))

    normal = rmsnorm("first norm", x, rms1_gamma)
    mixed = attention(rotate("q", heads(normal @ w_q)), rotate("k", heads(normal @ w_k)), heads(normal @ w_v))
    attended = mixed @ w_out
    x = step("first residual", x + attended, attended)
    normal = rmsnorm("second norm", x, rms2_gamma)
    gate = normal @ w_gate
    gate = step("silu", gate / (1 + np.exp(-gate)), gate)
    y = step("multiply by the up projection", gate * (normal @ w_up), gate) @ w_down
    return {"y": step("second residual", x + y, y)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """The angles are random, not those of any usual frequency: the tables must be read. One token is so small that epsilon
    decides."""
    drawn = {}
    for name, tensor in workload.inputs.items():
        scale = tensor.shape[0] ** -0.5 if name.startswith("w_") else 0.5
        drawn[name] = standard(rng, tensor, scale) + (1 if name.endswith("gamma") else 0)
    drawn["x"][rng.integers(workload.p.T)] *= 1e-3
    angles = rng.uniform(-np.pi, np.pi, workload.inputs["cos"].shape)
    return drawn | {"cos": np.cos(angles), "sin": np.sin(angles)}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Scores too large for exp and of both signs; the last terms of the products outweigh the others; every other token so small,
    before attention and after it, that epsilon decides."""
    drawn = dict(generate(rng, workload))
    drawn["x"][:, -1], drawn["rms1_gamma"][-1] = 3, 2
    for name in ("w_q", "w_v", "w_out", "w_gate", "w_up", "w_down"):
        drawn[name][-1] *= 3
    for small in (drawn["x"][1::2], drawn["w_out"]):
        small *= 1e-3
    drawn["w_k"] = drawn["w_q"] * (200 / math.sqrt(workload.p.E))
    return drawn


def work(p: Params) -> Work:
    tokens, scores = p.T * p.D, p.H * p.T * (p.T + 1) // 2
    return Work({
        "mac": 4 * tokens * p.D + 3 * tokens * p.F + 2 * scores * p.E + 4 * tokens,
        "mul": 6 * tokens + p.T * p.F,
        "add": 2 * tokens + scores - p.H * p.T,
        "exp": scores + p.T * p.F,
        "sqrt": 2 * p.T,
        "div": 2 * p.T + p.H * p.T + p.T * p.F,
    })  # fmt: skip


INPUTS = {
    "x": f32["T", "D"], "rms1_gamma": f32["D"], "w_q": f32["D", "D"], "w_k": f32["D", "D"], "w_v": f32["D", "D"],
    "w_out": f32["D", "D"], "rms2_gamma": f32["D"], "w_gate": f32["D", "F"], "w_up": f32["D", "F"], "w_down": f32["F", "D"],
    "cos": f32["T", "HALF"], "sin": f32["T", "HALF"],
}  # fmt: skip

task = Task(
    id="E06",
    name="decoder_block",
    level="end_to_end",
    category="full block",
    statement="A pre-norm causal decoder block on T tokens of width D (prefill from position 0). n = rms(x; rms1_gamma); q, k, "
    "v = n w_q, n w_k, n w_v; r = x + attention(rot(q), rot(k), v) w_out; m = rms(r; rms2_gamma); y = r + (silu(m "
    "w_gate) * (m w_up)) w_down. rms(z; gamma) = z / sqrt(mean of z^2 over D + 1e-5) * gamma for each token. Head h "
    "is columns h*E to (h+1)*E - 1, E = D / H. rot turns pairs (i, i + E/2) of each head of token t: low' = low * "
    "cos[t, i] - high * sin[t, i], high' = high * cos[t, i] + low * sin[t, i]; the tables are given and hold "
    "arbitrary angles. Each head is softmax(q k^T / sqrt(E)) v over keys j <= i; heads are put side by side in order. "
    "silu(z) = z / (1 + exp(-z)). Scores may be too large for exp: subtract each row's maximum.",
    inputs=INPUTS,
    outputs={"y": f32["T", "D"]},
    # C5 is not T = 1: attention over one token is a copy of v.
    configurations={
        "C1": {"T": 2, "D": 16, "H": 2, "F": 32},
        "C2": {"T": 4, "D": 32, "H": 4, "F": 64},
        "C3": {"T": 3, "D": 30, "H": 3, "F": 62},
        "C4": {"T": 16, "D": 64, "H": 4, "F": 128},
        "C5": {"T": 2, "D": 32, "H": 2, "F": 48},
    },
    held_out={
        "C1": {"T": 3, "D": 16, "H": 2, "F": 24},
        "C2": {"T": 8, "D": 32, "H": 2, "F": 64},
        "C3": {"T": 5, "D": 42, "H": 3, "F": 50},
        "C4": {"T": 24, "D": 64, "H": 8, "F": 96},
        "C5": {"T": 3, "D": 32, "H": 2, "F": 40},
    },
    derive={"E": "D // H", "HALF": "E // 2"},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=work,
)
