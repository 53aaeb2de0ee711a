"""The allowed error of every output element, derived from the task's own reference.

The reference runs once more on `Tracked` arrays: each element carries its float64 value and a bound on how far a sound kernel
may be from it, in the arithmetic that the backend declares (*running error analysis*). Every rounding adds half a gap of the
accumulation format; a sum of n terms adds n - 1 roundings of the sum of the terms' magnitudes and a product of matrices over n
terms n of them, so that any order of evaluation is allowed; exp, tanh, sqrt and division may be off by the declared number of
roundoffs and may flush what is smaller than every normal number. Copies, maxima and selections add nothing: what only moves
data must be exact. Where the storage format is coarser than the accumulation format, each named step and the result may be
rounded to it. The bound times the declared slack is the allowed error.

How the errors of different elements add up has two answers, and the smaller counts. `WORST`: they all conspire; right for a
single operator, but a chain of ten would be allowed to be off by more than its result. `INDEPENDENT`: they are bounded and
unrelated, so their sum stays within `CONFIDENCE` times the root of the sum of squares of their bounds with probability
1 - 2 exp(-CONFIDENCE^2 / 2) (Hoeffding), which also leaves room for the few that are related. It holds to first order: slopes are
taken at the value and the factor `CONFIDENCE` comes last, since as an argument of exp it would be a factor of e^8. Only where
there is a kink does an operation look as far as an error may ever reach.

An operation that is not listed in `UFUNCS` or `FUNCTIONS` has no known bound and is an error, never a guess.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from harness.errors import UsageError
from harness.task import Array, DType, Formats, Tensors, Workload


class UnsupportedOperationError(TypeError):
    """A reference used an operation whose error is not known; the message is its name."""


def allowed_error(workload: Workload, inputs: Tensors, expected: Tensors, formats: Formats) -> dict[str, Array]:
    """Allowed absolute error per output element, in float64; 0 where the expected value is not finite.

    A task's own ``error`` rule comes first; a workload without floats is exact. UsageError if the reference uses an
    operation without a known bound.
    """
    if workload.task.error is not None:
        return dict(workload.task.error(workload, inputs, expected, formats))
    allowed = {name: np.zeros(tensor.shape) for name, tensor in workload.outputs.items()}
    if not any(tensor.dtype.is_float for tensor in workload.inputs.values()):
        return allowed
    worst, independent = (_reference_bounds(workload, inputs, Arithmetic(formats, law)) for law in (WORST, INDEPENDENT))
    for name in worst.keys() & independent.keys():
        bound = np.minimum(worst[name], CONFIDENCE * independent[name]) * formats.slack
        allowed[name] = np.where(np.isfinite(expected[name]), bound, 0.0)
    return allowed


def _reference_bounds(workload: Workload, inputs: Tensors, arithmetic: Arithmetic) -> dict[str, Array]:
    """Error bounds of the outputs that depend on rounded values."""
    tracked: dict[str, Any] = {
        name: Tracked(array.astype(np.float64), np.zeros(array.shape), arithmetic)
        if workload.inputs[name].dtype.is_float
        else array.astype(np.int64)
        for name, array in inputs.items()
    }
    try:
        with np.errstate(all="ignore"):
            results: Mapping[str, Any] = workload.task.reference(workload.p, _store_step, **tracked)
    except UnsupportedOperationError as error:
        raise UsageError(
            f"{workload.id}: the reference uses {error}, for which no error bound is known",
            "write it with supported operations (harness/grading/tolerance.py lists them) or give the task an error rule",
        ) from error
    return {
        name: result.stored(workload.outputs[name].dtype).stored(arithmetic.formats.storage).error
        for name, result in results.items()
        if isinstance(result, Tracked)
    }


def _store_step(_name: str, kept: Any, _dropped: Any, /) -> Any:
    return kept.stored(kept.arithmetic.formats.storage) if isinstance(kept, Tracked) else kept


CONFIDENCE = 8.0
"""Deviations that independent errors may reach: exceeded with probability 3e-14."""
Law = Literal["worst case", "independent"]
WORST: Law = "worst case"
INDEPENDENT: Law = "independent"


@dataclass(frozen=True)
class Arithmetic:
    """The formats that roundings are charged in, and the law by which the errors of different elements add up."""

    formats: Formats
    law: Law

    @property
    def roundoff(self) -> float:
        """Largest relative error of one rounding."""
        return self.formats.accumulate.roundoff

    @property
    def reach(self) -> float:
        """How many times its error a value may be off: operations with a kink must know what lies within it."""
        return 1.0 if self.law is WORST else CONFIDENCE

    def join(self, *errors: Array) -> Array:
        """The error of a sum whose terms have these errors."""
        return np.asarray(sum(errors) if self.law is WORST else np.sqrt(sum(e * e for e in errors)))

    def total(self, error: Array, axis: Any, keepdims: bool) -> Array:
        """The error of the sum along an axis."""
        if self.law is WORST:
            return np.asarray(np.sum(error, axis=axis, keepdims=keepdims))
        return np.asarray(np.sqrt(np.sum(error * error, axis=axis, keepdims=keepdims)))

    def product(self, a: Array, b: Array) -> Array:
        """The error of a matrix product of which one factor holds errors and the other magnitudes."""
        return np.asarray(a @ b if self.law is WORST else np.sqrt((a * a) @ (b * b)))


class Tracked(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of values with a bound on the absolute error of each; see the module docstring for the rules."""

    def __init__(self, value: Array, error: Array, arithmetic: Arithmetic) -> None:
        self.value = value
        """The exact arithmetic's result, float64."""
        self.error = error
        """Bound on the absolute error, float64, same shape; 0 where the value is not finite."""
        self.arithmetic = arithmetic
        """How roundings are charged and how errors add up."""

    def stored(self, dtype: DType) -> Tracked:
        """The array after a rounding to ``dtype``, where that is coarser than what sums are kept in. Exact elements stay."""
        if dtype.roundoff <= self.arithmetic.roundoff:
            return self
        rounding = dtype.roundoff * np.abs(self.value) + dtype.subnormal
        error = np.where(self.error > 0, self.arithmetic.join(self.error, rounding), 0.0)
        return _made(self.value, error, self.arithmetic)

    @property
    def shape(self) -> tuple[int, ...]:
        """As numpy's."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """As numpy's."""
        return self.value.ndim

    @property
    def T(self) -> Tracked:  # noqa: N802  # numpy's name
        """As numpy's."""
        return _moved(np.transpose, self)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: Any) -> Tracked:
        return _moved(operator.getitem, self, index)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **options: Any) -> Tracked:
        rules = UFUNCS if method == "__call__" else REDUCTIONS if method == "reduce" else {}
        if ufunc not in rules or (options and method == "__call__"):
            name = f"numpy.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
            raise UnsupportedOperationError(" ".join((name, *(f"with {option}=" for option in options))))
        with np.errstate(all="ignore"):
            return rules[ufunc](*(_tracked(operand, self.arithmetic) for operand in operands), **options)

    def __array_function__(self, function: Any, _types: Any, arguments: Sequence[Any], options: Mapping[str, Any]) -> Tracked:
        if function not in FUNCTIONS:
            raise UnsupportedOperationError(f"numpy.{function.__name__}")
        with np.errstate(all="ignore"):
            return FUNCTIONS[function](*arguments, **options)


