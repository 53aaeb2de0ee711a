"""Speed of light of a workload: the busiest of the load/store slot, the multipliers and the dispatch of vector operations.

Inputs that are needed must be read once, and outputs written once, through the one slot that scalar and vector accesses share:
nothing moves more bytes a cycle than instructions of eight whole registers. Multiplications take a lane of one of the two
multipliers of vectors, all operations one of the three vector registers that can be worked on in a cycle, or they are scalar, and
two instructions are fetched in a cycle. A lane is as wide as the narrowest element of the workload; a scalar instruction is
worth a word of lanes, since small numbers may be packed into it.

Floats count as 32-bit lanes, although there is only a scalar unit for them and it takes two cycles for an operation: sums and
products of floats can be made of integers that share an exponent, and such a kernel must not be faster than light.

Where every instruction costs the same (the timing ``functional``), the bound is a number of instructions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, prod

from backends.isa.architecture import Architecture
from harness.backend import Bound
from harness.task import Params, Workload

GROUP = 8
"""Registers of the largest group."""
LINE_LOAD, LINE_STORE = 4, 3
"""Cycles of the slot for a register that is one line of memory; an instruction takes one more."""
MULTIPLIERS = 2
"""Registers of products that begin in a cycle."""
DISPATCHED = 3
"""Registers that are worked on in a cycle."""
FETCHED = 2
"""Instructions that arrive in a cycle."""
WORD = 4
"""Bytes of a scalar register."""
MULTIPLICATIONS = ("mac", "mul")
"""Kinds of operations that need a multiplier."""


def bound(workload: Workload, architecture: Architecture) -> Bound:
    """The bound of a workload on a profile and timing of the core."""
    register = architecture.values["VLENB"]
    assert isinstance(register, int)
    group = GROUP * register
    reads, writes = needed(workload), sum(tensor.bytes for tensor in workload.outputs.values())
    width = min(tensor.dtype.bytes for tensor in (*workload.inputs.values(), *workload.outputs.values()))
    operations = workload.work.operations
    products, every = sum(operations.get(kind, 0) for kind in MULTIPLICATIONS), sum(operations.values())
    if architecture.machine.timing.blocking:
        moves, lanes = ceil(reads / group) + ceil(writes / group), group // width
        count = moves + ceil(every / lanes)
        return _bound(count, "issue", f"{moves} loads and stores of {group} bytes + ceil({every} operations / {lanes})")
    load, store = 1 + GROUP * LINE_LOAD, 1 + GROUP * LINE_STORE
    scalar = FETCHED * WORD // width
    multiply, dispatch = (units * register // width + scalar for units in (MULTIPLIERS, DISPATCHED))
    moved = f"({reads} bytes read * {load} + {writes} written * {store}) / {group}"
    limits = [
        (ceil((reads * load + writes * store) / group), "memory", moved),
        (ceil(products / multiply), "multiply", f"{products} multiplications / {multiply}"),
        (ceil(every / dispatch), "dispatch", f"{every} operations / {dispatch}"),
    ]
    return _bound(*max(limits))


def needed(workload: Workload) -> int:
    """Bytes of inputs that every kernel must read, whatever they hold."""
    counts = _COUNTS.get(workload.task.id)
    read = counts(workload.p) if counts is not None else {}
    return sum(read.get(name, tensor.size) * tensor.dtype.bytes for name, tensor in workload.inputs.items())


def _bound(cycles: int, limited_by: str, formula: str) -> Bound:
    return Bound(cycles=float(max(cycles, 1)), limited_by=limited_by, formula=f"{formula} = {cycles} cycles")


def _reached(outputs: int, window: int, stride: int) -> int:
    """Elements of a dimension that a sliding window covers."""
    return window + (outputs - 1) * min(window, stride)


def _image(p: Params) -> int:
    """Pixels of a padded image that a sliding window covers, those of the padding not counted."""
    return prod(max(_reached(outputs, p.K, p.STRIDE) - 2 * p.get("PAD", 0), 1) for outputs in (p.OH, p.OW))


_COUNTS: Mapping[str, Callable[[Params], Mapping[str, int]]] = {
    "P23": lambda p: {"x": p.CIN * _reached(p.OL, p.K, p.STRIDE)},
    "P24": lambda p: {"x": p.CIN * _image(p)},
    "P26": lambda p: {"x": p.C * _image(p)},
    "P31": lambda p: {"table": 0},
    "P32": lambda p: {"table": 0},
    "C06": lambda p: {"cos": p.T * p.HALF, "sin": p.T * p.HALF},
    "C07": lambda p: {"q": (p.T - p.CAUSAL) * p.D},
    "C08": lambda p: {"q": (p.T - 1) * p.D},
    "C21": lambda p: {"q": (p.T - p.CAUSAL) * p.D, "table": 0},
}
"""Elements that must be read, by input, for tasks of which some need not: those that no window reaches, entries of tables, and a
query that sees one key only."""
