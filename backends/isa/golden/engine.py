"""The golden engine: every instruction is the function of its definition, run by CPython. Slow, total, and the definition.

Before each instruction, in this order: the end of the program (``pc`` is the number of words, reached by running or by a jump;
it traps with ``pc_out_of_range`` where the definition says so), a pc outside of the program (``pc_out_of_range``; address is
the pc, limit the number of words), the asked-for stop, fuel, written pages (``memory_limit``, see `pages`), the runaway guard of
open loops (``loop_limit``), the word (``invalid_opcode``; address is the word), register numbers in the operands' order
(``register_out_of_range``). Then the windows of operands are opened in their order and the body runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from backends.isa.architecture import Architecture, BoundOperand, Instruction
from backends.isa.conversion import pattern_type
from backends.isa.definition import Access, Immediate
from backends.isa.dtypes import DType, Elements
from backends.isa.engine import Ended, LoopState, Outcome, Program, Trapped
from backends.isa.expression import evaluate
from backends.isa.golden.binding import Binder
from backends.isa.golden.memory import PagedMemory
from backends.isa.golden.pipeline import Completed, PipelineClock
from backends.isa.golden.scoreboard import WORK_LIMIT, Scoreboard
from backends.isa.golden.step import Step
from backends.isa.golden.windows import Opening, TrapError, pattern_of, value_of
from backends.isa.language.values import I32, U32, as_integer
from backends.isa.pages import MEMORY_LIMIT, PAGE_BITS, is_small, page_weight
from harness.errors import UsageError, unknown


@dataclass(frozen=True)
class Decoded:
    """A word: the instruction, and what each operand's field holds."""

    instruction: Instruction
    fields: Mapping[str, int]
    """Register numbers and immediates, the latter as their field's (signed, scaled) number."""


