"""Nests of loops in another order: a copy that stores elements far apart stores them one after the other instead."""

from __future__ import annotations

from dataclasses import replace

from backends.isa.language import ir
from backends.isa.native.cgen.expressions import parts
from backends.isa.native.cgen.lanes import ONE, ZERO, slope

MOST_ROWS = 8
"""Rows that are read at once; compilers turn so many of them into columns with few instructions."""


def contiguous(loop: ir.For) -> ir.For:
    """A transposition ``for j: for k: columns[k * n + j] = rows[...]`` with k outside; any other loop as it is.

    Every pass writes an element of its own and reads none of them, and nothing in it can trap, so their order shows nowhere.
    """
    if len(loop.body) != 1 or not isinstance(inner := loop.body[0], ir.For) or len(inner.body) != 1:
        return loop
    store = inner.body[0]
    if not isinstance(store, ir.ArrayStore) or not (is_counted(loop) and is_counted(inner)) or loop.trips > MOST_ROWS:
        return loop
    stride = slope(store.index, inner.variable)
    apart = isinstance(stride, ir.Const) and stride.value >= loop.trips and slope(store.index, loop.variable) == ONE
    reads = [*parts(store.index), *parts(store.value)]
    if not apart or any(isinstance(part, ir.StateLoad | ir.ArrayLoad) for part in reads):
        return loop
    return replace(inner, body=(replace(loop, body=(store,)),))


def is_counted(loop: ir.For) -> bool:
    """Whether a loop counts from 0 to a constant: its variable then ends the same wherever it stands."""
    return loop.start == ZERO and loop.step == 1 and isinstance(loop.stop, ir.Const) and loop.stop.value > 0
