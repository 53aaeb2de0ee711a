"""Running a task's reference again in another way: sums in another order, constants changed, functions rougher.

The inputs become arrays of a numpy subclass that asks an `Evaluation` at every sum, matrix product, scalar constant and
approximated function. No task has to help for it, and no reference notices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from harness.task import Array, Step, Tensors, Workload, keep_all

Role = Literal["offset", "scale", "shift"]
ROLES: dict[np.ufunc, Role] = {
    np.add: "offset", np.subtract: "offset", np.multiply: "scale", np.divide: "scale", np.right_shift: "shift",
}  # fmt: skip
"""What a scalar constant is for, by the operation that it is an operand of."""
FUNCTIONS = frozenset({np.exp, np.log, np.sqrt, np.tanh, np.reciprocal})
"""What devices approximate, as `harness.grading.tolerance` has it; a division by an array is one more."""


@dataclass(frozen=True)
class Contraction:
    """A sum of terms that a kernel may add up in any order."""

    terms: int
    """How many."""
    term: Callable[[int], Array]
    """One of them, of the shape of the result."""
    over: Callable[[slice], Array]
    """The sum of some of them, as numpy adds them up."""


def _product(a: Array, b: Array) -> Contraction:
    """``a @ b``, of arrays with two axes or more."""
    return Contraction(
        a.shape[-1],
        lambda k: np.asarray(a[..., k : k + 1] * b[..., k : k + 1, :]),
        lambda kept: np.asarray(a[..., kept] @ b[..., kept, :]),
    )


def _sum(a: Array) -> Contraction:
    """The sum along the first axis."""
    return Contraction(len(a), lambda k: np.asarray(a[k]), lambda kept: np.asarray(np.sum(a[kept], axis=0)))


def _running_sum(a: Array) -> Contraction:
    """The running sum of a vector: an element is a term of every sum from its own on."""
    places = np.arange(len(a))

    def over(kept: slice) -> Array:
        return np.asarray(np.cumsum(np.where(np.isin(places, places[kept]), a, a.dtype.type(0))))

    return Contraction(len(a), lambda k: np.where(places >= k, a[k], a.dtype.type(0)), over)


class Constant(NamedTuple):
    """A scalar in the text of a reference."""

    role: Role
    value: float


class Evaluation:
    """How a reference is evaluated: as numpy does, unless a subclass has it otherwise. Remembers what it met."""

    def __init__(self) -> None:
        self.contractions: dict[str, int] = {}
        """Number of terms by name, in order: ``sum 1``, ``product 2``."""
        self.constants: list[Constant] = []
        """In order."""

    def contract(self, name: str, contraction: Contraction) -> Array:
        """A sum, a matrix product or a running sum."""
        return contraction.over(slice(None))

    def constant(self, index: int, constant: Constant) -> float:
        """The value of a constant; ``index`` counts those before it."""
        return constant.value

    def function(self, result: Array) -> Array:
        """The result of an approximated function."""
        return result

    # What the arrays of a reference call

    def product(self, a: Array, b: Array) -> Array:
        """``a @ b``."""
        return self._contract("product", _product(a, b))

    def sum(self, a: Array, axis: int | tuple[int, ...] | None = 0, keepdims: bool = False) -> Array:
        """``np.sum(a, axis, keepdims=keepdims)``."""
        axes = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(one % a.ndim for one in axes)
        first = np.moveaxis(a, axes, range(len(axes)))
        total = self._contract("sum", _sum(first.reshape(-1, *first.shape[len(axes) :])))
        return np.expand_dims(total, axes) if keepdims else total

    def running_sum(self, a: Array) -> Array:
        """``np.cumsum(a)`` of a vector."""
        return self._contract("running sum", _running_sum(a))

    def scalar(self, ufunc: np.ufunc, value: Any) -> Any:
        """A scalar operand of an operation."""
        if ufunc not in ROLES:
            return value
        self.constants.append(Constant(ROLES[ufunc], value))
        return self.constant(len(self.constants) - 1, self.constants[-1])

    def _contract(self, kind: str, contraction: Contraction) -> Array:
        name = f"{kind} {1 + sum(known.startswith(kind) for known in self.contractions)}"
        self.contractions[name] = contraction.terms
        return self.contract(name, contraction)


def rerun(
    workload: Workload, inputs: Tensors, evaluation: Evaluation, precision: Any = np.float32, step: Step = keep_all
) -> dict[str, Array]:
    """`Workload.compute` (integers in int64, floats in ``precision``), evaluated in another way."""

    class Asking(np.ndarray[Any, Any]):
        def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
            plain = [np.asarray(o) if isinstance(o, np.ndarray) else evaluation.scalar(ufunc, o) for o in operands]
            # numpy.sum spells out these defaults.
            options = {name: value for name, value in options.items() if (name, value) not in (("dtype", None), ("where", True))}
            return _evaluated(evaluation, ufunc, method, plain, options).view(Asking)

        def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
            if function is np.cumsum and not options and len(arguments) == 1 and arguments[0].ndim == 1:
                return evaluation.running_sum(np.asarray(arguments[0])).view(Asking)
            result = super().__array_function__(function, types, arguments, options)
            # numpy.where and others forget the subclass.
            return result.view(Asking) if type(result) is np.ndarray else result

    outputs = workload.compute({name: array.view(Asking) for name, array in inputs.items()}, precision, step)
    return {name: np.asarray(array) for name, array in outputs.items()}


def _evaluated(evaluation: Evaluation, ufunc: np.ufunc, method: str, operands: Sequence[Any], options: dict[str, Any]) -> Array:
    """One operation on plain arrays."""
    if ufunc is np.matmul and not options and min(operand.ndim for operand in operands) > 1:
        return evaluation.product(*operands)
    if ufunc is np.add and method == "reduce" and options.keys() <= {"axis", "keepdims"}:
        return evaluation.sum(*operands, **options)
    result = np.asarray(getattr(ufunc, method)(*operands, **options))
    divides = ufunc is np.divide and np.ndim(operands[1]) > 0
    return evaluation.function(result) if ufunc in FUNCTIONS or divides else result


# Orders of summation


Order = Callable[[Contraction], Array]
"""Adds up the terms of a contraction, each sum rounded to the type of the terms."""


def first_term_first(contraction: Contraction) -> Array:
    """One term after the other."""
    return _one_by_one(contraction, range(contraction.terms))


def last_term_first(contraction: Contraction) -> Array:
    """One term after the other, from the last."""
    return _one_by_one(contraction, range(contraction.terms)[::-1])


def tree(contraction: Contraction) -> Array:
    """The first half plus the second, each in the same way."""

    def part(first: int, end: int) -> Array:
        middle = (first + end) // 2
        return contraction.term(first) if end - first == 1 else part(first, middle) + part(middle, end)

    return part(0, contraction.terms)


BLOCK = 8
"""Terms of a block: lanes of a vector, or a cache line of them."""


def last_block_first(contraction: Contraction) -> Array:
    """Blocks, each summed on its own, from the last one, which may be short."""
    total: Array | None = None
    for first in range(0, contraction.terms, BLOCK)[::-1]:
        block = _one_by_one(contraction, range(first, min(first + BLOCK, contraction.terms)))
        total = block if total is None else total + block
    assert total is not None
    return total


def _one_by_one(contraction: Contraction, places: range) -> Array:
    total = contraction.term(places[0])
    for k in places[1:]:
        total = total + contraction.term(k)
    return total


class Ordered(Evaluation):
    """Sums and products in a stated order, and functions as rough as stated."""

    def __init__(self, order: Order, roughness: float = 0.0) -> None:
        super().__init__()
        self._order = order
        self._roughness = roughness
        """Largest relative error of a function's result; 0 leaves it alone."""

    def contract(self, name: str, contraction: Contraction) -> Array:
        """In the order."""
        return self._order(contraction)

    def function(self, result: Array) -> Array:
        """Rounded to as many binary digits as keep within the roughness."""
        if not self._roughness:
            return result
        digits = int(np.ceil(-np.log2(self._roughness)))
        fraction, exponent = np.frexp(result)
        return np.asarray(np.ldexp(np.rint(np.ldexp(fraction, digits)), exponent - digits).astype(result.dtype))


class Partly(Evaluation):
    """Some terms of one contraction only, the rest as numpy does."""

    def __init__(self, name: str, kept: slice) -> None:
        super().__init__()
        self._name, self._kept = name, kept

    def contract(self, name: str, contraction: Contraction) -> Array:
        """Cut, if it is the one."""
        return contraction.over(self._kept if name == self._name else slice(None))
