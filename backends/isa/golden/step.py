"""One instruction in execution: what its body may ask for, and the log of what it will do when it completes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.isa.architecture import Architecture, BoundMemory
from backends.isa.conversion import pattern_type
from backends.isa.definition import Trap
from backends.isa.golden.memory import PagedMemory
from backends.isa.golden.scoreboard import WORK_LIMIT, Cell
from backends.isa.golden.windows import Opening, TrapError, Window, pattern_of, value_of
from backends.isa.language.values import U32, as_integer, as_type, convert
from backends.isa.pipeline import PARTS


@dataclass
class OpenLoop:
    """An open hardware loop."""

    register: int
    body: int
    started: int
    """Instructions that were completed when its iteration began."""


class Step:
    """The machine as the instruction at ``pc`` sees it; `begin` starts one, `commit` makes it happen."""

    def __init__(self, architecture: Architecture, memories: Mapping[str, PagedMemory]) -> None:
        self.architecture, self.memories = architecture, memories
        self.loops: list[OpenLoop] = []
        self.begin(0, {})

    def begin(self, pc: int, numbers: Mapping[str, int]) -> None:
        """Forgets the instruction before; ``numbers`` are the registers that the operands name."""
        self.pc, self.numbers = pc, numbers
        self.reads: set[Cell] = set()
        self.writes: set[Cell] = set()
        self.target: int | None = None
        self.halted = False
        self.amount = 1
        self.parts = [0] * PARTS
        self._effects: list[Callable[[], None]] = []
        self._loop_effects: list[Callable[[int], None]] = []
        self._pending = 0

    def commit(self, completed: int) -> None:
        """Everything that was logged happens, in order; ``completed`` counts instructions, this one included."""
        for effect in self._effects:
            effect()
        for loop_effect in self._loop_effects:
            loop_effect(completed)

    # Memories and registers

    def load(self, name: str, index: Any) -> Any:
        """An element of a memory at a computed index, before the instruction."""
        memory, address = self.memories[name], as_integer(index)
        bound = memory.memory
        if not bound.has(address, 1, write=False):
            if bound.beyond != "zero":
                raise TrapError(bound.fault(write=False), name, address, bound.limit)
            return convert(bound.dtype.compute, 0)
        self.touch(self.reads, bound, address, 1)
        return value_of(bound.dtype, memory.get(address))

    def store(self, name: str, index: Any, value: Any) -> None:
        """Writes an element at the end; the address is checked now."""
        memory, address = self.memories[name], as_integer(index)
        pattern = pattern_of(memory.memory.dtype, value)
        if not memory.memory.has(address, 1, write=True):
            raise TrapError(memory.memory.fault(write=True), name, address, memory.memory.limit)
        self.touch(self.writes, memory.memory, address, 1)
        stored = np.full(1, pattern, pattern_type(memory.memory.dtype))
        self._effects.append(lambda: memory.write(address, stored))

    def load_bytes(self, name: str, index: Any, count: Any) -> U32:
        """The little-endian number in some bytes, before the instruction."""
        memory, address, size = self.memories[name], as_integer(index), as_integer(count)
        bound = memory.memory
        if not bound.has(address, size, write=False):
            if bound.beyond != "zero":
                raise TrapError(bound.fault(write=False), name, address, bound.limit)
        else:
            self.touch(self.reads, bound, address, size)
        return U32(int.from_bytes(memory.read(address, size).tobytes(), "little"))

    def store_bytes(self, name: str, index: Any, count: Any, value: Any) -> None:
        """Writes the low bytes of a number at the end; the address is checked now."""
        memory, address, size = self.memories[name], as_integer(index), as_integer(count)
        number = as_integer(as_type("u32", value))
        if not memory.memory.has(address, size, write=True):
            raise TrapError(memory.memory.fault(write=True), name, address, memory.memory.limit)
        self.touch(self.writes, memory.memory, address, size)
        stored = np.frombuffer(number.to_bytes(4, "little"), np.uint8, size)
        self._effects.append(lambda: memory.write(address, stored))

    def open(self, name: str, opening: Opening) -> Window:
        """A window; what is written to it happens at the end."""
        memory = self.memories[name]
        window = Window(memory, opening)
        for first, units in window.spans:
            if opening.direction != "out":
                self.touch(self.reads, memory.memory, first, units)
            if opening.direction != "in":
                self.touch(self.writes, memory.memory, first, units)
        if opening.direction != "in":
            self._effects.append(window.commit)
        return window

    def touch(self, cells: set[Cell], memory: BoundMemory, first: int, units: int) -> None:
        """Notes the cells of elements for the scoreboard."""
        end = min(first + units, memory.size)
        if 0 <= first < end:
            found = {(memory.name, cell) for cell in range(first // memory.granule, (end - 1) // memory.granule + 1)}
            cells |= found - {(memory.name, memory.zero)} if memory.zero is not None else found

    # Builtins

    def require(self, condition: Any, trap: Trap, value: Any, limit: Any, operand: str) -> None:
        """Traps unless the condition holds."""
        if not condition:
            raise TrapError(
                trap.name, operand, None if value is None else as_integer(value), None if limit is None else as_integer(limit)
            )

    def jump(self, target: Any) -> None:
        """Where to go after this instruction."""
        self.target = as_integer(target)

    def halt(self) -> None:
        """Ends the program after this instruction."""
        self.halted = True

    def work(self, amount: Any, *, part: Any = None) -> None:
        """Says the amount of work, or the cycles of a uop."""
        if part is None:
            self.amount = as_integer(amount)
        else:
            self.parts[as_integer(part)] = min(max(as_integer(amount), 0), WORK_LIMIT)


class MemoryHandle:
    """A memory or register file in a body: ``mem[i]``, ``stride.value``."""

    def __init__(self, step: Step, name: str) -> None:
        self.step, self.name = step, name

    def __getitem__(self, index: Any) -> Any:
        return self.step.load(self.name, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.step.store(self.name, index, value)

    @property
    def value(self) -> Any:
        """What a single register holds."""
        return self.step.load(self.name, 0)

    @value.setter
    def value(self, value: Any) -> None:
        self.step.store(self.name, 0, value)


class LoopsHandle:
    """The loop stack in a body. Queries see it as it was before the instruction; a position that does not exist is harmless."""

    def __init__(self, step: Step, depth: int) -> None:
        self._step, self._depth = step, depth

    def find(self, register: Any) -> int:
        """Position of the innermost loop of a register, or -1."""
        wanted = as_integer(register)
        found = [position for position, loop in enumerate(self._step.loops) if loop.register == wanted]
        return found[-1] if found else -1

    def body(self, position: Any) -> int:
        """Word address of the loop's body; 0 where there is no such loop."""
        place = as_integer(position)
        return self._step.loops[place].body if 0 <= place < len(self._step.loops) else 0

    def depth(self) -> int:
        """Open loops."""
        return len(self._step.loops)

    def push(self, register: Any, body: Any) -> None:
        """Opens a loop. TrapError if too many are open."""
        step, number, place = self._step, as_integer(register), as_integer(body)
        if len(step.loops) + step._pending >= self._depth:
            raise TrapError("loop_depth", limit=self._depth)
        step._pending += 1
        step._loop_effects.append(lambda completed: step.loops.append(OpenLoop(number, place, completed)))

    def restart(self, position: Any) -> None:
        """A new iteration begins after this instruction."""
        step, place = self._step, as_integer(position)

        def apply(completed: int) -> None:
            if 0 <= place < len(step.loops):
                step.loops[place].started = completed

        step._loop_effects.append(apply)

    def remove(self, position: Any) -> None:
        """Closes a loop."""
        step, place = self._step, as_integer(position)
        step._pending -= 1

        def apply(completed: int) -> None:
            if 0 <= place < len(step.loops):
                del step.loops[place]

        step._loop_effects.append(apply)
