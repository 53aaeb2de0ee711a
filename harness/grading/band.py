"""The band of accepted outputs, tried from both sides in the arithmetic of each backend.

From within: the reference in that arithmetic, its sums in three orders, must pass. From without: kernels with one of the smallest
mistakes (`harness.grading.mistakes`) ought to fail. Each that does not is named with its error as a share of the allowed one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.backend import Backend, StoresInputs
from harness.grading import rerun, seeds
from harness.grading.compare import compare
from harness.grading.evaluate import InputSet
from harness.grading.lint import SECRET, LintCheck, judge, ratio
from harness.grading.mistakes import Kind, Mistake, mistakes
from harness.grading.tolerance import allowed_error
from harness.record import Record
from harness.task import Array, DType, Formats, Tensors, Workload, keep_all

ORDERS: Mapping[str, rerun.Order] = {
    "first term first": rerun.first_term_first,
    "as a tree": rerun.tree,
    "last block first": rerun.last_block_first,
}
"""Orders in which the sums of a right kernel are taken."""
SAME = 1e-12
"""Exact results are the same within this share of the largest: what reordering does to float64."""


class MistakeCheck(Record):
    """What came of one mistake."""

    kind: Kind
    """Which of the smallest mistakes."""
    name: str
    """Where it was made: ``last term of sum 1``."""
    caught: bool
    """Whether the judge refuses it on at least one of the sets that a grade draws."""
    ratio: float
    """Largest error over allowed error, on all sets up to the first that it was caught on."""


class Band(Record):
    """What one workload accepts in one arithmetic."""

    workload: str
    """`Workload.id`."""
    backends: tuple[str, ...]
    """Those that compute in this arithmetic with the same inputs."""
    arithmetic: str
    """``f32``, ``bf16, sums in f32``, or ``exact`` where no number is rounded."""
    right: tuple[LintCheck, ...]
    """Right kernels; all must pass."""
    mistakes: tuple[MistakeCheck, ...]
    """Every mistake that changes an exact result."""

    @property
    def refused(self) -> tuple[str, ...]:
        """Names of right kernels that fail."""
        return tuple(check.name for check in self.right if not check.passed)


def bands(workload: Workload, backends: Mapping[str, Backend]) -> list[Band]:
    """The bands of a workload on those of the backends that support it; one for those that compute alike."""
    drawn = {place: seeds.draw(SECRET, workload, *place) for place in seeds.GRADING_DRAWS}
    alike: list[tuple[list[str], Formats, list[Tensors]]] = []
    for name, backend in backends.items():
        if not backend.support(workload).supported:
            continue
        held = [backend.stored(workload, one) if isinstance(backend, StoresInputs) else one for one in drawn.values()]
        for names, formats, inputs in alike:
            if formats == backend.info.formats and _equal(held, inputs):
                names.append(name)
                break
        else:
            alike.append(([name], backend.info.formats, held))
    labels = [f"{kind} {index}" for kind, index in drawn]
    return [band(workload, formats, dict(zip(labels, inputs, strict=True)), names) for names, formats, inputs in alike]


def _equal(one: Sequence[Tensors], other: Sequence[Tensors]) -> bool:
    return all(np.array_equal(a[name], b[name], equal_nan=True) for a, b in zip(one, other, strict=True) for name in a)


def band(workload: Workload, formats: Formats, inputs: Mapping[str, Tensors], backends: Sequence[str] = ()) -> Band:
    """One band, on these sets of inputs as the device stores them, by label."""
    sets = []
    for label, one in inputs.items():
        expected = workload.compute(one)
        sets.append(InputSet(label, one, expected, allowed_error(workload, one, expected, formats)))
    storage = formats.storage if workload.dtype.is_float else None
    right = tuple(judge(workload, name, _right(workload, formats, order), sets) for name, order in ORDERS.items())
    made = mistakes(workload, sets[0].inputs, formats)
    checks = tuple(check for check in (_checked(workload, mistake, sets, storage) for mistake in made) if check)
    return Band(
        workload=workload.id, backends=tuple(backends), arithmetic=_arithmetic(workload, formats), right=right, mistakes=checks
    )


def _arithmetic(workload: Workload, formats: Formats) -> str:
    if not workload.dtype.is_float:
        return "exact"
    storage, accumulate = formats.storage.name, formats.accumulate.name
    return storage if storage == accumulate else f"{storage}, sums in {accumulate}"


def _right(workload: Workload, formats: Formats, order: rerun.Order) -> Any:
    """The reference as a device of these formats may compute it: functions as rough as they may be, and each step rounded to
    storage, unless that has a narrower range: it would overflow in the middle, which no right kernel does."""
    wide, narrow = formats.accumulate, formats.storage
    roughness = formats.unary_roundoffs * wide.roundoff
    rounds = narrow.roundoff > wide.roundoff and narrow.tiny <= wide.tiny

    def step(_name: str, kept: Any, _dropped: Any, /) -> Any:
        return _in(narrow, kept) if rounds else kept

    def kernel(one: InputSet) -> Tensors:
        with np.errstate(all="ignore"):
            evaluation = rerun.Ordered(order, roughness)
            outputs = rerun.rerun(workload, one.inputs, evaluation, wide.numpy, step if workload.dtype.is_float else keep_all)
            return {name: _in(narrow, array) for name, array in outputs.items()}

    return kernel


def _in(dtype: DType, array: Array) -> Array:
    """Values rounded to a floating type, in the type they had."""
    return array.astype(dtype.numpy).astype(array.dtype) if array.dtype.kind not in "iub" else array


def _checked(workload: Workload, mistake: Mistake, sets: Sequence[InputSet], storage: DType | None) -> MistakeCheck | None:
    """Whether the judge sees it, or None if all exact results are as they should be."""
    worst, differs = 0.0, False
    for one in sets:
        with np.errstate(all="ignore"):
            exact = mistake.kernel(one.inputs)
            if all(_is_same(exact[name], one.expected[name]) for name in workload.outputs):
                continue
            differs = True
            outputs = {n: (_in(storage, a) if storage else a).astype(workload.outputs[n].dtype.numpy) for n, a in exact.items()}
        worst = max(worst, *(ratio(outputs[n], one.expected[n], one.allowed[n]) for n in workload.outputs))
        if compare(workload, outputs, one.expected, one.allowed, one.label):
            return MistakeCheck(kind=mistake.kind, name=mistake.name, caught=True, ratio=worst)
    return MistakeCheck(kind=mistake.kind, name=mistake.name, caught=False, ratio=worst) if differs else None


def _is_same(got: Array, expected: Array) -> bool:
    if expected.dtype.kind in "iub":
        return bool(np.array_equal(got, expected))
    finite = np.abs(expected[np.isfinite(expected)])
    return bool(np.allclose(got, expected, rtol=0, atol=SAME * finite.max(initial=0.0), equal_nan=True))
