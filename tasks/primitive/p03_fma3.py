"""P03: a product of two vectors plus a third."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, acc, elem, f32, i8, standard, standard_inputs


def reference(p: Params, step: Step, a: Array, b: Array, c: Array) -> Tensors:
    product = step("multiply by b", a * b, a)
    return {"y": step("add c", product + c, product)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    if workload.dtype.is_float:
        return standard_inputs(rng, workload)
    # Half of c's range, so that no sum overflows.
    c = rng.integers(-(2**30), 2**30, workload.p.N)
    return {"a": standard(rng, workload.inputs["a"]), "b": standard(rng, workload.inputs["b"]), "c": c}


FLOATS = [
    (1.5, 1.5, -2.25),
    (3e-30, 1e-12, 4e-43),
    (1e20, -1e18, 3e37),
    (4097.0, 4097.0, -16785409.0),
    (-1.0, 1.0 + 2.0**-23, 1.0),
    (0.0, -5.0, -0.0),
    (2.0**-100, 2.0**-40, 2.0**-140),
]
INTEGERS = [
    (-128, -128, 2**30 - 1),
    (-128, 127, -(2**30)),
    (127, 127, -16129),
    (-1, 1, 1),
    (0, -128, -(2**30)),
    (127, -1, 2**30 - 1),
]


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Exact and near cancellation, subnormal results, the largest products of the integer type."""
    triples = np.array(FLOATS if workload.dtype.is_float else INTEGERS)
    chosen = triples[rng.permutation(np.arange(workload.p.N) % len(triples))]
    return {"a": chosen[:, 0], "b": chosen[:, 1], "c": chosen[:, 2]}


task = Task(
    id="P03",
    name="fma3",
    level="primitive",
    category="elementwise",
    statement="y[i] = a[i] * b[i] + c[i], fused or rounded twice. Subnormal results are kept. In the integer type a and b are "
    "i8, c and y are i32, the product is exact, and c lies in [-2^30, 2^30), so nothing overflows.",
    inputs={"a": elem["N"], "b": elem["N"], "c": acc["N"]},
    outputs={"y": acc["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 1024}, "C3": {"N": 1021}, "C4": {"N": 32768}, "C5": {"N": 2}},
    held_out={"C1": {"N": 80}, "C2": {"N": 1536}, "C3": {"N": 1007}, "C4": {"N": 40960}, "C5": {"N": 3}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"mac": p.N}),
    dtypes=(f32, i8),
)