class GoldenEngine:
    """A machine with state; see `backends.isa.engine.Engine`."""

    name = "golden"

    def __init__(self, architecture: Architecture, *, memory_limit: int = MEMORY_LIMIT) -> None:
        self.architecture = architecture
        self._memories = {name: PagedMemory(memory) for name, memory in architecture.memories.items()}
        in_order = architecture.machine.timing.in_order
        self._counted = [
            (memory, page_weight(memory.memory, in_order)) for memory in self._memories.values() if not is_small(memory.memory)
        ]
        self._page_limit = memory_limit >> PAGE_BITS
        self._step = Step(architecture, self._memories)
        binder = Binder(self._step)
        self._functions: tuple[Callable[..., Any], ...] = tuple(
            binder.bind(i.function, i.body.conversions) for i in architecture.instructions
        )
        handler = architecture.handler
        self._codes = handler.codes if handler else {}
        self._handler = binder.bind(handler.function, handler.body.conversions) if handler else None
        self._by_mask: dict[int, dict[int, Instruction]] = {}
        for instruction in architecture.instructions:
            self._by_mask.setdefault(instruction.mask, {})[instruction.match] = instruction
        self._decoded: dict[int, Decoded | None] = {}

    def reset(self) -> None:
        """Every memory and register gets its reset value."""
        for memory in self._memories.values():
            memory.reset()

    def write(self, space: str, start: int, data: Elements) -> None:
        """Elements of a memory or register file, in the numpy type of its dtype. UsageError if they do not fit."""
        memory, elements = self._memory(space), np.ascontiguousarray(data)
        dtype = memory.memory.dtype
        if elements.dtype != dtype.numpy or elements.ndim != 1:
            raise UsageError(
                f"{space} takes no {elements.ndim}-dimensional {elements.dtype} array", f"a 1-dimensional {dtype.numpy} array"
            )
        memory.check(start, len(elements))
        memory.write(start, elements.view(pattern_type(dtype)) & _pattern_mask(dtype))

    def read(self, space: str, start: int, count: int) -> Elements:
        """Elements of a memory or register file. UsageError outside it."""
        memory = self._memory(space)
        memory.check(start, count)
        return memory.read(start, count).view(memory.memory.dtype.numpy)

    def run(
        self, program: Program, *, fuel: int, start: int | None = None, stop: tuple[int, int] | None = None, trace: int = 0,
        seconds: float = inf,
    ) -> Outcome:  # fmt: skip
        """Runs from word ``start``; see `backends.isa.engine.Engine.run`. UsageError if ``start`` is outside of the program."""
        start = program.start if start is None else start
        if not 0 <= start <= len(program.words):
            raise UsageError(f"start {start} is outside of the program", f"it has words 0 to {len(program.words) - 1}")
        run = _Run(self, program, start, trace)
        trap: Trapped | None = None
        ended: Ended | None = None
        self._step.loops.clear()
        latest = time.monotonic() + seconds
        with np.errstate(all="ignore"):
            while ended is None:
                if time.monotonic() > latest:
                    ended = "time"
                    break
                try:
                    ended = run.finished(fuel, stop)
                    if ended is None:
                        ended = run.advance()
                except TrapError as error:
                    if error.cause in self._codes and run.completed >= fuel:
                        ended = "fuel"
                    elif not run.handled(error):
                        ended, trap = "trap", Trapped(error.cause, run.pc, error.operand, error.address, error.limit)
        return run.outcome(ended, trap)

    def _memory(self, space: str) -> PagedMemory:
        if space not in self._memories:
            raise unknown("memory", space, self._memories, self.architecture.name)
        return self._memories[space]

    def check_pages(self) -> None:
        """TrapError if too many pages were written."""
        if sum(len(memory.written) * weight for memory, weight in self._counted) > self._page_limit:
            raise TrapError("memory_limit", limit=self._page_limit << PAGE_BITS)

    def decode(self, word: int) -> Decoded:
        """The instruction that a word is. TrapError with ``invalid_opcode`` if it is none."""
        if word not in self._decoded:
            self._decoded[word] = self._find(word)
        decoded = self._decoded[word]
        if decoded is None:
            raise TrapError("invalid_opcode", address=word)
        return decoded

    def _find(self, word: int) -> Decoded | None:
        for mask, by_match in self._by_mask.items():
            instruction = by_match.get(word & mask)
            if instruction is not None:
                return Decoded(instruction, {operand.name: _field(operand, word) for operand in instruction.operands})
        return None

    def execute(self, pc: int, decoded: Decoded) -> tuple[Callable[[int], None], Step]:
        """Runs a body; what it does happens when the result is called with the number of completed instructions."""
        step, operands = self._step, decoded.instruction.operands
        numbers = {o.name: decoded.fields[o.name] for o in operands if o.file}
        for operand in operands:
            if operand.file and numbers[operand.name] >= operand.count:
                raise TrapError("register_out_of_range", operand.name, numbers[operand.name], operand.count)
        step.begin(pc, numbers)
        arguments = [self._argument(operand, decoded.fields[operand.name]) for operand in operands]
        returned = self._functions[decoded.instruction.number](*arguments)
        results = returned if isinstance(returned, tuple) else (returned,)
        written = [o for o in operands if _is_result(o) and self._memories[o.file].memory.lanes == 1]
        stores = [(self._memories[o.file], numbers[o.name], value) for o, value in zip(written, results, strict=False)]
        patterns = [(memory, number, pattern_of(memory.memory.dtype, value)) for memory, number, value in stores]

        def commit(completed: int) -> None:
            step.commit(completed)
            for memory, number, pattern in patterns:
                memory.write(number, np.full(1, pattern, pattern_type(memory.memory.dtype)))

        return commit, step

    def handle(self, pc: int, error: TrapError) -> Step | None:
        """Runs the handler of exceptions in place of an instruction; None if there is none for this trap."""
        if self._handler is None or error.cause not in self._codes:
            return None
        step = self._step
        step.begin(pc, {})
        try:
            self._handler(U32(self._codes[error.cause]), U32(error.address or 0))
        except TrapError:
            return None
        return step

    def _argument(self, operand: BoundOperand, number: int) -> Any:
        """An operand as the body sees it; its cells are touched."""
        step, kind = self._step, operand.kind
        if isinstance(kind, Immediate):
            if kind.label:
                return number + step.pc if kind.relative else number
            return I32(number) if kind.signed else U32(number)
        file = self._memories[operand.file]
        if file.memory.lanes > 1:
            return None
        if kind.target.is_registers:
            if kind.direction != "in":
                step.touch(step.writes, file.memory, number, 1)
            if kind.direction == "out":
                return None
            step.touch(step.reads, file.memory, number, 1)
            return value_of(file.memory.dtype, file.get(number))
        step.touch(step.reads, file.memory, number, 1)
        return step.open(kind.target.name, self._opening(operand.name, kind, value_of(file.memory.dtype, file.get(number))))

    def _opening(self, name: str, access: Access, pointer: Any) -> Opening:
        values, memory = self.architecture.values, self.architecture.memories[access.target.name]
        return Opening(
            access.direction, access.dtype or memory.dtype, tuple(evaluate(extent, values) for extent in access.shape),
            as_integer(pointer), memory.align if access.align is None else evaluate(access.align, values), name,
            None if access.length is None else as_integer(self._step.load(access.length.name, 0)),
        )  # fmt: skip


