"""The clock in C: what `backends.isa.golden.scoreboard` says, with the same numbers.

In blocking timing constant costs are not counted while a program runs: how often each address completed says it all. Only costs
that depend on an instruction's work add up as they occur. In-order timing keeps a ready time for every cell. Times never go back
between runs (a run starts at the machine's ``base``), so that no ready time has to be cleared.
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.isa.architecture import Instruction
from backends.isa.engine import CAUSES
from backends.isa.machine import Linear, UnitKind
from backends.isa.native.cgen.layout import Layout, Place

WORK_LIMIT = 2**32 - 1
RANKS: dict[UnitKind, int] = {"compute": 3, "memory": 2, "dma": 1}
"""Of equally late cells, the one with the greatest rank names the cause; a busy unit has rank 0."""
UNIT_CAUSE: dict[UnitKind, int] = {"compute": CAUSES.index("unit"), "memory": CAUSES.index("memory"), "dma": CAUSES.index("dma")}
DATA_CAUSE: dict[UnitKind, int] = {"compute": CAUSES.index("data"), "memory": CAUSES.index("memory"), "dma": CAUSES.index("dma")}


@dataclass(frozen=True)
class Clock:
    """Writes one instruction's timing."""

    layout: Layout
    instruction: Instruction

    @property
    def in_order(self) -> bool:
        """Whether there are ready times."""
        return self.layout.in_order

    @property
    def unit(self) -> int:
        """Number of the instruction's unit."""
        return self.layout.units[self.instruction.unit]

    @property
    def kind(self) -> UnitKind:
        """Kind of the instruction's unit."""
        return self.layout.architecture.machine.units[self.instruction.unit].kind

    @property
    def varies(self) -> bool:
        """Whether costs that depend on the work are added up as they occur."""
        timing = self.layout.architecture.machine.timing
        cost = timing.costs[self.instruction.timing]
        return timing.pipeline is None and bool(cost.interval.per or cost.latency.per)

    def constant(self) -> tuple[int, int]:
        """Interval and latency, where they do not depend on the work."""
        cost = self.layout.architecture.machine.timing.costs[self.instruction.timing]
        return (0, 0) if self.varies else (cost.interval.base, cost.latency.base)

    @property
    def binds(self) -> bool:
        """Whether the unit can be busy longer than for a cycle, so that an instruction may have to wait for it."""
        costs = self.layout.architecture.machine.timing.costs
        unit = self.instruction.unit
        intervals = [costs[i.timing].interval for i in self.layout.architecture.instructions if i.unit == unit]
        return any(interval.per or interval.base > 1 for interval in intervals)

    def touch_register(self, place: Place, number: str) -> list[str]:
        """Waits for a register (in-order); the hard-zero register is ready at 0, always."""
        return [self._wait(place, number)]

    def touch(self, place: Place, first: str, units: str, *, clipped: bool = False, align: int = 1) -> list[str]:
        """Waits for the cells of ``units`` elements from ``first`` on, a multiple of ``align``; those past the end do not exist
        where ``clipped``."""
        return self._cells(place, first, units, clipped, align, self._wait(place, "cell"))

    def produce(self, place: Place, first: str, units: str, *, align: int = 1) -> list[str]:
        """Notes when the cells of a written range are ready; after `issue`."""
        return self._cells(place, first, units, False, align, self._set(place, "cell"))

    def produce_register(self, place: Place, number: str) -> list[str]:
        """Notes when a written register is ready; after `issue`."""
        zero = place.memory.zero
        return [self._set(place, number) + (f" {place.ready}[{zero}] = 0;" if zero is not None else "")]

    def issue(self, works: bool) -> list[str]:
        """The instruction completes: its issue time and what it costs. ``works``: whether the body says its amount of work."""
        timing = self.layout.architecture.machine.timing
        if timing.pipeline is not None:
            return ["m->work = work;"] if works else []
        costs = timing.costs[self.instruction.timing]
        work = "work" if works else "1"
        lines = []
        if self.varies:
            lines += [
                f"const uint64_t interval = {_linear(costs.interval, work)}, latency = {_linear(costs.latency, work)};",
                "struct effort *effort = &m->efforts[in - m->program];",
                "effort->interval += interval;",
            ]
            if not self.in_order:
                lines += ["effort->latency += latency;", "effort->slots += latency != 0;", "m->done = latency;"]
        elif self.in_order:
            lines += [f"const uint64_t interval = {costs.interval.base}, latency = {costs.latency.base};"]
        if self.in_order:
            lines += [
                f"const uint64_t ready = latency + issue(m, earliest, in, late, {self.unit}, {UNIT_CAUSE[self.kind]}, "
                f"{int(self.binds)}, interval, latency);",
                "(void)ready;",
            ]
        return lines

    def _wait(self, place: Place, cell: str) -> str:
        ready = f"{place.ready}[{cell}]"
        if place.memory.name in self.layout.architecture.machine.timing.forwarded:
            return f"late = later(late, ({ready} & 255u) == {self.unit} ? 0 : {ready});"
        return f"late = later(late, {ready});"

    def _set(self, place: Place, cell: str) -> str:
        cell, time = f"{place.ready}[{cell}]", "ready"
        if place.memory.name in self.layout.architecture.machine.timing.forwarded:
            time = f"later({cell} >> 11, ready)"  # all others have been waited for
        return f"{cell} = KEY({time}, {RANKS[self.kind]}, {self.unit});"

    def _cells(self, place: Place, first: str, units: str, clipped: bool, align: int, action: str) -> list[str]:
        granule, size = place.memory.granule, place.memory.size
        end = f"({first} + {units})"
        conditions = []
        if not units.isdigit():
            conditions.append(f"{units} != 0")
        if clipped:
            conditions.append(f"{first} < {size}u")
            end = f"min_u64({end}, {size}u)"
        head = f"if ({' && '.join(conditions)}) " if conditions else ""
        if place.cells == 1:
            return [head + "{ const uint64_t cell = 0; " + action + " }"]
        if units == "1" and not clipped:
            return [f"{{ const uint64_t cell = {first} / {granule}u; {self._but_zero(place, action)} }}"]
        if units.isdigit() and not clipped and align % granule == 0:  # so many, always
            cell = f"const uint64_t cell = {first} / {granule}u + c;"
            return [f"for (uint64_t c = 0; c < {-(-int(units) // granule)}u; c++) {{ {cell} {self._but_zero(place, action)} }}"]
        return [
            f"{head}for (uint64_t cell = {first} / {granule}u; cell <= ({end} - 1) / {granule}u; cell++) "
            f"{{ {self._but_zero(place, action)} }}"
        ]

    @staticmethod
    def _but_zero(place: Place, action: str) -> str:
        return action if place.memory.zero is None else f"if (cell != {place.memory.zero}) {action}"


def _linear(cost: Linear, work: str) -> str:
    if not cost.per:
        return f"UINT64_C({cost.base})"
    return f"linear({cost.base}u, UINT64_C({cost.per.numerator}), UINT64_C({cost.per.denominator}), {work})"
