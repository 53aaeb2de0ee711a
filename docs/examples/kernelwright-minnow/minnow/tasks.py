"""A suite of this package's own: two tasks that any target may take up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.task import Array, Params, Step, Suite, Task, Tensors, Work, Workload, f32, standard_inputs

SIZES = {"C1": {"N": 64}, "C2": {"N": 1024}, "C3": {"N": 1000}, "C5": {"N": 8}}
HELD_OUT = {"C1": {"N": 72}, "C2": {"N": 1536}, "C3": {"N": 1016}, "C5": {"N": 16}}
PAIRS = np.array([(1.0, 1.0), (1e30, -1e30), (-1.0, 1.0), (2.0**24, 1.0), (3e-42, 1e-42), (0.0, -5.0)], np.float32)


def adversarial(rng: np.random.Generator, workload: Workload) -> Tensors:
    """Equal values, both signs, extremes, subnormals."""
    chosen = PAIRS[rng.permutation(np.arange(workload.p.N) % len(PAIRS))]
    return {"a": chosen[:, 0], "b": chosen[:, 1]}


def difference(_p: Params, step: Step, a: Array, b: Array) -> Tensors:
    """The definition of `DIFFERENCE`."""
    return {"y": step("subtract", a - b, a)}


def distance(_p: Params, step: Step, a: Array, b: Array) -> Tensors:
    """The definition of `DISTANCE`."""
    signed = step("subtract", a - b, a)
    return {"y": step("absolute value", np.abs(signed), signed)}


def _task(id: str, name: str, statement: str, reference: Callable[..., Tensors], work: Callable[[Params], Work]) -> Task:
    return Task(
        id=id, name=name, level="primitive", category="elementwise", statement=statement, inputs={"a": f32["N"], "b": f32["N"]},
        outputs={"y": f32["N"]}, configurations=SIZES, held_out=HELD_OUT, generate=standard_inputs, adversarial=adversarial,
        reference=reference, work=work,
    )  # fmt: skip


DIFFERENCE = _task(
    "M01", "difference", "y[i] = a[i] - b[i]. Subnormal results are kept.", difference, lambda p: Work({"add": p.N})
)
DISTANCE = _task("M02", "distance", "y[i] = |a[i] - b[i]|. Subnormal results are kept.", distance, lambda p: Work({"add": p.N}))


def pond() -> Suite:
    """The suite's entry point."""
    return Suite("pond", "Two elementwise tasks of the example package.", (DIFFERENCE, DISTANCE))
