"""C04: a feed-forward layer with a SiLU gate."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, f32, standard


def reference(p: Params, step: Step, x: Array, w_gate: Array, w_up: Array, w_down: Array) -> Tensors:
    gate = x @ w_gate
    gate = step("silu", gate / (1 + np.exp(-gate)), gate)
    hidden = step("multiply by the up projection", gate * (x @ w_up), gate)
    return {"y": hidden @ w_down}


def generate(rng: np.random.Generator, workload: Workload, spread: float = 1) -> Tensors:
    return {
        "x": standard(rng, workload.inputs["x"]),
        "w_gate": standard(rng, workload.inputs["w_gate"], spread * workload.p.D**-0.5),
        "w_up": standard(rng, workload.inputs["w_up"], workload.p.D**-0.5),
        "w_down": standard(rng, workload.inputs["w_down"], workload.p.F**-0.5),
    }


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Gates so wide that the exponential overflows; the last terms of all three products outweigh the others."""
    drawn = generate(rng, workload, spread=60)
    drawn["x"][:, -1] *= 6
    drawn["w_down"][-1] *= 6
    return drawn


task = Task(
    id="C04",
    name="swiglu_ffn",
    level="composite",
    category="full block",
    statement="y = (silu(x w_gate) * (x w_up)) w_down, with matrix products between the tensors, * by element, and "
    "silu(z) = z / (1 + exp(-z)) for every finite z (0 where exp overflows).",
    inputs={"x": f32["T", "D"], "w_gate": f32["D", "F"], "w_up": f32["D", "F"], "w_down": f32["F", "D"]},
    outputs={"y": f32["T", "D"]},
    configurations={
        "C1": {"T": 2, "D": 8, "F": 16},
        "C2": {"T": 4, "D": 32, "F": 64},
        "C3": {"T": 3, "D": 30, "F": 62},
        "C4": {"T": 8, "D": 64, "F": 192},
        "C5": {"T": 1, "D": 64, "F": 96},
    },
    held_out={
        "C1": {"T": 3, "D": 8, "F": 12},
        "C2": {"T": 8, "D": 32, "F": 48},
        "C3": {"T": 5, "D": 26, "F": 54},
        "C4": {"T": 12, "D": 64, "F": 160},
        "C5": {"T": 1, "D": 48, "F": 80},
    },
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": 3 * p.T * p.D * p.F, "exp": p.T * p.F, "div": p.T * p.F, "mul": p.T * p.F}),
)
