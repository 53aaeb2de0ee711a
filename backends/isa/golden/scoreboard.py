"""When things happen: the scoreboard that turns completed instructions into cycles and says where each cycle went.

The native engine does the same in C; this text is the specification and `Scoreboard` its plain form. All numbers are integers.

**Input.** One call of `complete` per completed instruction, in program order: its address, unit, cost class, amount of work,
and what it touched. An instruction that traps is never told of: it leaves no trace. ``work`` is what the body's last
``work(n)`` said, clamped to 0 .. 2**32 - 1, or 1 if it said nothing; ``interval = cost.interval.cycles(work)``, ``latency =
cost.latency.cycles(work)``.

**What an instruction touches.** A *cell* is a register, or ``granule`` elements of a memory: cell ``address // granule`` of
that memory.

- A register operand touches its register: read (in), written (out) or both (inout), whether the body uses it or not. A window
  operand reads its pointer register.
- A window reads (in), writes (out) or does both (inout) with every cell that holds one of the elements that count (``length``),
  and for MX types those that hold their scale bytes. The part of a read past the end of a memory with ``beyond="zero"`` touches
  nothing.
- ``mem[i]``, ``reg[i]``, ``reg.value`` touch their cell when they are evaluated; so does the length register of an operand.
- The hard-zero register of a file is never touched, nor is anything past the end of a memory. The loop stack and the pc are no
  cells.

**Blocking timing.** ``start`` is when the instruction before was done (0 at first); ``done = start + latency``. Of the
``latency`` cycles one is charged to ``issue`` (if latency > 0) and the others to the unit's cause: compute -> ``unit``, memory
-> ``memory``, dma -> ``dma``. An instruction of latency 0 costs nothing. Cells do not matter.

**In-order timing.** ``earliest`` is 1 + the issue time of the instruction before (0 at first). It issues at ::

    t = max(earliest, unit_free[unit], ready[cell] for every cell that it touches)

where a cell of a memory in ``timing.forwarded`` that was last written by the same unit does not count. Then ::

    unit_free[unit] = t + interval
    ready[cell] = max(ready[cell], t + latency); producer[cell] = unit      for every cell that it writes
    done = t + max(latency, 1)

Everything starts at 0. Operands are read at issue, so that a later write never waits for an earlier read. One cycle is charged
to ``issue``; the ``t - earliest`` cycles of waiting are charged to one cause, that of the binding constraint: the latest. Of
several that are equally late: a cell before the unit, and among cells one produced by a compute unit before a memory unit
before a dma. A cell's cause is that of its producer: compute -> ``data``, memory -> ``memory``, dma -> ``dma``; the unit's own
cause is as above.

**Both.** ``busy[unit] += interval``. ``cycles`` is the greatest ``done``. At the end of a run, whatever ended it, the cycles
after the last issue slot, ``cycles - (last issue + 1)``, are charged to the instruction that is done last (of several the one
issued last) with the cause of a cell that it produced. So ``stalls.sum() == cycles`` always; in blocking timing there is
nothing left to charge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from backends.isa.engine import CAUSES
from backends.isa.machine import Machine, UnitKind

WORK_LIMIT = 2**32 - 1
"""Greatest amount of work that counts."""
ISSUE = CAUSES.index("issue")
_OTHERS: dict[UnitKind, int] = {"memory": CAUSES.index("memory"), "dma": CAUSES.index("dma")}
UNIT_CAUSE: Mapping[UnitKind, int] = {"compute": CAUSES.index("unit"), **_OTHERS}
"""Cause of waiting for a busy unit."""
DATA_CAUSE: Mapping[UnitKind, int] = {"compute": CAUSES.index("data"), **_OTHERS}
"""Cause of waiting for a result of a unit."""

Cell = tuple[str, int]
"""A memory or register file, and the register or granule."""


class Scoreboard:
    """The clock of one run; see the module docstring."""

    def __init__(self, machine: Machine, words: int) -> None:
        self._timing = machine.timing
        self._kinds: dict[str, UnitKind] = {name: unit.kind for name, unit in machine.units.items()}
        self._unit_free = dict.fromkeys(machine.units, 0)
        self._cells: dict[Cell, tuple[int, str]] = {}
        """When a written cell is ready, and the unit that made it."""
        self._earliest = 0
        self._last: tuple[int, str] = (0, "")
        """Address and unit of the instruction that is done last."""
        self.cycles = 0
        """When the last of the completed instructions is done."""
        self.stalls: NDArray[np.int64] = np.zeros((words, len(CAUSES)), np.int64)
        """Cycles by address and cause, without the end of the run until `finish`."""
        self.busy = dict.fromkeys(machine.units, 0)
        """Cycles that each unit was busy."""

    def complete(
        self, pc: int, unit: str, cost: str, work: int, reads: Iterable[Cell], writes: Iterable[Cell]
    ) -> tuple[int, int]:
        """Accounts for one completed instruction; its issue and completion cycle."""
        costs = self._timing.costs[cost]
        work = min(max(work, 0), WORK_LIMIT)
        interval, latency = costs.interval.cycles(work), costs.latency.cycles(work)
        self.busy[unit] += interval
        if self._timing.blocking:
            return self._complete_blocking(pc, unit, latency)
        written = list(writes)
        issue = self._issue(pc, unit, [*reads, *written])
        self._unit_free[unit] = issue + interval
        for cell in written:
            ready, _ = self._cells.get(cell, (0, ""))
            self._cells[cell] = (max(ready, issue + latency), unit)
        done = issue + max(latency, 1)
        if done >= self.cycles:
            self.cycles, self._last = done, (pc, unit)
        return issue, done

    def finish(self) -> None:
        """Charges the cycles after the last issue slot; called once, at the end of a run."""
        rest = self.cycles - self._earliest
        if rest:
            pc, unit = self._last
            self.stalls[pc, DATA_CAUSE[self._kinds[unit]]] += rest

    def _complete_blocking(self, pc: int, unit: str, latency: int) -> tuple[int, int]:
        start = self.cycles
        if latency:
            self.stalls[pc, ISSUE] += 1
            self.stalls[pc, UNIT_CAUSE[self._kinds[unit]]] += latency - 1
        self.cycles = self._earliest = start + latency
        return start, self.cycles

    def _issue(self, pc: int, unit: str, touched: list[Cell]) -> int:
        """The issue cycle; charges the slot and the waiting before it."""
        latest, cause = self._unit_free[unit], UNIT_CAUSE[self._kinds[unit]]
        by_cell = False
        for cell in touched:
            ready, producer = self._cells.get(cell, (0, unit))
            if ready < latest or (producer == unit and cell[0] in self._timing.forwarded):
                continue
            candidate = DATA_CAUSE[self._kinds[producer]]
            if ready > latest or not by_cell or candidate < cause:
                latest, cause, by_cell = ready, candidate, True
        issue = max(self._earliest, latest)
        self.stalls[pc, ISSUE] += 1
        self.stalls[pc, cause] += issue - self._earliest
        self._earliest = issue + 1
        return issue