class _Run:
    """One run of a program: where it is and what it has counted."""

    def __init__(self, engine: GoldenEngine, program: Program, start: int, trace: int) -> None:
        self._engine, self._step = engine, engine._step
        self._words = [int(word) for word in program.words]
        self.pc, self.completed = start, 0
        self._counts = np.zeros(len(self._words), np.int64)
        machine = engine.architecture.machine
        words = len(self._words)
        self._board = PipelineClock(engine.architecture, words) if machine.timing.pipeline else Scoreboard(machine, words)
        self._trace, self._events = trace, list[tuple[int, int, int]]()

    def finished(self, fuel: int, stop: tuple[int, int] | None) -> Ended | None:
        """Whether the run ends before the next instruction. TrapError if that instruction must not begin."""
        architecture, size = self._engine.architecture, len(self._words)
        if self.pc == size and architecture.definition.ends == "end":
            return "end"
        if not 0 <= self.pc < size:
            raise TrapError("pc_out_of_range", address=self.pc, limit=size)
        if stop is not None and stop[0] == self.pc and self._counts[self.pc] + 1 == stop[1]:
            return "stopped"
        if self.completed >= fuel:
            return "fuel"
        self._engine.check_pages()
        limit = architecture.loops.limit if architecture.loops else 0
        if limit and any(self.completed - loop.started >= limit for loop in self._step.loops):
            raise TrapError("loop_limit", limit=limit)
        return None

    def advance(self) -> Ended | None:
        """One instruction. TrapError leaves everything as it was."""
        decoded = self._engine.decode(self._words[self.pc])
        commit, step = self._engine.execute(self.pc, decoded)
        instruction = decoded.instruction
        self.completed += 1
        commit(self.completed)
        self._counts[self.pc] += 1
        self._account(instruction, step, decoded.fields)
        return "end" if step.halted else None

    def _account(self, instruction: Instruction | None, step: Step, numbers: Mapping[str, int] | None) -> None:
        """Tells the clock of what has happened, and goes on behind it: an instruction, or (``numbers`` is None) the handler in
        the place of one, which is None where the word is none."""
        target = self.pc + 1 if step.target is None else step.target
        issue = done = self._board.cycles
        if isinstance(self._board, PipelineClock):
            amount = min(max(step.amount, 0), WORK_LIMIT)
            if numbers is None or instruction is None:
                issue, done = self._board.handled(self.pc)
            else:
                issue, done = self._board.complete(Completed(self.pc, target, instruction, numbers, amount, step.parts))
        elif instruction is not None:
            cells = (step.reads, step.writes) if numbers is not None else ((), ())
            amount = step.amount if numbers is not None else 1
            issue, done = self._board.complete(self.pc, instruction.unit, instruction.timing, amount, *cells)
        if len(self._events) < self._trace:
            self._events.append((self.pc, issue, done))
        self.pc = target

    def handled(self, error: TrapError) -> bool:
        """Whether the handler of exceptions took a trap: then it has happened."""
        step = self._engine.handle(self.pc, error)
        if step is None:
            return False
        self.completed += 1
        step.commit(self.completed)
        if 0 <= self.pc < len(self._words):
            self._counts[self.pc] += 1
            known = error.cause not in ("invalid_opcode", "register_out_of_range")
            self._account(self._engine.decode(self._words[self.pc]).instruction if known else None, step, None)
        else:
            self.pc = self.pc + 1 if step.target is None else step.target
        return True

    def outcome(self, ended: Ended, trap: Trapped | None) -> Outcome:
        """What happened."""
        self._board.finish()
        return Outcome(
            ended, self.pc, self._board.cycles, self.completed, trap, self._counts, self._board.stalls, self._board.busy,
            tuple(LoopState(loop.register, loop.body) for loop in self._step.loops),
            np.array(self._events, np.int64).reshape(-1, 3) if self._trace else None,
        )  # fmt: skip


def _field(operand: BoundOperand, word: int) -> int:
    """What a word says of an operand: a register number, or an immediate's number (of a relative label: the distance)."""
    kind = operand.kind
    if operand.field is None:
        return kind.default or 0 if isinstance(kind, Immediate) else 0
    number = operand.field.extract(word)
    if not isinstance(kind, Immediate):
        return number
    if kind.signed and number >> (operand.field.width - 1):
        number -= 1 << operand.field.width
    return number * kind.scale


def _is_result(operand: BoundOperand) -> bool:
    return isinstance(operand.kind, Access) and operand.kind.target.is_registers and operand.kind.direction != "in"


def _pattern_mask(dtype: DType) -> Any:
    """The bits of a pattern that count."""
    return pattern_type(dtype).type((1 << dtype.bits) - 1)
