"""References against plain loops, sound kernels that must pass, and tempting wrong ones that must not."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import tasks
from harness.grading.compare import compare
from harness.grading.tolerance import allowed_error
from harness.task import Array, Formats, Params, Workload

BY_ID = tasks.every_task()
F = np.float32


def judge(workload: Workload, kernel: Callable[..., Array], *, adversarial: bool, seed: int = 3) -> bool:
    """Whether a float32 kernel passes on one input set."""
    inputs = workload.draw(np.random.default_rng(seed), adversarial=adversarial)
    expected = workload.compute(inputs)
    with np.errstate(all="ignore"):
        got = {"y": kernel(workload.p, **inputs).astype(workload.outputs["y"].dtype.numpy)}
    return not compare(workload, got, expected, allowed_error(workload, inputs, expected, Formats()), "inputs")


# Plain loops


def softmax_row(x: Any) -> list[float]:
    e = [math.exp(v - max(x)) for v in x]
    return [v / sum(e) for v in e]


def layernorm_row(x: Any, gamma: Any, beta: Any) -> list[float]:
    mean = sum(x) / len(x)
    variance = sum((v - mean) ** 2 for v in x) / len(x)
    return [(v - mean) / math.sqrt(variance + 1e-5) * g + b for v, g, b in zip(x, gamma, beta, strict=True)]


def rmsnorm_row(x: Any, gamma: Any) -> list[float]:
    return [v / math.sqrt(sum(w * w for w in x) / len(x) + 1e-5) * g for v, g in zip(x, gamma, strict=True)]


def attend(q: Array, k: Array, v: Array, causal: bool) -> Array:
    y = np.zeros_like(q)
    for t in range(len(q)):
        keys = t + 1 if causal else len(k)
        weights = softmax_row([sum(q[t] * k[j]) / math.sqrt(q.shape[1]) for j in range(keys)])
        y[t] = sum(weight * v[j] for j, weight in enumerate(weights))
    return y


def convolve(x: Array, w: Array, stride: int, pad: int, shape: tuple[int, ...]) -> Array:
    y = np.zeros(shape)
    for o, h, c in np.ndindex(*shape):
        for n, i, j in np.ndindex(*w.shape[1:]):
            row, column = h * stride + i - pad, c * stride + j - pad
            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                y[o, h, c] += x[n, row, column] * w[o, n, i, j]
    return y


def rotate(x: Array, cos: Array, sin: Array) -> Array:
    """One head of one token."""
    half = len(x) // 2
    pairs = [complex(x[i], x[i + half]) * complex(cos[i], sin[i]) for i in range(half)]
    return np.array([z.real for z in pairs] + [z.imag for z in pairs])


def silu(x: float) -> float:
    return x / (1 + math.exp(-x)) if x > -700 else 0.0


def gelu(x: float) -> float:
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def rows(function: Callable[..., Any], x: Array, *weights: Array) -> Array:
    return np.array([function(row, *weights) for row in x])


def over_heads(p: Params, q: Array, k: Array, v: Array, causal: bool) -> Array:
    heads = [slice(h * p.E, (h + 1) * p.E) for h in range(p.H)]
    return np.hstack([attend(q[:, one], k[:, one], v[:, one], causal) for one in heads])


def conv_bn_relu(p: Params, x: Array, w: Array, gamma: Array, beta: Array, mean: Array, var: Array) -> Array:
    y = convolve(x, w, 1, 1, (p.COUT, p.H, p.W))
    for o in range(p.COUT):
        y[o] = (y[o] - mean[o]) / math.sqrt(var[o] + 1e-5) * gamma[o] + beta[o]
    return np.where(y > 0, y, 0)


def rope(p: Params, x: Array, cos: Array, sin: Array) -> Array:
    return np.array([[rotate(x[t, h], cos[t + p.OFFSET], sin[t + p.OFFSET]) for h in range(p.H)] for t in range(p.T)])


def swiglu(_p: Params, x: Array, w_gate: Array, w_up: Array, w_down: Array) -> Array:
    return (np.vectorize(silu)(x @ w_gate) * (x @ w_up)) @ w_down


def maxpool(p: Params, x: Array) -> Array:
    y = np.zeros((p.C, p.OH, p.OW))
    for c, h, w in np.ndindex(*y.shape):
        y[c, h, w] = max(x[c, h * p.STRIDE + i, w * p.STRIDE + j] for i in range(p.K) for j in range(p.K))
    return y


def vit_block(p: Params, x: Array, **w: Array) -> Array:
    qkv = rows(layernorm_row, x, w["ln1_gamma"], w["ln1_beta"]) @ w["w_qkv"] + w["b_qkv"]
    mixed = over_heads(p, *(qkv[:, i * p.D : (i + 1) * p.D] for i in range(3)), causal=False)
    r = x + mixed @ w["w_out"] + w["b_out"]
    hidden = rows(layernorm_row, r, w["ln2_gamma"], w["ln2_beta"]) @ w["w_fc1"] + w["b_fc1"]
    return r + np.vectorize(gelu)(hidden) @ w["w_fc2"] + w["b_fc2"]


def decoder_block(p: Params, x: Array, **w: Array) -> Array:
    n = rows(rmsnorm_row, x, w["rms1_gamma"])

    def turned(z: Array) -> Array:
        return np.array(
            [np.hstack([rotate(z[t, h * p.E : (h + 1) * p.E], w["cos"][t], w["sin"][t]) for h in range(p.H)]) for t in range(p.T)]
        )

    r = x + over_heads(p, turned(n @ w["w_q"]), turned(n @ w["w_k"]), n @ w["w_v"], causal=True) @ w["w_out"]
    return r + swiglu(p, rows(rmsnorm_row, r, w["rms2_gamma"]), w["w_gate"], w["w_up"], w["w_down"])


def row_max_argmax(p: Params, x: Array) -> Array:
    """All values, then all indices."""
    return np.array([max(row) for row in x] + [next(c for c in range(p.C) if row[c] == max(row)) for row in x])


def conv1d(p: Params, x: Array, w: Array) -> Array:
    y = np.zeros((p.COUT, p.OL))
    for o, at in np.ndindex(*y.shape):
        y[o, at] = sum(x[c, at * p.STRIDE + k] * w[o, c, k] for c in range(p.CIN) for k in range(p.K))
    return y


def quantize(p: Params, scale: Array, zero: Array, x: Array) -> list[int]:
    """By exact fractions; Python rounds halves of these to even. Integer scales, from 64 on, count in units of 2^-20."""
    unit = 1 if scale[0] < 64 else 2**20
    return [min(max(round(Fraction(v) * Fraction(scale[0]) / unit) + int(zero[0]), -128), 127) for v in x]


def requantize(total: float, scale: float) -> int:
    return math.floor(Fraction(total) * Fraction(scale) / 2**20 + Fraction(1, 2))


def linear_requant(p: Params, x: Array, w: Array, bias: Array, scale: Array) -> list[list[int]]:
    return [[min(max(requantize(sum(x[m] * w[n]) + bias[n], scale[n]), -128), 127) for n in range(p.N)] for m in range(p.M)]


def ffn_i8(p: Params, x: Array, w1: Array, scale1: Array, w2: Array, scale2: Array) -> list[list[int]]:
    y = []
    for t in range(p.T):
        hidden = np.array([min(max(requantize(sum(x[t] * w1[f]), scale1[f]), 0), 127) for f in range(p.F)])
        y.append([min(max(requantize(sum(hidden * w2[d]), scale2[d]), -128), 127) for d in range(p.D)])
    return y


def shares(below: list[int], table: Array) -> list[int]:
    """Of exponentials in their sum, in units of 1 / 256."""
    e = [int(table[i]) for i in below]
    total = max(sum(e), 1)
    return [min((256 * v + total // 2) // total, 255) for v in e]


def softmax_i8(table: Array, row: Array) -> list[int]:
    return [share - 128 for share in shares([int(max(row) - v) for v in row], table)]


def rmsnorm_i8(row: Array, gamma: Array) -> list[int]:
    root = max(math.isqrt(int(64 * sum(row * row)) // len(row)), 1)
    products = [int(8 * v * g) for v, g in zip(row, gamma, strict=True)]
    sizes = [(abs(n) + root // 2) // root for n in products]
    return [min(max(size if n > 0 else -size, -128), 127) for n, size in zip(products, sizes, strict=True)]


def conv_relu_i8(p: Params, x: Array, w: Array, bias: Array, scale: Array) -> Array:
    y = convolve(x, w, 1, 1, (p.COUT, p.H, p.W))
    for o, h, c in np.ndindex(*y.shape):
        y[o, h, c] = min(max(requantize(y[o, h, c] + bias[o], scale[o]), 0), 127)
    return y


def rope_i8(p: Params, x: Array, cos: Array, sin: Array) -> Array:
    exact = rope(p, x, cos, sin)
    halves_up = [[[math.floor(Fraction(v) / 128 + Fraction(1, 2)) for v in head] for head in token] for token in exact]
    return np.clip(halves_up, -128, 127)


def attention_i8(p: Params, scale: Array, table: Array, q: Array, k: Array, v: Array) -> list[list[int]]:
    y = []
    for i in range(p.T):
        keys = range(i + 1 if p.CAUSAL else p.T)
        scores = [min(max(requantize(sum(q[i] * k[j]), scale[0]), -128), 127) for j in keys]
        weights = shares([max(scores) - score for score in scores], table)
        sums = [sum(weight * int(v[j, d]) for j, weight in zip(keys, weights, strict=True)) for d in range(p.D)]
        y.append([min(max((total + 128) // 256, -128), 127) for total in sums])
    return y


LOOPS: dict[str, Callable[..., Any]] = {
    "P01": lambda p, a, b: [x + y for x, y in zip(a, b, strict=True)],
    "P02": lambda p, a, x, y: [a[0] * v + u for v, u in zip(x, y, strict=True)],
    "P03": lambda p, a, b, c: [x * y + z for x, y, z in zip(a, b, c, strict=True)],
    "P04": lambda p, x: [max(v, 0) for v in x],
    "P05": lambda p, lo, hi, x: [lo[0] if v < lo[0] else hi[0] if v > hi[0] else v for v in x],
    "P09": lambda p, x: [silu(v) for v in x],
    "P11": lambda p, x: [math.fsum(row) for row in x],
    "P12": row_max_argmax,
    "P14": lambda p, x: [math.fsum(x[: i + 1]) for i in range(p.N)],
    "P15": lambda p, x: rows(softmax_row, x),
    "P16": lambda p, x, gamma, beta: rows(layernorm_row, x, gamma, beta),
    "P17": lambda p, x, gamma: rows(rmsnorm_row, x, gamma),
    "P18": lambda p, x: [[x[m][n] for m in range(p.M)] for n in range(p.N)],
    "P21": lambda p, a, b: [[sum(a[m, k] * b[k, n] for k in range(p.K)) for n in range(p.N)] for m in range(p.M)],
    "P22": lambda p, a, b: [[[sum(x[m] * y[:, n]) for n in range(p.N)] for m in range(p.M)] for x, y in zip(a, b, strict=True)],
    "P23": conv1d,
    "P24": lambda p, x, w: convolve(x, w, p.STRIDE, p.PAD, (p.COUT, p.OH, p.OW)),
    "P26": maxpool,
    "P28": quantize,
    "P29": lambda p, a, b: [[sum(x * y) for y in b] for x in a],
    "P31": lambda p, table, x: [table[int(v) + 128] for v in x],
    "P32": lambda p, table, x: [softmax_i8(table, row) for row in x],
    "P33": lambda p, x, gamma: rows(rmsnorm_i8, x, gamma),
    "C01": lambda p, x, w, bias: [[max(sum(x[m] * w[:, n]) + bias[n], 0) for n in range(p.N)] for m in range(p.M)],
    "C04": swiglu,
    "C06": rope,
    "C07": lambda p, q, k, v: attend(q, k, v, bool(p.CAUSAL)),
    "C08": lambda p, q, k, v: attend(q, k, v, True),
    "C11": conv_bn_relu,
    "C18": linear_requant,
    "C19": ffn_i8,
    "C20": conv_relu_i8,
    "C21": attention_i8,
    "C22": rope_i8,
    "E05": vit_block,
    "E06": decoder_block,
}


@pytest.mark.parametrize("id", LOOPS)
@pytest.mark.parametrize("configuration", ["C1", "C3", "C5"])
@pytest.mark.parametrize("adversarial", [False, True])
def test_references_agree_with_plain_loops(id, configuration, adversarial):
    task = BY_ID[id]
    for workload in (task.workload(configuration, dtype, held_out=held) for dtype in task.dtypes for held in (False, True)):
        inputs = workload.draw(np.random.default_rng(11), adversarial=adversarial)
        wide = {name: array.astype(np.float64) for name, array in inputs.items()}
        expected = np.asarray(LOOPS[id](workload.p, **wide))
        finite = expected[np.isfinite(expected)]
        scale = np.abs(finite).max() if finite.size else 0
        found = np.concatenate([array.reshape(-1) for array in workload.compute(inputs).values()])
        assert found == pytest.approx(expected.reshape(-1), rel=1e-9, abs=1e-11 * scale)


def test_every_task_has_loops():
    assert LOOPS.keys() == BY_ID.keys()


# Sound kernels that are written differently


def folded(p: Params, x: Array, w: Array, gamma: Array, beta: Array, mean: Array, var: Array) -> Array:
    scale = gamma / np.sqrt(var + F(1e-5))
    y = convolve(x, (w * scale[:, None, None, None]).astype(F), 1, 1, (p.COUT, p.H, p.W)).astype(F)
    return np.maximum(y + (beta - mean * scale)[:, None, None], 0)


def online(p: Params, q: Array, k: Array, v: Array) -> Array:
    """Blocks of keys with a running maximum and sum."""
    y = np.zeros_like(v)
    for t in range(p.T):
        largest, total, row = F(-np.inf), F(0), np.zeros(p.D, F)
        for begin in range(0, t + 1, p.BLOCK):
            keys = slice(begin, min(begin + p.BLOCK, t + 1))
            scores = (k[keys] @ (q[t] * F(1 / math.sqrt(p.D)))).astype(F)
            before, largest = largest, max(largest, scores.max())
            weights, shrink = np.exp(scores - largest), np.exp(before - largest)
            total, row = total * shrink + weights.sum(), row * shrink + weights @ v[keys]
        y[t] = row / total
    return y


def stable_silu(_p: Params, x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return x * np.where(x < 0, e, F(1)) / (1 + e)


def reciprocal_norm(p: Params, x: Array, gamma: Array) -> Array:
    return x * (1 / np.sqrt((x * x).sum(axis=1, keepdims=True) * F(1 / p.C) + F(1e-5))) * gamma


SOUND = {"C11": folded, "C08": online, "P09": stable_silu, "P17": reciprocal_norm}


@pytest.mark.parametrize("id", SOUND)
@pytest.mark.parametrize("configuration", ["C1", "C3", "C5"])
@pytest.mark.parametrize("adversarial", [False, True])
def test_sound_kernels_that_are_written_differently_pass(id, configuration, adversarial):
    for held_out in (False, True):
        workload = BY_ID[id].workload(configuration, held_out=held_out)
        assert all(judge(workload, SOUND[id], adversarial=adversarial, seed=seed) for seed in range(4))


# Tempting wrong kernels


def flushing(id: str) -> Callable[..., Array]:
    """The reference in float32 on a machine that takes subnormal numbers for zero."""

    def flush(a: Array) -> Array:
        return np.where(np.abs(a) < np.finfo(F).tiny, F(0), a).astype(a.dtype)

    def kernel(p: Params, **inputs: Array) -> Array:
        flushed = {name: flush(array) for name, array in inputs.items()}
        return flush(BY_ID[id].reference(p, lambda _name, kept, _dropped: kept, **flushed)["y"])

    return kernel


def one_pass(p: Params, x: Array, gamma: Array, beta: Array) -> Array:
    mean, square = x.mean(axis=1, keepdims=True, dtype=F), (x * x).mean(axis=1, keepdims=True, dtype=F)
    return (x - mean) / np.sqrt(square - mean * mean + F(1e-5)) * gamma + beta


def biased_variance(p: Params, x: Array, gamma: Array, beta: Array) -> Array:
    return (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, ddof=1, keepdims=True) + F(1e-5)) * gamma + beta


def overflowing_silu(_p: Params, x: Array) -> Array:
    return x * np.exp(x) / (1 + np.exp(x))


def from_zero(p: Params, x: Array) -> Array:
    return np.maximum(maxpool(p, x), 0)


def flipped(p: Params, x: Array, w: Array) -> Array:
    return convolve(x, w[:, :, ::-1, ::-1], p.STRIDE, p.PAD, (p.COUT, p.OH, p.OW))


def interleaved_pairs(p: Params, x: Array, cos: Array, sin: Array) -> Array:
    apart = np.concatenate([x[..., 0::2], x[..., 1::2]], axis=2)
    y = rope(p, apart, cos, sin)
    return np.stack([y[..., : p.HALF], y[..., p.HALF :]], axis=3).reshape(y.shape)


def wrong_scale(p: Params, q: Array, k: Array, v: Array) -> Array:
    return attend(q.astype(np.float64) * math.sqrt(p.D / (p.D + 1)), k, v, bool(p.CAUSAL))


WRONG: list[tuple[str, str, Callable[..., Array]]] = [
    *((id, "flushes subnormals", flushing(id)) for id in ("P01", "P04", "P11", "P18", "P21", "P22", "C06")),
    ("P16", "variance in one pass", one_pass),
    ("P16", "variance over C - 1", biased_variance),
    ("P09", "exponential that overflows", overflowing_silu),
    ("P26", "maximum that starts from 0", from_zero),
    ("P24", "kernel flipped", flipped),
    ("C06", "neighbours as pairs", interleaved_pairs),
    ("C07", "scale a little off", wrong_scale),
]


@pytest.mark.parametrize(("id", "name", "kernel"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_tempting_wrong_kernels_fail(id, name, kernel):
    """At the tail sizes, on at least one of the sets that a grade draws."""
    workload = BY_ID[id].workload("C3")
    passes = [judge(workload, kernel, adversarial=False, seed=seed) for seed in range(3)]
    assert not all([*passes, judge(workload, kernel, adversarial=True)])
