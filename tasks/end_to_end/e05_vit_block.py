"""E05: a pre-norm vision transformer block."""

from __future__ import annotations

import math

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard

EPSILON = 1e-5


def reference(
    p: Params, step: Step, x: Array, ln1_gamma: Array, ln1_beta: Array, w_qkv: Array, b_qkv: Array, w_out: Array, b_out: Array,
    ln2_gamma: Array, ln2_beta: Array, w_fc1: Array, b_fc1: Array, w_fc2: Array, b_fc2: Array,
) -> Tensors:  # fmt: skip
    def layernorm(name: str, x: Array, gamma: Array, beta: Array) -> Array:
        centred = step(f"{name}: subtract the mean", x - np.sum(x, axis=1, keepdims=True) / p.D, x)
        variance = np.sum(centred * centred, axis=1, keepdims=True) / p.D
        normal = step(f"{name}: divide by the deviation", centred / np.sqrt(variance + EPSILON), centred)
        scaled = step(f"{name}: gamma", normal * gamma, normal)
        return step(f"{name}: beta", scaled + beta, scaled)

    def linear(name: str, x: Array, w: Array, b: Array) -> Array:
        product = x @ w
        return step(f"{name}: bias", product + b, product)

    def heads(x: Array) -> Array:
        return np.swapaxes(np.reshape(x, (p.T, p.H, p.E)), 0, 1)

    def attention(q: Array, k: Array, v: Array) -> Array:
        scores = q @ np.swapaxes(k, 1, 2)
        scores = step("attention: scale", scores * (1 / math.sqrt(p.E)), scores)
        weights = np.exp(step("attention: maximum", scores - np.max(scores, axis=2, keepdims=True), scores))
        weights = step("attention: normalize", weights / np.sum(weights, axis=2, keepdims=True), weights)
        return np.reshape(np.swapaxes(weights @ v, 0, 1), (p.T, p.D))

    def gelu(x: Array) -> Array:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))

    qkv = linear("qkv", layernorm("first norm", x, ln1_gamma, ln1_beta), w_qkv, b_qkv)
    mixed = attention(heads(qkv[:, : p.D]), heads(qkv[:, p.D : 2 * p.D]), heads(qkv[:, 2 * p.D :]))
    attended = linear("out", mixed, w_out, b_out)
    x = step("first residual", x + attended, attended)
    hidden = linear("fc1", layernorm("second norm", x, ln2_gamma, ln2_beta), w_fc1, b_fc1)
    y = linear("fc2", step("gelu", gelu(hidden), hidden), w_fc2, b_fc2)
    return {"y": step("second residual", x + y, y)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """One token is so small that epsilon decides."""
    drawn = {}
    for name, tensor in workload.inputs.items():
        scale = tensor.shape[0] ** -0.5 if name.startswith("w_") else 0.5
        drawn[name] = standard(rng, tensor, scale) + (1 if name.endswith("gamma") else 0)
    drawn["x"][rng.integers(workload.p.T)] *= 1e-3
    return drawn


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Scores too large for exp (a constant in q and k alike); tokens with an offset, and tokens so small, before attention and
    after it, that epsilon decides."""
    drawn, D = dict(generate(rng, workload)), workload.p.D
    drawn["b_qkv"][: 2 * D] = math.sqrt(140 / math.sqrt(workload.p.E))
    drawn["x"][::2] += 20
    for small in (drawn["x"][1::2], drawn["w_out"], drawn["b_out"]):
        small *= 1e-3
    for name in ("w_qkv", "w_out", "w_fc1", "w_fc2"):
        drawn[name][-1] *= 3
    return drawn


def work(p: Params) -> Work:
    tokens, scores = p.T * p.D, p.H * p.T * p.T
    return Work({
        "mac": 4 * tokens * p.D + 2 * tokens * p.F + 2 * scores * p.E + 4 * tokens,
        "add": 2 * tokens + scores - p.H * p.T,
        "mul": 2 * tokens,
        "exp": scores + p.T * p.F,
        "sqrt": 2 * p.T,
        "div": 2 * p.T + p.H * p.T,
    })  # fmt: skip


INPUTS = {
    "x": f32["T", "D"], "ln1_gamma": f32["D"], "ln1_beta": f32["D"], "w_qkv": f32["D", "3 * D"], "b_qkv": f32["3 * D"],
    "w_out": f32["D", "D"], "b_out": f32["D"], "ln2_gamma": f32["D"], "ln2_beta": f32["D"], "w_fc1": f32["D", "F"],
    "b_fc1": f32["F"], "w_fc2": f32["F", "D"], "b_fc2": f32["D"],
}  # fmt: skip

task = Task(
    id="E05",
    name="vit_block",
    level="end_to_end",
    category="full block",
    statement="A pre-norm transformer block on T tokens of width D. r = x + attention(ln(x; ln1_gamma, ln1_beta) w_qkv + b_qkv) "
    "w_out + b_out; y = r + gelu(ln(r; ln2_gamma, ln2_beta) w_fc1 + b_fc1) w_fc2 + b_fc2. ln normalizes each token: "
    "(z - mean) / sqrt(var + 1e-5) * gamma + beta, var being the mean of squares around the mean (divided by D). The "
    "three thirds of the qkv columns are q, k and v; head h is columns h*E to (h+1)*E - 1 of each, E = D / H; each "
    "head is softmax(q k^T / sqrt(E)) v over all tokens, not masked; heads are put side by side in order. gelu is the "
    "tanh form: 0.5 z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))). F = 4 D. Scores may be too large for exp: subtract "
    "each row's maximum.",
    inputs=INPUTS,
    outputs={"y": f32["T", "D"]},
    # C5 is not T = 1: attention over one token is a copy of v.
    configurations={
        "C1": {"T": 4, "D": 16, "H": 2},
        "C2": {"T": 8, "D": 32, "H": 4},
        "C3": {"T": 7, "D": 30, "H": 3},
        "C4": {"T": 16, "D": 64, "H": 4},
        "C5": {"T": 2, "D": 16, "H": 1},
    },
    held_out={
        "C1": {"T": 6, "D": 16, "H": 2},
        "C2": {"T": 8, "D": 48, "H": 4},
        "C3": {"T": 9, "D": 22, "H": 2},
        "C4": {"T": 24, "D": 64, "H": 8},
        "C5": {"T": 3, "D": 16, "H": 1},
    },
    derive={"F": "4 * D", "E": "D // H"},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=work,
)
