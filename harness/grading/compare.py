"""Comparing a kernel's outputs with the reference, and saying what the difference looks like.

An element is right when it is within the allowed error of the reference; where the reference is infinite or not a number the
output must be the same. There is no allowance for a share of wrong elements: one is enough to fail.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.grading.shape import shape_of
from harness.task import Array, Tensors, Workload
from harness.trial import ErrorShape, Mismatch, MismatchElement

EXAMPLES = 6
"""Wrong elements shown per output."""
_AXES = {1: ("element",), 2: ("row", "column")}


def compare(
    workload: Workload, outputs: Tensors, expected: Tensors, allowed: Mapping[str, Array], label: str
) -> tuple[Mismatch, ...]:
    """Mismatches by output tensor, empty when every declared output is right.

    ``outputs`` have the workload's types and shapes, ``expected`` is the float64 (or int64) reference, ``allowed`` the
    absolute error per element; ``label`` names the input set in the report.
    """
    found = (_compare_one(workload, name, outputs, expected[name], allowed[name], label) for name in workload.outputs)
    return tuple(mismatch for mismatch in found if mismatch is not None)


def _compare_one(workload: Workload, name: str, outputs: Tensors, expected: Array, allowed: Array, label: str) -> Mismatch | None:
    tensor = workload.outputs[name]
    if name not in outputs or outputs[name].shape != tensor.shape:
        pattern = f"of shape {outputs[name].shape} instead of {tensor.shape}" if name in outputs else "missing"
        shape = ErrorShape(kind="missing", place="all")
        return Mismatch(output=name, inputs=label, wrong=tensor.size, total=tensor.size, pattern=pattern, shape=shape)
    with np.errstate(all="ignore"):
        got = outputs[name].astype(expected.dtype if expected.dtype.kind == "i" else np.float64)
        error = np.abs(got - expected).astype(np.float64)
    finite = np.isfinite(got) & np.isfinite(expected)
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    wrong = ~np.where(finite, error <= allowed, same)
    if not wrong.any():
        return None
    examples = tuple(
        MismatchElement(
            index=tuple(int(i) for i in index),
            expected=float(expected[index]),
            got=float(got[index]),
            error=float(error[index]) if finite[index] else float("inf"),
            allowed=float(allowed[index]),
        )
        for index in map(tuple, np.argwhere(wrong)[:EXAMPLES])
    )
    parts = [place(wrong), values(got[wrong], expected[wrong])]
    return Mismatch(
        output=name,
        inputs=label,
        wrong=int(wrong.sum()),
        total=tensor.size,
        pattern="; ".join(part for part in parts if part),
        examples=examples,
        shape=shape_of(got, expected, allowed, wrong),
    )


def place(wrong: Array) -> str:
    """Where the wrong elements are, in words: ``all``, ``every 4th row``, ``the last 3 columns``; empty if nowhere regular.

    Only exact patterns are named: the wrong elements must be every combination of the index sets that are described.
    """
    if wrong.all():
        return "all"
    sets = [np.flatnonzero(wrong.any(axis=tuple(a for a in range(wrong.ndim) if a != axis))) for axis in range(wrong.ndim)]
    if not wrong[np.ix_(*sets)].all():
        return ""
    names = _AXES.get(wrong.ndim) or tuple(f"index on axis {axis}" for axis in range(wrong.ndim))
    described = [
        _index_set(indices, length, name)
        for indices, length, name in zip(sets, wrong.shape, names, strict=True)
        if len(indices) < length
    ]
    return " of ".join(reversed(described)) if all(described) else ""


def _index_set(indices: Array, length: int, name: str) -> str:
    """A proper subset of an axis in words, or empty if it is irregular."""
    first, last, count = int(indices[0]), int(indices[-1]), len(indices)
    if count == 1:
        return f"{name} {first}"
    step = int(indices[1]) - first
    if not (np.diff(indices) == step).all():
        return ""
    plural = name.replace("index", "indices") if name.startswith("index") else name + "s"
    if step > 1:
        return f"every {_ordinal(step)} {name} from {first}" if last + step >= length else ""
    if last == length - 1:
        return f"the last {count} {plural}"
    return f"the first {count} {plural}" if first == 0 else f"{plural} {first} to {last}"


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def values(got: Array, expected: Array) -> str:
    """What the wrong values have in common, in words; empty if nothing."""
    if np.isnan(got).all():
        return "not a number (or never written)"
    if np.isinf(got).all():
        return "infinite"
    if (got == 0).all():
        return "zero"
    if got.size < 3:
        return ""
    if (got == got[0]).all():
        return f"the same value {got[0]:g}"
    with np.errstate(all="ignore"):
        ratio = got / expected
    if np.isfinite(ratio).all() and np.ptp(ratio) < 1e-3 * abs(float(np.median(ratio))):
        return f"{float(np.median(ratio)):.4g} times the expected value"
    return ""