def _made(value: Array, error: Array, arithmetic: Arithmetic) -> Tracked:
    """A result. An infinity or NaN is compared by kind, not by distance; an undefined bound is no bound."""
    bound = np.where(np.isnan(error), np.inf, error)
    return Tracked(value, np.where(np.isfinite(value), bound, 0.0), arithmetic)


def _tracked(operand: Any, arithmetic: Arithmetic) -> Tracked:
    """An operand as a tracked array. A constant that the accumulation format cannot hold is off by its rounding."""
    if isinstance(operand, Tracked):
        return operand
    value = np.asarray(operand, np.float64)
    held = value.astype(arithmetic.formats.accumulate.numpy).astype(np.float64)
    return _made(value, np.abs(value - held), arithmetic)


def _rounded(value: Array, error: Array, arithmetic: Arithmetic, least: float = 0.0) -> Tracked:
    """The result of a correctly rounded operation; ``least`` is what it may lose by underflow."""
    return _made(value, arithmetic.join(error, arithmetic.roundoff * np.abs(value) + least), arithmetic)


def _approximated(value: Array, error: Array, arithmetic: Arithmetic) -> Tracked:
    """The result of a function that hardware or a library approximates, and may flush to zero."""
    relative = arithmetic.formats.unary_roundoffs * arithmetic.roundoff
    local = relative * np.abs(value) + arithmetic.formats.accumulate.tiny
    return _made(value, arithmetic.join(error, local), arithmetic)


# Elementwise arithmetic


