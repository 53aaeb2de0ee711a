"""The task linter: proves for a workload that wrong kernels fail and right ones pass, without any backend.

Wrong kernels are the *null family*: constants, copies of inputs, replays of another answer, the reference with one named
operation left out, with the last term of one sum or product left out, and in half precision. Each must fail on at least one of
the input sets that grading draws. Right kernels are the reference in float32, once as numpy evaluates it and once with every
sum and product taken term by term from the last. They must pass on all sets. What is judged is `harness.grading.compare`, with
`harness.grading.tolerance`, exactly as the judge does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from harness.grading import seeds
from harness.grading.compare import compare
from harness.grading.evaluate import InputSet
from harness.grading.tolerance import allowed_error
from harness.record import Record
from harness.task import Array, Formats, Tensors, Workload, keep_all

SECRET = "task linter"
"""Stands in for a run's secret: a lint repeats exactly."""


class LintCheck(Record):
    """What one kernel of the linter came to."""

    name: str
    """Which kernel: ``zeros``, ``without: add beta``, ``float32``."""
    passed: bool
    """Whether it passed on every input set."""
    ratio: float
    """Largest error over allowed error, over all elements and sets; infinite where none is allowed or a value is not finite."""


class LintResult(Record):
    """What the linter found out about one workload."""

    workload: str
    """Its id."""
    nulls: tuple[LintCheck, ...]
    """Wrong kernels; none may pass."""
    correct: tuple[LintCheck, ...]
    """Right kernels; all must pass."""

    @property
    def leaks(self) -> tuple[str, ...]:
        """Names of wrong kernels that pass."""
        return tuple(check.name for check in self.nulls if check.passed)

    @property
    def refused(self) -> tuple[str, ...]:
        """Names of right kernels that fail."""
        return tuple(check.name for check in self.correct if not check.passed)

    @property
    def ok(self) -> bool:
        """Whether the workload tells right from wrong."""
        return not self.leaks and not self.refused

    @property
    def margin(self) -> float:
        """Worst error over allowed error of a right kernel: how near it comes to being refused. 0 is exact, 1 the limit."""
        return max(check.ratio for check in self.correct)

    @property
    def weakest(self) -> LintCheck:
        """The wrong kernel that comes nearest to passing."""
        return min(self.nulls, key=lambda check: check.ratio)


Kernel = Callable[[InputSet], Tensors]
"""Outputs for an input set, in any types; they are rounded to the workload's."""


def lint(workload: Workload, formats: Formats = Formats()) -> LintResult:
    """Judges the null family and the right kernels on what grading would draw for this workload."""
    sets = [_draw(workload, formats, kind, index) for kind, index in seeds.GRADING_DRAWS]
    public = _draw(workload, formats, "public", 0)
    steps, contractions = _operations(workload, public.inputs)
    kernels = [
        *_constants(workload, public),
        *_copies(workload),
        *((f"without: {name}", _dropping(workload, name)) for name in steps),
        *((f"without the last term of {name}", _cutting(workload, name)) for name in contractions),
    ]
    if workload.dtype.is_float:
        kernels.append(("float16 arithmetic", lambda s: workload.compute(s.inputs, np.float16)))
    nulls = tuple(_judge(workload, name, kernel, sets) for name, kernel in kernels)
    correct = tuple(_judge(workload, name, kernel, sets) for name, kernel in _right(workload, contractions))
    return LintResult(workload=workload.id, nulls=nulls, correct=correct)


# Judging


def _draw(workload: Workload, formats: Formats, kind: seeds.SeedKind, index: int) -> InputSet:
    inputs = seeds.draw(SECRET, workload, kind, index)
    expected = workload.compute(inputs)
    return InputSet(f"{kind} {index}", inputs, expected, allowed_error(workload, inputs, expected, formats))


def _judge(workload: Workload, name: str, kernel: Kernel, sets: Sequence[InputSet]) -> LintCheck:
    """Runs a kernel on all sets: whether the judge would pass it, and how far off it is."""
    passed, ratio = True, 0.0
    for one in sets:
        with np.errstate(all="ignore"):
            outputs = {n: np.asarray(a).astype(workload.outputs[n].dtype.numpy) for n, a in kernel(one).items()}
        passed = passed and not compare(workload, outputs, one.expected, one.allowed, one.label)
        ratio = max(ratio, *(_ratio(outputs[n], one.expected[n], one.allowed[n]) for n in workload.outputs))
    return LintCheck(name=name, passed=passed, ratio=ratio)


def _ratio(got: Array, expected: Array, allowed: Array) -> float:
    wide = got.astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.where(wide == expected, 0.0, np.abs(wide - expected))
        ratio = np.where(error == 0, 0.0, error / allowed)
    both_nan = np.isnan(wide) & np.isnan(expected)
    return float(np.max(np.where(both_nan, 0.0, np.where(np.isnan(ratio), np.inf, ratio))))


# The null family


