"""The smallest mistakes that change what a kernel computes, made in a task's reference without the task's help.

Everything else about such a kernel is exact: it computes in float64 and rounds its results once. So a mistake is judged by
itself, and alike on every machine. A change that changes nothing (a transposed matrix of equal rows, a constant that is only used
where a step is left out) is not a mistake; `harness.grading.band` sorts those out by their exact results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, get_args

import ml_dtypes
import numpy as np

from harness.grading.rerun import BLOCK, Constant, Contraction, Evaluation, Ordered, Partly, rerun
from harness.task import Array, Formats, Tensors, Workload, bf16

Kind = Literal[
    "one term dropped", "one lane off", "wrong epsilon", "wrong scale", "wrong offset", "transposed operand", "off-by-one tail",
    "truncated recurrence", "narrow accumulation",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
EPSILON = 1e-3
"""An added constant up to this size keeps something from being 0."""
OFF = 1 + 2**-4
"""What a constant that is no count is off by: as 1/sqrt(D) is when it is made of D - 1 and D is 8."""

Kernel = Callable[[Tensors], Tensors]
"""Outputs for inputs, floats in float64."""


class Mistake(NamedTuple):
    """A kernel with one mistake in it."""

    kind: Kind
    name: str
    """What exactly: ``last term of sum 1``."""
    kernel: Kernel


def mistakes(workload: Workload, inputs: Tensors, formats: Formats) -> Iterator[Mistake]:
    """Every mistake that can be made in a workload's reference; ``inputs`` are any, to find its sums and constants with."""
    plain = Evaluation()
    rerun(workload, inputs, plain, np.float64)
    sums = {name: terms for name, terms in plain.contractions.items() if terms > 1}
    for name, terms in sums.items():
        yield _evaluated(workload, "one term dropped", f"last term of {name}", Partly, name, slice(-1))
        yield _evaluated(workload, "one term dropped", f"first term of {name}", Partly, name, slice(1, None))
        if terms > BLOCK:
            whole = (terms - 1) // BLOCK * BLOCK
            yield _evaluated(workload, "truncated recurrence", f"last block of {name}", Partly, name, slice(whole))
    if sums and not workload.dtype.is_float:
        yield _evaluated(workload, "narrow accumulation", "sums in i16", Ordered, _wrapped)
    elif sums and formats.accumulate.roundoff < bf16.roundoff:
        yield _evaluated(workload, "narrow accumulation", "sums in bf16", Ordered, _in_bf16)
    for index, constant in enumerate(plain.constants):
        for kind, value in _wrong(constant):
            yield _evaluated(workload, kind, f"{constant.value:.6g} ({index + 1}) is {value:.6g}", _Changed, index, value)
    yield from _misread(workload)
    yield from _miswritten(workload)


def _evaluated(workload: Workload, kind: Kind, name: str, make: Callable[..., Evaluation], *arguments: Any) -> Mistake:
    return Mistake(kind, name, lambda inputs: rerun(workload, inputs, make(*arguments), np.float64))


# Sums


def _in_bf16(contraction: Contraction) -> Array:
    """First term first, each sum rounded to bf16."""
    total = contraction.term(0)
    for k in range(1, contraction.terms):
        total = (total + contraction.term(k)).astype(ml_dtypes.bfloat16).astype(total.dtype)
    return total


def _wrapped(contraction: Contraction) -> Array:
    """The sum modulo 2**16."""
    total = contraction.over(slice(None))
    return total.astype(np.int16).astype(total.dtype)


# Constants


class _Changed(Evaluation):
    """One constant has another value."""

    def __init__(self, index: int, value: float) -> None:
        super().__init__()
        self._index, self._value = index, value

    def constant(self, index: int, constant: Constant) -> float:
        return self._value if index == self._index else constant.value


def _wrong(constant: Constant) -> Iterator[tuple[Kind, float]]:
    """What somebody might have written instead of a constant."""
    role, value = constant
    if role == "offset" and 0 < abs(value) <= EPSILON:
        yield "wrong epsilon", value * 10
        yield "wrong epsilon", value / 10
    elif role == "offset":
        yield "wrong offset", value - 1 if isinstance(value, int) and value > 1 else value * OFF
    elif role == "shift":
        yield "wrong scale", value - 1
        yield "wrong scale", value + 1
    else:
        yield "wrong scale", value - 1 if isinstance(value, int) and value > 1 else value * OFF


# Places


def _misread(workload: Workload) -> Iterator[Mistake]:
    """An input read from the next lane, or by the wrong axis first."""

    def changed(kind: Kind, name: str, change: Callable[[Array], Array]) -> Mistake:
        return Mistake(kind, name, lambda inputs: workload.compute({**inputs, name: change(inputs[name])}))

    for name, tensor in workload.inputs.items():
        *_, rows, columns = (1, 1, *tensor.shape)
        if columns > 1:
            yield changed("one lane off", name, lambda array: np.roll(array, 1, axis=-1))
        if min(rows, columns) > 1:
            yield changed("transposed operand", name, _column_by_column)


def _column_by_column(array: Array) -> Array:
    """The last two axes as they look if the memory holds them the other way round; the transpose, if they are equally long."""
    *outer, rows, columns = array.shape
    return np.swapaxes(array.reshape(*outer, columns, rows), -1, -2)


def _miswritten(workload: Workload) -> Iterator[Mistake]:
    """The end of an output is not computed."""

    def ended(name: str, where: str, change: Callable[[Array], None]) -> Mistake:
        def kernel(inputs: Tensors) -> Tensors:
            outputs = {output: np.array(array) for output, array in workload.compute(inputs).items()}
            change(outputs[name])
            return outputs

        return Mistake("off-by-one tail", f"{where} of {name}", kernel)

    for name, tensor in workload.outputs.items():
        yield ended(name, "0 as the last element", _zero_the_last)
        for axis in (axis for axis, size in enumerate(tensor.shape) if size > 1):
            yield ended(name, f"the last but one as the last along axis {axis}", _repeat_the_last_but_one(axis))


def _zero_the_last(array: Array) -> None:
    array.flat[-1] = 0


def _repeat_the_last_but_one(axis: int) -> Callable[[Array], None]:
    def change(array: Array) -> None:
        moved = np.moveaxis(array, axis, 0)
        moved[-1] = moved[-2]

    return change
