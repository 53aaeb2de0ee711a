"""P18: matrix transposition."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, elem, f32, i8, standard_inputs


def reference(p: Params, step: Step, x: Array) -> Tensors:
    return {"y": step("transpose", np.transpose(x), np.reshape(x, (p.N, p.M)))}


FLOATS = [3e-42, -0.0, 3e38, -1e-45, 1.0, -3e38, 1.2e-38]


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Subnormals, both signs and the largest numbers, or every element a different one as far as the type reaches."""
    M, N = workload.p.M, workload.p.N
    index = np.arange(M * N).reshape(M, N)
    return {"x": np.array(FLOATS)[(index + rng.integers(7)) % 7] if workload.dtype.is_float else index % 251 - 125}


task = Task(
    id="P18",
    name="transpose",
    level="primitive",
    category="indexing",
    statement="y[n, m] = x[m, n], exactly: subnormal values are kept.",
    inputs={"x": elem["M", "N"]},
    outputs={"y": elem["N", "M"]},
    # C5 is not 1 x 67: the transpose of a single row is a plain copy.
    configurations={
        "C1": {"M": 8, "N": 8},
        "C2": {"M": 32, "N": 32},
        "C3": {"M": 31, "N": 17},
        "C4": {"M": 128, "N": 96},
        "C5": {"M": 2, "N": 67},
    },
    held_out={
        "C1": {"M": 8, "N": 16},
        "C2": {"M": 48, "N": 32},
        "C3": {"M": 19, "N": 29},
        "C4": {"M": 96, "N": 160},
        "C5": {"M": 71, "N": 2},
    },
    generate=standard_inputs,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({}),
    dtypes=(f32, i8),
)