def _add(a: Tracked, b: Tracked) -> Tracked:
    return _rounded(a.value + b.value, a.arithmetic.join(a.error, b.error), a.arithmetic)


def _subtract(a: Tracked, b: Tracked) -> Tracked:
    return _rounded(a.value - b.value, a.arithmetic.join(a.error, b.error), a.arithmetic)


def _multiply(a: Tracked, b: Tracked) -> Tracked:
    parts = np.abs(a.value) * b.error, np.abs(b.value) * a.error
    # The errors of the factors of a square are one and the same.
    error = (parts[0] + parts[1] if a is b else a.arithmetic.join(*parts)) + a.error * b.error
    return _rounded(a.value * b.value, error, a.arithmetic, a.arithmetic.formats.accumulate.subnormal)


def _divide(a: Tracked, b: Tracked) -> Tracked:
    join = a.arithmetic.join
    if b.ndim == 0:
        # Division by a constant may become a product with its rounded reciprocal.
        inverse = 1 / b.value
        relative = join(np.asarray(a.arithmetic.roundoff), b.error * np.abs(inverse))
        return _multiply(a, Tracked(inverse, np.abs(inverse) * relative, a.arithmetic))
    value = a.value / b.value
    nearest = np.abs(b.value) - (b.error if a.arithmetic.law is WORST else 0.0)
    error = np.where(nearest > 0, join(a.error, np.abs(value) * b.error) / nearest, np.inf)
    return _approximated(value, error, a.arithmetic)


def _power(a: Tracked, exponent: Tracked) -> Tracked:
    count = int(exponent.value) if exponent.ndim == 0 and exponent.value in range(1, 9) else 0
    if not count:
        raise UnsupportedOperationError(f"numpy.power with exponent {exponent.value!r} (1 to 8 are supported)")
    result = a
    for _ in range(count - 1):
        result = _multiply(result, a)
    return result


def _exp(a: Tracked) -> Tracked:
    value = np.exp(a.value)
    return _approximated(value, value * np.expm1(a.error), a.arithmetic)


def _log(a: Tracked) -> Tracked:
    return _approximated(np.log(a.value), -np.log1p(-np.minimum(a.error / a.value, 1.0)), a.arithmetic)


def _sqrt(a: Tracked) -> Tracked:
    root, within = np.sqrt(a.value), a.arithmetic.reach * a.error
    below = root - np.sqrt(np.maximum(a.value - within, 0.0))
    above = np.sqrt(a.value + within) - root
    return _approximated(root, np.maximum(below, above) / a.arithmetic.reach, a.arithmetic)


def _tanh(a: Tracked) -> Tracked:
    steepest = np.cosh(np.maximum(np.abs(a.value) - a.arithmetic.reach * a.error, 0.0)) ** -2.0
    return _approximated(np.tanh(a.value), a.error * steepest, a.arithmetic)


def _between(value: Array, low: Array, high: Array, arithmetic: Arithmetic) -> Tracked:
    """An exact operation whose result lies in an interval while its operands are within reach."""
    return _made(value, np.maximum(high - value, value - low) / arithmetic.reach, arithmetic)


def _extreme(choose: Callable[..., Any]) -> Callable[..., Tracked]:
    """``np.maximum`` or ``np.minimum``: where one operand is out of the other's reach, its error does not matter."""

    def rule(a: Tracked, b: Tracked) -> Tracked:
        off, other = a.arithmetic.reach * a.error, a.arithmetic.reach * b.error
        low, high = choose(a.value - off, b.value - other), choose(a.value + off, b.value + other)
        return _between(choose(a.value, b.value), low, high, a.arithmetic)

    return rule


def _matmul(a: Tracked, b: Tracked) -> Tracked:
    arithmetic, left, right = a.arithmetic, np.abs(a.value), np.abs(b.value)
    local = a.shape[-1] * (arithmetic.roundoff * (left @ right) + arithmetic.formats.accumulate.subnormal)
    errors = [local]
    # Inputs are exact: the products that would only add zeros are the larger part of the work of a plain gemm.
    if a.error.any():
        errors.append(arithmetic.product(a.error, right))
    if b.error.any():
        errors.append(arithmetic.product(left + a.error, b.error))
    return _made(a.value @ b.value, arithmetic.join(*errors), arithmetic)


# Reductions


def _sum(a: Tracked, axis: Any = None, keepdims: bool = False) -> Tracked:
    arithmetic = a.arithmetic
    value = np.sum(a.value, axis=axis, keepdims=keepdims)
    terms = a.value.size // max(value.size, 1)
    local = (terms - 1) * arithmetic.roundoff * np.sum(np.abs(a.value), axis=axis, keepdims=keepdims)
    return _made(value, arithmetic.join(arithmetic.total(a.error, axis, keepdims), local), arithmetic)


