"""P02: a scaled vector plus another."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, acc, elem, f32, i8, standard, standard_inputs


def reference(p: Params, step: Step, a: Array, x: Array, y: Array) -> Tensors:
    scaled = step("scale by a", a * x, x)
    return {"z": step("add y", scaled + y, scaled)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    if workload.dtype.is_float:
        return standard_inputs(rng, workload)
    # Half of y's range, so that no sum overflows.
    y = rng.integers(-(2**30), 2**30, workload.p.N)
    return {"a": standard(rng, workload.inputs["a"]), "x": standard(rng, workload.inputs["x"]), "y": y}


FLOAT_PAIRS = [(3e-42, 4e-43), (1.25, -1.25), (2.0**24, 1.0), (-1.0, 1.0 - 2.0**-24), (1e30, -1e30), (-0.0, 0.0), (1e-30, 3.0)]
INTEGER_PAIRS = [(-128, 2**30 - 1), (127, -(2**30)), (-1, 0), (1, -1), (-128, -(2**30)), (127, 2**30 - 1)]


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """A scalar that invites shortcuts (0, 1, -1) or is the smallest integer; extremes, cancellation, subnormals."""
    a = rng.choice([0, 1, -1] if workload.dtype.is_float else [0, 1, -1, -128])
    pairs = np.array(FLOAT_PAIRS if workload.dtype.is_float else INTEGER_PAIRS)
    chosen = pairs[rng.permutation(np.arange(workload.p.N) % len(pairs))]
    return {"a": np.array([a]), "x": chosen[:, 0], "y": chosen[:, 1]}


task = Task(
    id="P02",
    name="axpy",
    level="primitive",
    category="elementwise",
    statement="z[i] = a[0] * x[i] + y[i], fused or rounded twice. Subnormal results are kept. In the integer type a and x are "
    "i8, y and z are i32, the product is exact, and y lies in [-2^30, 2^30), so nothing overflows.",
    inputs={"a": elem[1], "x": elem["N"], "y": acc["N"]},
    outputs={"z": acc["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 1024}, "C3": {"N": 1007}, "C4": {"N": 32768}, "C5": {"N": 31}},
    held_out={"C1": {"N": 80}, "C2": {"N": 1536}, "C3": {"N": 1021}, "C4": {"N": 40960}, "C5": {"N": 29}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.N}),
    dtypes=(f32, i8),
)
