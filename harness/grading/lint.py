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
from harness.grading.rerun import Evaluation, Ordered, Partly, last_term_first, rerun
from harness.grading.tolerance import allowed_error
from harness.record import Record
from harness.task import Array, Formats, Tensors, Workload

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
    sets = [draw(workload, formats, kind, index) for kind, index in seeds.GRADING_DRAWS]
    public = draw(workload, formats, "public", 0)
    steps, contractions = _operations(workload, public.inputs)
    kernels = [
        *_constants(workload, public),
        *_copies(workload),
        *((f"without: {name}", _dropping(workload, name)) for name in steps),
        *((f"without the last term of {name}", _cutting(workload, name)) for name in contractions),
    ]
    if workload.dtype.is_float:
        kernels.append(("float16 arithmetic", lambda s: workload.compute(s.inputs, np.float16)))
    nulls = tuple(judge(workload, name, kernel, sets) for name, kernel in kernels)
    correct = tuple(judge(workload, name, kernel, sets) for name, kernel in _right(workload, contractions))
    return LintResult(workload=workload.id, nulls=nulls, correct=correct)


# Judging


def draw(workload: Workload, formats: Formats, kind: seeds.SeedKind, index: int) -> InputSet:
    """One of the sets that every lint draws, with what a sound kernel of these formats may be off by."""
    inputs = seeds.draw(SECRET, workload, kind, index)
    expected = workload.compute(inputs)
    return InputSet(f"{kind} {index}", inputs, expected, allowed_error(workload, inputs, expected, formats))


def judge(workload: Workload, name: str, kernel: Kernel, sets: Sequence[InputSet]) -> LintCheck:
    """Runs a kernel on all sets: whether the judge would pass it, and how far off it is."""
    passed, worst = True, 0.0
    for one in sets:
        with np.errstate(all="ignore"):
            outputs = {n: np.asarray(a).astype(workload.outputs[n].dtype.numpy) for n, a in kernel(one).items()}
        passed = passed and not compare(workload, outputs, one.expected, one.allowed, one.label)
        worst = max(worst, *(ratio(outputs[n], one.expected[n], one.allowed[n]) for n in workload.outputs))
    return LintCheck(name=name, passed=passed, ratio=worst)


def ratio(got: Array, expected: Array, allowed: Array) -> float:
    """Largest error over allowed error of one output; infinite where none is allowed or a value is not finite."""
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
    return lambda s: rerun(workload, s.inputs, Partly(name, slice(-1)))


def _right(workload: Workload, contractions: Sequence[str]) -> Iterator[tuple[str, Kernel]]:
    if not workload.dtype.is_float:
        yield "reference", lambda s: workload.compute(s.inputs)
        return
    yield "float32", lambda s: workload.compute(s.inputs, np.float32)
    if contractions:
        yield "float32, last term first", lambda s: rerun(workload, s.inputs, Ordered(last_term_first))


def _operations(workload: Workload, inputs: Tensors) -> tuple[list[str], list[str]]:
    """The named steps of the reference in order, and its sums and matrix products."""
    steps: dict[str, None] = {}

    def record(name: str, kept: Any, _dropped: Any, /) -> Any:
        steps[name] = None
        return kept

    evaluation = Evaluation()
    rerun(workload, inputs, evaluation, step=record)
    return list(steps), list(evaluation.contractions)
