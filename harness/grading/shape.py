"""What an error looks like: the kind of wrong values, where they are, and a small picture.

Agents read the words of `harness.grading.compare`; this is for people who want to know why kernels fail, over thousands of them.
Kinds are tried from the most to the least specific; one is named only if it explains every wrong element.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from harness.task import Array
from harness.trial import ErrorShape

CELLS = (16, 48)
"""Most rows and columns of a picture."""
CLOSE = 1e-3
"""Relative spread within which factors and distances are one and the same."""
NEARLY = 1e-2
"""Errors below this share of the largest expected value are a want of precision: the formula is right."""

FEW = 36
"""Wrong elements from which on it can be told whether they have anything to do with the right values."""

Kind = Literal[
    "missing", "nan", "infinite", "zero", "constant", "sign", "scale", "offset", "permuted", "precision", "unrelated", "other"
]  # fmt: skip
Place = Literal["all", "element", "row", "column", "head", "tail", "stride", "block", "scattered"]


def shape_of(got: Array, expected: Array, allowed: Array, wrong: Array) -> ErrorShape:
    """The shape of an error: four arrays of one shape, values as float64 or int64, ``wrong`` true where out of tolerance."""
    return ErrorShape(
        kind=kind_of(got[wrong], expected[wrong], float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected)))),
        place=place_of(wrong),
        worst=_worst(got[wrong], expected[wrong], allowed[wrong]),
        map=picture(wrong),
    )


def kind_of(got: Array, expected: Array, largest: float) -> Kind:
    """What the wrong values are (vectors of all of them); ``largest`` is the largest expected magnitude of the whole output."""
    for test, kind in ((np.isnan, "nan"), (np.isinf, "infinite"), (lambda x: x == 0, "zero")):
        if test(got).all():
            return kind  # type: ignore[return-value]
    if not (np.isfinite(got).all() and np.isfinite(expected).all()):
        return "other"
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    error = np.abs(got - expected)
    is_integer = bool((got == np.round(got)).all() and (expected == np.round(expected)).all())
    if error.max() <= (1.0 if is_integer else NEARLY * largest):
        return "precision"
    # Of one or two elements everything is a multiple, and everything a permutation.
    if got.size < 3:
        return "sign" if (np.abs(got + expected) <= NEARLY * np.abs(expected)).all() else "other"
    if (got == got[0]).all():
        return "constant"
    return _relation(got, expected)


def _relation(got: Array, expected: Array) -> Kind:
    if (np.abs(got + expected) <= NEARLY * np.abs(expected)).all():
        return "sign"
    with np.errstate(all="ignore"):
        if _is_one_value(got / expected):
            return "scale"
    if _is_one_value(got - expected):
        return "offset"
    there, should = np.sort(got), np.sort(expected)
    if (np.abs(there - should) <= CLOSE * np.abs(should).max()).all():
        return "permuted"
    return "unrelated" if _is_unrelated(got, expected) else "other"


def _is_unrelated(got: Array, expected: Array) -> bool:
    """Whether the ranks of many values correlate no more than chance has it: Spearman's rho within three standard errors."""
    if got.size < FEW or np.ptp(expected) == 0:
        return False
    there, should = (np.argsort(np.argsort(values, kind="stable")).astype(np.float64) for values in (got, expected))
    return bool(abs(float(np.corrcoef(there, should)[0, 1])) <= 3 / np.sqrt(got.size))


def _is_one_value(values: Array) -> bool:
    return bool(np.isfinite(values).all() and np.ptp(values) <= CLOSE * abs(float(np.median(values))))


def place_of(wrong: Array) -> Place:
    """Where the wrong elements are; they must be all combinations of index sets, or they are scattered."""
    if wrong.all():
        return "all"
    if int(wrong.sum()) == 1:
        return "element"
    sets = [np.flatnonzero(wrong.any(axis=tuple(a for a in range(wrong.ndim) if a != axis))) for axis in range(wrong.ndim)]
    if not wrong[np.ix_(*sets)].all():
        return "scattered"
    restricted = [axis for axis, indices in enumerate(sets) if len(indices) < wrong.shape[axis]]
    if len(restricted) > 1:
        return "block" if all(_is_run(sets[axis]) for axis in restricted) else "scattered"
    [axis] = restricted
    indices, length = sets[axis], wrong.shape[axis]
    if _is_run(indices):
        if len(indices) > 1 and indices[0] == 0:
            return "head"
        if indices[-1] == length - 1:
            return "tail"
        return "column" if axis == wrong.ndim - 1 and wrong.ndim > 1 else "row" if wrong.ndim > 1 else "block"
    return "stride" if len(set(np.diff(indices).tolist())) == 1 else "scattered"


def _is_run(indices: Array) -> bool:
    return bool((np.diff(indices) == 1).all())


def picture(wrong: Array) -> tuple[str, ...]:
    """The map of `ErrorShape`, at most `CELLS` large."""
    flat = wrong.reshape(-1, wrong.shape[-1]) if wrong.ndim else wrong.reshape(1, 1)
    rows = np.array_split(flat, min(CELLS[0], len(flat)))
    return tuple("".join(map(_digit, np.array_split(row, min(CELLS[1], row.shape[1]), axis=1))) for row in rows)


def _digit(cell: Array) -> str:
    share = float(cell.mean())
    return "9" if share == 1 else str(int(np.ceil(share * 8)))


def _worst(got: Array, expected: Array, allowed: Array) -> float | None:
    with np.errstate(all="ignore"):
        ratio = np.abs(got.astype(np.float64) - expected) / allowed
    worst = float(ratio.max())
    return worst if np.isfinite(worst) else None
