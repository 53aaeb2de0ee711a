"""P31: an activation in eight bits, which is a table of 256 entries."""

from __future__ import annotations

import numpy as np

from harness.task import Array, Params, Step, Task, Tensors, Work, Workload, i8, standard, standard_inputs


def reference(p: Params, step: Step, table: Array, x: Array) -> Tensors:
    # Without the offset a negative index counts from the end: the byte taken as an unsigned number.
    return {"y": step("offset of 128", table[x + 128], table[x])}


def generate(rng: np.random.Generator, workload: Workload) -> Tensors:
    """The table of silu at a scale that is drawn, with the same scale before and after it."""
    scale = rng.uniform(4, 12) / 128
    real = np.arange(-128, 128) * scale
    return {"table": np.rint(real / (1 + np.exp(-real)) / scale), "x": standard(rng, workload.inputs["x"])}


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """A table without any order; the indices at both of its ends and in its middle, then all in turn."""
    ends = np.array([-128, 127, -1, 0, 1, -127])
    x = np.concatenate([ends, np.arange(workload.p.N) % 256 - 128])[: workload.p.N]
    return standard_inputs(rng, workload) | {"x": rng.permutation(x)}


task = Task(
    id="P31",
    name="lookup_i8",
    level="primitive",
    category="activation",
    statement="y[i] = table[x[i] + 128]: an activation of eight-bit numbers as a table. The tables are those of silu at scales "
    "that the kernel does not know, and tables without any order.",
    inputs={"table": i8[256], "x": i8["N"]},
    outputs={"y": i8["N"]},
    configurations={"C1": {"N": 64}, "C2": {"N": 512}, "C3": {"N": 509}, "C4": {"N": 16384}, "C5": {"N": 3}},
    held_out={"C1": {"N": 80}, "C2": {"N": 768}, "C3": {"N": 521}, "C4": {"N": 20480}, "C5": {"N": 5}},
    generate=generate,
    adversarial=adversarial,
    reference=reference,
    work=lambda p: Work({}),
    dtypes=(i8,),
)
