"""P14: running sums of a vector."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Formats, Params, Step, Task, Tensors, Work, Workload, elem, f32, i32, standard


def reference(p: Params, step: Step, x: Array) -> Tensors:
    sums = np.cumsum(x)
    return {"y": step("include the element itself", sums, sums - x)}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    if workload.dtype.is_float:
        return {"x": standard(rng, workload.inputs["x"])}
    return {"x": rng.integers(-largest(workload), largest(workload), workload.p.N, endpoint=True)}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """A first element that outweighs all others, one that cancels it again, and a last one that outweighs all roundings; integers
    whose sums reach an end of the range."""
    N = workload.p.N
    if workload.dtype.is_float:
        x = standard(rng, workload.inputs["x"])
        x[0], x[N // 2], x[-1] = 1e6, -1e6, 1e5
        return {"x": x}
    return {"x": (largest(workload) - rng.integers(2, size=N)) * rng.choice([-1, 1])}


def largest(workload: Workload) -> int:
    """The largest magnitude of which N elements cannot overflow."""
    return (2**31 - 1) // workload.p.N


def error(workload: Workload, inputs: Tensors, expected: Tensors, formats: Formats) -> Tensors:
    """The bound of a sum in any order: element i is one of i + 1 terms, so i roundings of the sum of their magnitudes."""
    N = workload.p.N
    if not workload.dtype.is_float:
        return {"y": np.zeros(N)}
    allowed = np.arange(N) * formats.accumulate.roundoff * np.cumsum(np.abs(inputs["x"].astype(np.float64)))
    if formats.storage.roundoff > formats.accumulate.roundoff:
        allowed += formats.storage.roundoff * np.abs(expected["y"]) + formats.storage.subnormal
    return {"y": allowed * formats.slack}


task = Task(
    id="P14",
    name="prefix_sum",
    level="primitive",
    category="reduction",
    statement="y[i] = sum over j <= i of x[j] (inclusive), in any order of additions. Integer magnitudes are at most "
    "(2^31 - 1) / N, so no sum overflows.",
    inputs={"x": elem["N"]},
    outputs={"y": elem["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 512}, "C3": {"N": 509}, "C4": {"N": 8192}, "C5": {"N": 7}},
    held_out={"C1": {"N": 80}, "C2": {"N": 768}, "C3": {"N": 521}, "C4": {"N": 10240}, "C5": {"N": 5}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({"add": p.N - 1}),
    dtypes=(f32, i32),
    error=error,
)
