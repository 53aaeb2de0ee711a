"""Speed of light of a workload on an architecture: its least work over the peaks that machine.toml states.

A peak says how much one instruction of a cost class does at most, so ``n`` operations need ``n / amount`` of them. Kinds that
one class serves may share an instruction, so their shares are added before they are rounded up to whole instructions, each of
which keeps its unit for the class's interval. Where a cost grows with work (transfers), that part is charged for the work that
goes with the operations, in however many instructions it is done. On a machine where an instruction starts when the one before
is complete, all of that adds up; where units work beside each other, the busiest one sets the bound. Kinds of work that have no
peak count as free: the bound stays below what any kernel can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil

from backends.isa.architecture import Architecture
from backends.isa.machine import Linear
from harness.backend import Bound


def bound(architecture: Architecture, work: Mapping[str, int]) -> Bound:
    """The bound for amounts of work by kind of peak: operations of ``Work.operations``, and elements moved."""
    machine = architecture.machine
    shares: dict[tuple[str, str], _Shares] = {}
    for kind, amount in work.items():
        peak = machine.peaks.get(kind)
        if peak is not None and amount > 0:
            shares.setdefault((peak.unit, peak.cost), _Shares()).add(kind, amount, peak.amount, peak.work)
    if not shares:
        return Bound(cycles=1.0, limited_by="issue", formula="1 instruction; no kind of its work has a peak")
    busy: dict[str, int] = {}
    terms: dict[str, list[str]] = {}
    for (unit, name), share in shares.items():
        cost = machine.timing.costs[name]
        cycles, term = share.cost(cost.latency if machine.timing.blocking else cost.interval)
        busy[unit] = busy.get(unit, 0) + cycles
        terms.setdefault(unit, []).append(term)
    limited_by = max(busy, key=lambda unit: busy[unit])
    counted = list(busy) if machine.timing.blocking else [limited_by]
    cycles = max(sum(busy[unit] for unit in counted), 1)
    formula = " + ".join(f"{unit}: {' + '.join(terms[unit])}" for unit in counted) + f" = {cycles} cycles"
    return Bound(cycles=float(cycles), limited_by=limited_by, formula=formula)


class _Shares:
    """What one cost class must do, in instructions."""

    def __init__(self) -> None:
        self._instructions, self._work = Fraction(0), Fraction(0)
        self._texts: list[str] = []

    def add(self, kind: str, amount: int, most: int, work: int) -> None:
        """``amount`` operations, of which one instruction does ``most``, taking ``work``."""
        share = Fraction(amount, most)
        self._instructions += share
        self._work += share * work
        self._texts.append(f"{amount} {kind} / {most}")

    def cost(self, each: Linear) -> tuple[int, str]:
        """Least cycles, and the term that says how they come about."""
        cycles, term = ceil(self._instructions) * each.base, f"ceil({' + '.join(self._texts)}) * {each.base}"
        if not each.per:
            return cycles, term
        grown = f"ceil({each.per} * {self._work} work)"
        return cycles + ceil(each.per * self._work), f"{term} + {grown}" if each.base else grown