def _constants(workload: Workload, public: InputSet) -> Iterator[tuple[str, Kernel]]:
    """Zeros, what is not a number or the type's extremes, and what an agent could bake in: values of a public answer."""

    def everywhere(value: Callable[[str], Any]) -> Kernel:
        filled = {name: np.full(tensor.shape, value(name)) for name, tensor in workload.outputs.items()}
        return lambda _set: filled

    def extreme(name: str, which: str) -> Any:
        dtype = workload.outputs[name].dtype
        return {"max": np.inf, "min": -np.inf}[which] if dtype.is_float else getattr(np.iinfo(dtype.numpy), which)

    yield "zeros", everywhere(lambda name: 0)
    yield "largest value", everywhere(lambda name: extreme(name, "max"))
    yield "smallest value", everywhere(lambda name: extreme(name, "min"))
    if any(tensor.dtype.is_float for tensor in workload.outputs.values()):
        yield "nan", everywhere(lambda name: np.nan if workload.outputs[name].dtype.is_float else 0)
    yield "constant: first public value", everywhere(lambda name: public.expected[name].flat[0])
    # The upper of the two middle ones, since a mean of two would not be an integer.
    yield (
        "constant: median public value",
        everywhere(lambda name: np.sort(public.expected[name].flat)[workload.outputs[name].size // 2]),
    )
    yield "replay of the public answer", lambda _set: public.expected


def _copies(workload: Workload) -> Iterator[tuple[str, Kernel]]:
    """Each input, cycled or cut to the output's size."""

    def copy(source: str) -> Kernel:
        return lambda s: {name: np.resize(s.inputs[source], tensor.shape) for name, tensor in workload.outputs.items()}

    return ((f"copy of {source}", copy(source)) for source in workload.inputs)


def _dropping(workload: Workload, name: str) -> Kernel:
    """The reference in float32 without one of its named operations."""
    return lambda s: workload.compute(s.inputs, np.float32, lambda n, kept, dropped: dropped if n == name else kept)


def _cutting(workload: Workload, name: str) -> Kernel:
    """The reference in float32 without the last term of one of its sums and products."""
    return lambda s: _contracted(workload, s.inputs, _CutLastTerm(name))


def _right(workload: Workload, contractions: Sequence[str]) -> Iterator[tuple[str, Kernel]]:
    if not workload.dtype.is_float:
        yield "reference", lambda s: workload.compute(s.inputs)
        return
    yield "float32", lambda s: workload.compute(s.inputs, np.float32)
    if contractions:
        yield "float32, last term first", lambda s: _contracted(workload, s.inputs, _LastTermFirst())


# Taking sums and products apart


class _Contractions:
    """How the sums and matrix products of a reference are evaluated: as numpy does. Remembers which it met."""

    def __init__(self) -> None:
        self.met: list[str] = []
        """Names of the sums and products so far, in order."""

    def product(self, a: Array, b: Array) -> Array:
        """``a @ b``."""
        self._meet("product")
        return self._product(a, b)

    def sum(self, a: Array, axis: int | tuple[int, ...] | None = 0, keepdims: bool = False) -> Array:
        """``np.sum(a, axis, keepdims=keepdims)``."""
        self._meet("sum")
        axes = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(one % a.ndim for one in axes)
        first = np.moveaxis(a, axes, range(len(axes)))
        total = self._sum(first.reshape(-1, *first.shape[len(axes) :]))
        return np.expand_dims(total, axes) if keepdims else total

    def _meet(self, kind: str) -> None:
        self.met.append(f"{kind} {1 + sum(name.startswith(kind) for name in self.met)}")

    def _product(self, a: Array, b: Array) -> Array:
        return np.asarray(a @ b)

    def _sum(self, a: Array) -> Array:
        """The sum along the first axis."""
        return np.asarray(np.sum(a, axis=0))


class _CutLastTerm(_Contractions):
    """Leaves out the last term of one sum or product."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def _product(self, a: Array, b: Array) -> Array:
        return super()._product(a[..., :-1], b[..., :-1, :]) if self.met[-1] == self.name else super()._product(a, b)

    def _sum(self, a: Array) -> Array:
        return super()._sum(a[:-1] if self.met[-1] == self.name else a)


class _LastTermFirst(_Contractions):
    """Adds one rounded term after the other, from the last to the first."""

    def _product(self, a: Array, b: Array) -> Array:
        total = a[..., -1:] * b[..., -1:, :]
        for k in reversed(range(a.shape[-1] - 1)):
            total = total + a[..., k : k + 1] * b[..., k : k + 1, :]
        return np.asarray(total)

    def _sum(self, a: Array) -> Array:
        total = a[-1]
        for term in a[-2::-1]:
            total = total + term
        return np.asarray(total)


def _operations(workload: Workload, inputs: Tensors) -> tuple[list[str], list[str]]:
    """The named steps of the reference in order, and its sums and matrix products."""
    steps: dict[str, None] = {}

    def record(name: str, kept: Any, _dropped: Any, /) -> Any:
        steps[name] = None
        return kept

    contractions = _Contractions()
    _contracted(workload, inputs, contractions, record)
    return list(steps), contractions.met


def _contracted(workload: Workload, inputs: Tensors, contractions: _Contractions, step: Any = keep_all) -> dict[str, Array]:
    """The reference in float32 (integers in int64) with its sums and matrix products evaluated by ``contractions``."""

    class Rerouted(np.ndarray[Any, Any]):
        def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
            plain: list[Any] = [np.asarray(o) if isinstance(o, np.ndarray) else o for o in operands]
            # numpy.sum spells out these defaults.
            options = {name: value for name, value in options.items() if (name, value) not in (("dtype", None), ("where", True))}
            if ufunc is np.matmul and not options:
                return contractions.product(*plain).view(Rerouted)
            if ufunc is np.add and method == "reduce" and options.keys() <= {"axis", "keepdims"}:
                return contractions.sum(*plain, **options).view(Rerouted)
            return np.asarray(getattr(ufunc, method)(*plain, **options)).view(Rerouted)

    outputs = workload.compute({name: array.view(Rerouted) for name, array in inputs.items()}, np.float32, step)
    return {name: np.asarray(array) for name, array in outputs.items()}
