"""C11: convolution, batch normalization and rectifier."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard, standard_inputs

EPSILON = 1e-5


def reference(p: Params, step: Step, x: Array, w: Array, gamma: Array, beta: Array, mean: Array, var: Array) -> Tensors:
    around = ((0, 0), (1, 1), (1, 1))
    padded = step("pad with zeros", np.pad(x, around), np.pad(x, around, mode="edge"))
    # All terms of an output in one column, so that a single product sums them.
    shifted = [padded[:, i : i + p.H, j : j + p.W] for i in range(3) for j in range(3)]
    convolved = np.reshape(w, (p.COUT, p.CIN * 9)) @ np.reshape(np.stack(shifted, axis=1), (p.CIN * 9, p.H * p.W))

    def per_channel(values: Array) -> Array:
        return np.reshape(values, (p.COUT, 1))

    centred = step("subtract the mean", convolved - per_channel(mean), convolved)
    variance = step("add epsilon", var + EPSILON, var)
    normal = step("divide by the deviation", centred / per_channel(np.sqrt(variance)), centred)
    scaled = step("multiply by gamma", normal * per_channel(gamma), normal)
    shifted_by_beta = step("add beta", scaled + per_channel(beta), scaled)
    return {"y": np.reshape(step("clamp at zero", np.maximum(shifted_by_beta, 0), shifted_by_beta), (p.COUT, p.H, p.W))}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Some variances are so small that epsilon matters."""
    variance = 10.0 ** rng.uniform(-6, 1, workload.p.COUT)
    w = standard(rng, workload.inputs["w"]) * np.sqrt(variance / (9 * workload.p.CIN))[:, None, None, None]
    mean = standard(rng, workload.inputs["mean"]) * np.sqrt(variance)
    gamma = 1 + standard(rng, workload.inputs["gamma"], 0.5)
    return standard_inputs(rng, workload) | {"w": w, "mean": mean, "var": variance, "gamma": gamma}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Nearly all weight on the image's border and in the kernel's last element; a variance below epsilon; both signs of gamma."""
    drawn = dict(generate(rng, workload))
    x = drawn["x"]
    x[:, 0, :], x[:, -1, :], x[:, :, 0], x[:, :, -1] = 5, -7, 9, 11
    drawn["w"][:, -1, -1, -1] *= 20
    drawn["var"][0] = 2e-6
    drawn["gamma"] = np.abs(drawn["gamma"]) * (-1.0) ** np.arange(workload.p.COUT)
    return drawn


def work(p: Params) -> Work:
    """Only products with elements inside the image; normalization folded into the weights costs nothing per output."""
    macs = p.COUT * p.CIN * (3 * p.H - 2) * (3 * p.W - 2)
    outputs = p.COUT * p.H * p.W
    return Work({"mac": macs, "add": outputs, "max": outputs, "sqrt": p.COUT, "div": p.COUT})


def sizes(*values: int) -> dict[str, int]:
    return dict(zip(("CIN", "H", "W", "COUT"), values, strict=True))


task = Task(
    id="C11",
    name="conv_bn_relu",
    level="composite",
    category="convolution",
    statement="y[o] = max((c[o] - mean[o]) / sqrt(var[o] + 1e-5) * gamma[o] + beta[o], 0) by element, where c[o, h, w] = sum "
    "over k, i, j (i, j < 3) of x[k, h + i - 1, w + j - 1] * w[o, k, i, j] and x is 0 outside of its H x W plane (the "
    "kernel is not flipped). Folding the normalization into the weights is legal.",
    inputs={
        "x": f32["CIN", "H", "W"],
        "w": f32["COUT", "CIN", 3, 3],
        "gamma": f32["COUT"],
        "beta": f32["COUT"],
        "mean": f32["COUT"],
        "var": f32["COUT"],
    },
    outputs={"y": f32["COUT", "H", "W"]},
    configurations={
        "C1": sizes(1, 8, 8, 2),
        "C2": sizes(4, 16, 16, 8),
        "C3": sizes(3, 15, 13, 5),
        "C4": sizes(8, 32, 32, 16),
        "C5": sizes(2, 5, 5, 3),
    },
    held_out={
        "C1": sizes(2, 8, 8, 1),
        "C2": sizes(4, 16, 24, 4),
        "C3": sizes(5, 11, 17, 3),
        "C4": sizes(12, 24, 32, 16),
        "C5": sizes(3, 4, 6, 2),
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=work,
)