def _mean(a: Tracked, axis: Any = None, keepdims: bool = False) -> Tracked:
    total = _sum(a, axis, keepdims)
    return _divide(total, _tracked(a.value.size // max(total.value.size, 1), a.arithmetic))


def _extremum(choose: Callable[..., Any]) -> Callable[..., Tracked]:
    """The largest or the smallest element of an axis."""

    def rule(a: Tracked, axis: Any = None, keepdims: bool = False) -> Tracked:
        off = a.arithmetic.reach * a.error
        value, low, high = (choose(v, axis=axis, keepdims=keepdims) for v in (a.value, a.value - off, a.value + off))
        return _between(value, low, high, a.arithmetic)

    return rule


# What only moves data


def _moved(function: Callable[..., Any], a: Tracked, *arguments: Any, **options: Any) -> Tracked:
    return Tracked(
        np.asarray(function(a.value, *arguments, **options)), np.asarray(function(a.error, *arguments, **options)), a.arithmetic
    )


def _mover(function: Callable[..., Any]) -> Callable[..., Tracked]:
    return lambda a, *arguments, **options: _moved(function, a, *arguments, **options)


def _joiner(function: Callable[..., Any]) -> Callable[..., Tracked]:
    def rule(arrays: Sequence[Any], axis: int = 0) -> Tracked:
        arithmetic = _arithmetic(*arrays)
        parts = [_tracked(array, arithmetic) for array in arrays]
        return Tracked(function([p.value for p in parts], axis=axis), function([p.error for p in parts], axis=axis), arithmetic)

    return rule


def _where(condition: Any, a: Any, b: Any) -> Tracked:
    if isinstance(condition, Tracked):
        raise UnsupportedOperationError("numpy.where on a condition that depends on rounded values")
    arithmetic = _arithmetic(a, b)
    a, b = _tracked(a, arithmetic), _tracked(b, arithmetic)
    return _made(np.where(condition, a.value, b.value), np.where(condition, a.error, b.error), arithmetic)


def _arithmetic(*operands: Any) -> Arithmetic:
    return next(operand.arithmetic for operand in operands if isinstance(operand, Tracked))


def _pad(a: Tracked, width: Any, mode: str = "constant") -> Tracked:
    return _moved(np.pad, a, width, mode=mode)


UFUNCS: Mapping[np.ufunc, Callable[..., Tracked]] = {
    np.add: _add,
    np.subtract: _subtract,
    np.multiply: _multiply,
    np.divide: _divide,
    np.power: _power,
    np.square: lambda a: _multiply(a, a),
    np.reciprocal: lambda a: _divide(_tracked(1, a.arithmetic), a),
    np.negative: lambda a: Tracked(-a.value, a.error, a.arithmetic),
    np.positive: lambda a: a,
    np.absolute: lambda a: Tracked(np.abs(a.value), a.error, a.arithmetic),
    np.maximum: _extreme(np.maximum),
    np.minimum: _extreme(np.minimum),
    np.exp: _exp,
    np.log: _log,
    np.sqrt: _sqrt,
    np.tanh: _tanh,
    np.matmul: _matmul,
}
"""Bounds of elementwise functions and of the matrix product."""

REDUCTIONS: Mapping[np.ufunc, Callable[..., Tracked]] = {
    np.add: _sum,
    np.maximum: _extremum(np.max),
    np.minimum: _extremum(np.min),
}
"""Bounds of ``ufunc.reduce``."""

FUNCTIONS: Mapping[Callable[..., Any], Callable[..., Tracked]] = {
    np.sum: _sum,
    np.mean: _mean,
    np.max: _extremum(np.max),
    np.amax: _extremum(np.max),
    np.min: _extremum(np.min),
    np.amin: _extremum(np.min),
    np.where: _where,
    np.pad: _pad,
    np.concatenate: _joiner(np.concatenate),
    np.stack: _joiner(np.stack),
    **{
        function: _mover(function)
        for function in (
            np.transpose, np.swapaxes, np.moveaxis, np.reshape, np.ravel, np.expand_dims, np.squeeze, np.broadcast_to, np.flip,
            np.repeat, np.tile, np.roll, np.take,
        )
    },
}  # fmt: skip
"""Bounds of numpy's other functions."""
