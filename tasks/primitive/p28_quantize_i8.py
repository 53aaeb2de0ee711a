"""P28: rounding numbers to eight bits."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Formats, Params, Step, Task, Tensors, Work, Workload, elem, f32, i8, i32

FRACTION = 20
"""Bits after the point of an integer scale."""


def reference(p: Params, step: Step, scale: Array, zero: Array, x: Array) -> Tensors:
    product = x * scale
    if product.dtype.kind == "i":
        half = 2 ** (FRACTION - 1)
        up = (product + half) >> FRACTION
        is_tie = product % 2**FRACTION == half
        rounded = step("ties to even", up - (is_tie & (up % 2 == 1)), up)
    else:
        rounded = step("ties to even", np.rint(product), np.floor(product + 0.5)).astype(np.int64)
    shifted = step("add the zero point", rounded + zero, rounded)
    return {"y": step("saturate", np.clip(shifted, -128, 127), shifted)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Quotients of which about one in six saturates."""
    quotient = rng.normal(0, 90, workload.p.N)
    if workload.dtype.is_float:
        scale = 2.0 ** rng.integers(-3, 6)
        x = quotient / scale
    else:
        scale = rng.integers(64, 2**14)
        x = np.clip(np.rint(quotient * 2**FRACTION / scale), -(2**22), 2**22 - 1)
    return {"scale": np.array([scale]), "zero": rng.integers(-30, 31, 1), "x": x}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Ties of rounding, the numbers next to them, and both sides of both limits."""
    N = workload.p.N
    ties = rng.permutation(np.arange(N) % 300 - 150) + 0.5
    nudge = np.arange(N) % 3 - 1
    ties[:4], nudge[:4] = (2.5, -200.5, 6.5, 200.5), (0, 0, 1, -1)
    zero = rng.choice([-1, 0, 1], 1)
    if workload.dtype.is_float:
        scale = 2.0 ** rng.integers(-3, 6)
        return {"scale": np.array([scale]), "zero": zero, "x": np.nextafter(ties, ties + nudge, dtype=np.float32) / scale}
    scale = 2 ** rng.integers(7, 14)
    return {"scale": np.array([scale]), "zero": zero, "x": ties * 2**FRACTION / scale + nudge}


def error(workload: Workload, inputs: Tensors, expected: Tensors, formats: Formats) -> Tensors:
    """None: the product is exact, and so is the rounding."""
    return {"y": np.zeros(workload.outputs["y"].shape)}


task = Task(
    id="P28",
    name="quantize_i8",
    level="primitive",
    category="quantization",
    statement="y[i] = saturate(round(x[i] * scale[0]) + zero[0]), where round goes to the nearest integer and from halfway to "
    "the even one, and saturate limits to [-128, 127]. In f32 the scale is a power of two, so the product is exact. In i32 the "
    "scale is a fixed-point number with 20 bits after the point: y[i] = saturate(round(x[i] * scale[0] / 2^20) + zero[0]), "
    "exactly, with x in [-2^22, 2^22) and scale in [1, 2^14].",
    inputs={"scale": elem[1], "zero": i8[1], "x": elem["N"]},
    outputs={"y": i8["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 1024}, "C3": {"N": 1007}, "C4": {"N": 16384}, "C5": {"N": 19}},
    held_out={"C1": {"N": 80}, "C2": {"N": 1536}, "C3": {"N": 1021}, "C4": {"N": 20480}, "C5": {"N": 23}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mul": p.N}),
    dtypes=(f32, i32),
    error=error,
)
