"""When things happen in a pipelined core: several instructions a cycle in order, queues, and uops of register groups.

The native engine does the same in C; this text is the specification and `PipelineClock` its plain form. All numbers are
integers; names in ``code`` are entries of machine.toml (`backends.isa.pipeline`). Time 0 is the issue of the first instruction.
`complete` is called once per completed instruction, in program order; one that traps is never told of. ``t`` is the cycle in
which an instruction issues: the least that all of the following allow, in this order. Where several are equally late, the first
of them is the cause.

**Groups.** Not before the instruction ahead of it, and a cycle later if that one ``ends`` its group, if ``width`` have issued
in its cycle, or if this one must be ``first``.

**Fetch.** A fetch brings the words of one aligned ``line`` from the wanted one on, up to a jump that is foreseen to be taken.
What a fetch at F brings can issue at F + ``latency``. The next fetch is at F + ``period`` or later, and not before the words
that have come and not issued at the beginning of that cycle leave room for a line in the ``buffer``. Where a jump did not go
where it was foreseen to go (``predicts``), the fetch of its target is at the jump's t + ``redirect``, whatever the buffer
holds. Waiting has the cause ``fetch``.

**Operands.** A register operand (in a file without lanes) is there when the last write to it is; so is one that is written, as
there is no renaming. Operands of ``early`` classes are there later by what the file says, unless they are only written. Later
reads may overtake earlier ones. The cause is ``memory`` if a memory access made it, else ``data``.

**Retirement.** Every instruction has an entry from issue to retirement; there are ``retirement`` of them, and an entry is free
in the cycle after it retired. Entries retire in order, any number in a cycle, when they are done: at t + ``done``; for a jump,
not before the next instruction could issue as far as fetching goes. An entry of a ``shared`` class is done, too, when an older
instance of the same address among the last ``retirement`` instructions is done after this one issued: the core tells them apart
by address only. Cause: ``memory`` if the oldest entry is a memory access, else ``unit``.

**Units.** Not before the ``port`` of a class without uops is free; it is used for ``interval`` cycles. Not before
``after_configure`` cycles after the last instruction that ``configures``. Memory accesses wait for a place in the queue: the
access ``queue`` before must have begun. A class that ``waits`` for ``retirement`` issues when all entries have retired; for
``all``, when everything is done. Cause ``unit``; of the queue, ``memory``.

**Memory accesses.** There is one slot, in order: an access begins at ``s = max(t + 1, when the one before ends)`` and takes
``interval`` cycles, its result is there at ``s + latency`` and its entry done at ``s + done``.

**Uops.** An instruction with ``uops`` has ``work * uops - less`` of them, at least 1 and at most 16; they touch registers of
operands' groups as the patterns of ``reads`` and ``writes`` say, and register 0 of the group file where the ``mask`` operand is
0. Uops are dispatched in order, the first at t + ``latency`` or later, ``width`` in a cycle, when their registers are there,
when an entry of the ``reorder`` buffer is free (in the cycle after the uop ``reorder`` before retired) and when its port's
station has a place (its port has begun the uop ``station`` before). The port begins them in order, as many in a cycle as it has
servers, each for ``interval`` cycles. Written registers are there ``latency`` cycles after that, and the reorder entry is done
after ``done`` cycles. Both are longer by the cycles that the body says of the uop (``timed``). Entries retire in order,
``retire`` in a cycle; uops with ``scalar`` results retire in a later cycle than the uop before. The instruction's entry is
done, and a scalar result there, in the cycle after its last uop retired.

Uops of memory accesses have no port: the slot begins the first one cycle after the access began, each when the one before has
ended and a cycle after its dispatch, and each takes the cycles that the body says. What a load writes is there in the cycle
after that; its reorder entry is done at the end. The entry of a store is done ``done`` cycles after its last uop was
dispatched.

**Cycles.** ``cycles`` is when the last completed instruction is finished: its entry done (its own, not shared), its accesses
ended. An instruction is charged the cycles from the issue of the one before it (the first: none) to its own: one of them to
``issue``, the rest to the cause. What is left at the end of a run is charged to the instruction that is finished last, as
``memory`` or ``data``. So ``stalls.sum() == cycles``. ``busy`` counts the cycles in which a unit holds an instruction or a uop:
from t for the lesser of interval and latency, from the beginning of a uop for its interval, from the beginning of an access to
its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import Architecture, BoundOperand, Instruction
from backends.isa.definition import Access, Immediate
from backends.isa.engine import CAUSES
from backends.isa.machine import Cost
from backends.isa.pipeline import PARTS, Pattern, Stage

ISSUE, DATA, UNIT, MEMORY, FETCH = (CAUSES.index(cause) for cause in ("issue", "data", "unit", "memory", "fetch"))
LONG_AGO = -(1 << 40)
Cell = tuple[str, int]


@dataclass(frozen=True)
class Completed:
    """An instruction that completed."""

    pc: int
    target: int
    """Address of the next instruction."""
    instruction: Instruction
    numbers: Mapping[str, int]
    """Registers and immediates in its word."""
    work: int
    """What the body said, at most 2**32 - 1; 1 if nothing."""
    parts: Sequence[int]
    """Cycles of uops, as the body said; 0 where it said nothing."""


class Ring:
    """The last numbers of a sequence, by how far they lie back; before the first, long ago."""

    def __init__(self, size: int) -> None:
        self._items = [LONG_AGO] * size
        self._next = 0

    def append(self, item: int) -> None:
        """The latest."""
        self._items[self._next % len(self._items)] = item
        self._next += 1

    def back(self, distance: int) -> int:
        """The item that many before the next one: 1 is the latest."""
        return self._items[(self._next - distance) % len(self._items)]


@dataclass
class Port:
    """Starts uops in order, so many in a cycle."""

    servers: int
    started: Ring
    latest: int = LONG_AGO
    """When the latest uop started."""
    beside: int = 0
    """How many started in that cycle."""
    free: int = LONG_AGO
    """When a uop may start."""

    def start(self, earliest: int, interval: int) -> int:
        """When a uop starts."""
        at = max(earliest, self.latest, self.free)
        if at == self.latest and self.beside >= self.servers:
            at += 1
        self.beside = self.beside + 1 if at == self.latest else 1
        self.latest = at
        if interval > 1:
            self.free = at + interval
        self.started.append(at)
        return at


class PipelineClock:
    """The clock of one run; see the module docstring."""

    def __init__(self, architecture: Architecture, words: int) -> None:
        machine = architecture.machine
        assert machine.timing.pipeline is not None
        self._architecture, self._costs, self._pipeline = architecture, machine.timing.costs, machine.timing.pipeline
        self._kinds = {name: unit.kind for name, unit in machine.units.items()}
        fetch, dispatch, uops = self._pipeline.fetch, self._pipeline.dispatch, self._pipeline.uops
        # Fetch.
        self._fetched, self._line = -fetch["latency"], -1
        self._redirected = self._leaves = self._jumped = False
        """Whether the instruction before misled fetching, led elsewhere, was a jump."""
        self._issued = Ring(max(fetch["buffer"] - fetch["line"], 0) + 1)
        # Issue and retirement.
        self._t, self._cause, self._latest, self._lanes, self._closed = 0, ISSUE, 0, 0, False
        self._entries: list[tuple[int, int, int, int]] = []
        """Address, own completion, retirement and cause of waiting of the last instructions, the latest last."""
        self._ready: dict[Cell, tuple[int, int]] = {}
        """When a register is there, and the cause of waiting for it."""
        self._free = dict.fromkeys(self._pipeline.ports, LONG_AGO)
        self._configured = LONG_AGO
        self._quiet = 0
        """When everything is done."""
        # Memory.
        self._begun = Ring(dispatch["queue"])
        self._slot = LONG_AGO
        # Uops.
        self._ports = {name: Port(servers, Ring(uops["station"])) for name, servers in self._pipeline.ports.items()}
        self._groups: dict[Cell, int] = {}
        self._reorder = Ring(uops["reorder"])
        self._dispatched, self._beside = LONG_AGO, 0
        self._retired, self._retiring = LONG_AGO, 0
        # What is asked for.
        self._busy_until = dict.fromkeys(machine.units, 0)
        self._last = (0, DATA)
        self.cycles = 0
        """When the last of the completed instructions is finished."""
        self.stalls: NDArray[np.int64] = np.zeros((words, len(CAUSES)), np.int64)
        """Cycles by address and cause, without the end of the run until `finish`."""
        self.busy = dict.fromkeys(machine.units, 0)
        """Cycles that each unit was busy."""

    def complete(self, done: Completed) -> tuple[int, int]:
        """Accounts for one completed instruction; the cycles in which it issues and is finished."""
        instruction = done.instruction
        stage, cost = self._pipeline.stages[instruction.timing], self._costs[instruction.timing]
        self._issue(done, stage)
        self._charge(done.pc)
        finished = self._execute(done, stage, cost)
        if finished >= self.cycles:
            memory = self._kinds[instruction.unit] == "memory"
            self.cycles, self._last = finished, (done.pc, MEMORY if memory else DATA)
        self._foresee(done, stage)
        return self._latest, finished

    def handled(self, pc: int) -> tuple[int, int]:
        """Accounts for the handler of exceptions, in the place of an instruction."""
        self._begin(pc, first=False)
        self._room()
        self._charge(pc)
        finished = self._t + 1
        self._closed = self._jumped = self._redirected = True
        self._retire(pc, Stage(), finished, UNIT)
        if finished >= self.cycles:
            self.cycles, self._last = finished, (pc, DATA)
        return self._t, finished

    def finish(self) -> None:
        """Charges the cycles after the last issue; called once, at the end of a run."""
        pc, cause = self._last
        if self.cycles > self._latest:
            self.stalls[pc, cause] += self.cycles - self._latest

    # Issue

    def _not_before(self, time: int, cause: int) -> None:
        if time > self._t:
            self._t, self._cause = time, cause

    def _issue(self, done: Completed, stage: Stage) -> None:
        """Finds ``t`` and its cause."""
        self._begin(done.pc, stage.first)
        for cell, late in self._operands(done, stage):
            ready, cause = self._ready.get(cell, (LONG_AGO, DATA))
            self._not_before(ready + late, cause)
        self._room()
        if stage.port and not stage.uops:
            self._not_before(self._free[stage.port], UNIT)
        if stage.after_configure:
            self._not_before(self._configured + stage.after_configure, UNIT)
        if self._kinds[done.instruction.unit] == "memory":
            self._not_before(self._begun.back(self._pipeline.dispatch["queue"]) + 1, MEMORY)
        if stage.waits and self._entries:
            self._not_before(self._entries[-1][2] + 1 if stage.waits == "retirement" else self._quiet, UNIT)

    def _begin(self, pc: int, first: bool) -> None:
        """``t`` as far as the instruction before and fetching go."""
        full = self._closed or self._lanes >= self._pipeline.dispatch["width"] or (first and self._lanes > 0)
        self._t, self._cause = self._latest + full, ISSUE
        self._not_before(self._fetch(pc), FETCH)

    def _room(self) -> None:
        """Waits for a retirement entry."""
        if len(self._entries) == self._pipeline.dispatch["retirement"]:
            _, _, retired, cause = self._entries[0]
            self._not_before(retired + 1, cause)

    def _fetch(self, pc: int) -> int:
        """When an instruction can issue as far as fetching goes; what a jump before it waited for is known then."""
        fetch = self._pipeline.fetch
        if self._redirected:
            self._fetched = self._latest + fetch["redirect"]
        elif self._line >= 0 and (self._leaves or pc // fetch["line"] != self._line):
            room = self._issued.back(fetch["buffer"] - fetch["line"] + 1) + 1
            self._fetched = max(self._fetched + fetch["period"], room)
        self._line = pc // fetch["line"]
        available = self._fetched + fetch["latency"]
        if self._jumped:
            address, own, retired, cause = self._entries[-1]
            self._entries[-1] = (address, own, max(retired, available), cause)
        return available

    def _foresee(self, done: Completed, stage: Stage) -> None:
        """What the next fetch has to know of this instruction."""
        taken = done.target != done.pc + 1
        foreseen = stage.predicts == "taken" or (stage.predicts == "backward" and leads_back(done))
        self._jumped = bool(stage.predicts)
        self._redirected = stage.predicts == "never" or (foreseen != taken and stage.predicts != "taken")
        self._leaves = taken or stage.predicts == "taken"

    def _operands(self, done: Completed, stage: Stage) -> Iterator[tuple[Cell, int]]:
        """Registers that must be there, and how much earlier than usual."""
        for operand in done.instruction.operands:
            cell = self._register(done, operand)
            if cell is not None:
                assert isinstance(operand.kind, Access)
                yield cell, self._pipeline.early.get(cell[0], 0) if stage.early and operand.kind.direction != "out" else 0

    def _register(self, done: Completed, operand: BoundOperand) -> Cell | None:
        """The register that an operand names, if it is one with a value that can change."""
        if not isinstance(operand.kind, Access) or not operand.file:
            return None
        file, number = self._architecture.memories[operand.file], done.numbers[operand.name]
        return None if file.lanes > 1 or number == file.zero else (file.name, number)

    def _charge(self, pc: int) -> None:
        """Charges the cycles since the issue before, and enters this one."""
        passed = self._t - self._latest
        if passed:
            self.stalls[pc, ISSUE] += 1
            self.stalls[pc, self._cause] += passed - 1
            self._lanes = 0
        self._lanes += 1
        self._latest = self._t
        self._issued.append(self._t)

    # Execution

    def _execute(self, done: Completed, stage: Stage, cost: Cost) -> int:
        """What happens after the issue; returns when the instruction is finished."""
        self._closed = stage.ends
        if stage.configures:
            self._configured = self._t
        memory = self._kinds[done.instruction.unit] == "memory"
        if stage.uops:
            entry, finished = self._groups_of_uops(done, stage, cost, memory)
            result = entry
        else:
            entry, finished, result = self._single(done, stage, cost, memory)
        if result is not None:
            self._write(done, result, MEMORY if memory else DATA)
        self._retire(done.pc, stage, entry, MEMORY if memory else UNIT)
        return finished

    def _single(self, done: Completed, stage: Stage, cost: Cost, memory: bool) -> tuple[int, int, int]:
        """An instruction without uops: its entry is done, it is finished, its result is there."""
        interval, latency = cost.interval.cycles(done.work), cost.latency.cycles(done.work)
        start = self._t
        if stage.port:
            self._free[stage.port] = start + interval
        if memory:
            start = self._access()
            self._slot = start + interval
        complete = start + (latency if stage.done is None else stage.done + latency - cost.latency.base)
        finished = max(complete, self._slot) if memory else complete
        self._occupy(done.instruction.unit, start, start + (interval if memory else min(interval, latency)))
        if memory:
            self._quiet = max(self._quiet, self._slot)
        return complete, finished, start + latency

    def _access(self) -> int:
        """An access begins in the slot."""
        start = max(self._t + 1, self._slot)
        self._begun.append(start)
        return start

    def _write(self, done: Completed, result: int, cause: int) -> None:
        """A result will be in the registers that the instruction writes."""
        for operand in done.instruction.operands:
            cell = self._register(done, operand)
            if cell is not None and isinstance(operand.kind, Access) and operand.kind.direction != "in":
                self._ready[cell] = (result, cause)
                self._quiet = max(self._quiet, result + self._pipeline.early.get(cell[0], 0))

    def _retire(self, pc: int, stage: Stage, done: int, cause: int) -> None:
        """The instruction's entry: when it retires."""
        own = done
        if stage.shared:
            older = [own for address, own, _, _ in self._entries if address == pc and own > self._t]
            done = min([done, *older])
        retired = max(done, self._entries[-1][2]) if self._entries else done
        self._entries.append((pc, own, retired, cause))
        if len(self._entries) > self._pipeline.dispatch["retirement"]:
            self._entries.pop(0)

    def _occupy(self, unit: str, start: int, end: int) -> None:
        """A unit holds something from start to end; cycles count once."""
        self.busy[unit] += max(end - max(start, self._busy_until[unit]), 0)
        self._busy_until[unit] = max(self._busy_until[unit], end)

    # Uops

    def _groups_of_uops(self, done: Completed, stage: Stage, cost: Cost, memory: bool) -> tuple[int, int]:
        """An instruction of uops: when its entry is done (and its scalar result is there), and when it is finished."""
        count = min(max(done.work * stage.uops - stage.less, 1), PARTS)
        earliest = self._t + self._pipeline.uops["latency"]
        slot = self._access() + 1 if memory else 0
        stores = memory and not stage.writes
        for number in range(count):
            part = done.parts[number] if stage.timed else 0
            entered = not stage.merged or number == count - 1
            at = self._dispatch(earliest, entered, stage.port, self._sources(done, stage, number, count))
            if memory:
                begin = max(slot, at + 1)
                self._ports[stage.port].started.append(begin)
                slot = complete = begin + part
                there = slot + 1
                self._occupy(done.instruction.unit, begin, slot)
            else:
                interval, latency = cost.interval.base + part, cost.latency.base + part
                begin = self._ports[stage.port].start(at, interval)
                complete = begin + (cost.latency.base - 1 if stage.done is None else stage.done) + part
                there = begin + latency
                self._occupy(done.instruction.unit, begin, begin + interval)
            if entered:
                complete = self._leave_reorder(complete, stage.scalar)
            for cell in self._registers(done, stage.writes or {}, number, count):
                self._groups[cell] = there
        finished = complete + 1
        self._quiet = max(self._quiet, finished + 1)
        if memory:
            self._slot = slot
            self._quiet = max(self._quiet, slot)
        assert stage.done is not None or not stores
        return (at + (stage.done or 0) if stores else finished), max(finished, slot)

    def _dispatch(self, earliest: int, entered: bool, port: str, sources: Iterable[Cell]) -> int:
        """When a uop is dispatched."""
        sizes = self._pipeline.uops
        at = max(earliest, self._dispatched)
        if at == self._dispatched and self._beside >= sizes["width"]:
            at += 1
        at = max([at, *(self._groups.get(cell, LONG_AGO) for cell in sources)])
        if entered:
            at = max(at, self._reorder.back(sizes["reorder"]) + 1)
        at = max(at, self._ports[port].started.back(sizes["station"]))
        self._beside = self._beside + 1 if at == self._dispatched else 1
        self._dispatched = at
        return at

    def _leave_reorder(self, done: int, alone: bool) -> int:
        """When a uop's entry retires."""
        at = max(done, self._retired)
        if at == self._retired and (alone or self._retiring >= self._pipeline.uops["retire"]):
            at += 1
        self._retiring = self._retiring + 1 if at == self._retired else 1
        self._retired = at
        self._reorder.append(at)
        return at

    def _sources(self, done: Completed, stage: Stage, number: int, count: int) -> Iterator[Cell]:
        yield from self._registers(done, stage.reads or {}, number, count)
        mask = self._pipeline.mask
        if mask and done.numbers.get(mask, 1) == 0:
            yield self._file(), 0

    def _registers(self, done: Completed, operands: Mapping[str, Pattern], number: int, count: int) -> Iterator[Cell]:
        """Registers of groups that uop ``number`` of ``count`` touches."""
        for name, pattern in operands.items():
            first = int(name) if name.isdigit() else done.numbers.get(name)
            if first is not None and (pattern != "last" or number == count - 1):
                yield self._file(), first + offset(pattern, number)

    def _file(self) -> str:
        """The register file with lanes."""
        return next(memory.name for memory in self._architecture.memories.values() if memory.is_registers and memory.lanes > 1)


def offset(pattern: Pattern, number: int) -> int:
    """How far behind an operand's first register the one lies that a uop touches."""
    match pattern:
        case "each":
            return number
        case "half":
            return number // 2
        case "quarter":
            return number // 4
        case "pair":
            return (number + 1) // 2
        case _:
            return 0


def leads_back(done: Completed) -> bool:
    """Whether the place that a jump names lies before it."""
    for operand in done.instruction.operands:
        kind = operand.kind
        if isinstance(kind, Immediate) and (kind.distance or kind.label):
            number = done.numbers[operand.name]
            return number < (0 if kind.distance or kind.relative else done.pc)
    return False
