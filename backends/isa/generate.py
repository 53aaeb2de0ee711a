"""Random programs for any instruction set: mostly legal, sometimes wild; for comparing engines and for fuzzing.

Operands are chosen by kind. Registers that hold addresses start with addresses that are aligned and in range, and windows name a
register that is legal for them if there is one; results go to the upper registers of a file, so that addresses last. That keeps a
program of few instructions from trapping. One that runs long is *grown*: every word is tried on an engine and drawn anew if it
traps, because only the engine knows what else an instruction demands. Mutants of a grown program trap late or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import Architecture, BoundMemory, BoundOperand, Instruction
from backends.isa.conversion import pattern_type
from backends.isa.definition import Access, Immediate
from backends.isa.dtypes import MX
from backends.isa.engine import Engine, Image, Outcome, Program
from backends.isa.expression import evaluate

WILD = 1 / 64
"""Share of words that are any bits, and of register numbers and values that are anything."""
TRIES = 12
"""Words that are drawn for a place before one that traps is taken."""
TRAPS = 1 / 64
"""Share of places of a grown program that take the first word, whatever it does."""
FILLED = 4096
"""Elements at the start of a memory that get random contents."""


def random_program(
    architecture: Architecture, rng: np.random.Generator, length: int, instructions: Sequence[Instruction] | None = None
) -> tuple[NDArray[np.uint64], list[Image]]:
    """``length`` words, and what to write to memories and registers before they run; ``instructions``: those to choose from."""
    generator = Generator(architecture, rng, length)
    return generator.words(instructions), generator.images


class Generator:
    """Draws initial contents once, and any number of programs of one length for them."""

    def __init__(self, architecture: Architecture, rng: np.random.Generator, length: int) -> None:
        self.architecture, self.rng, self.length = architecture, rng, length
        self.values: dict[str, list[int]] = {}
        """What the registers of integer files hold."""
        self.images = [self.image(memory) for memory in architecture.memories.values()]
        """What to write before a program runs."""

    def words(self, instructions: Sequence[Instruction] | None = None) -> NDArray[np.uint64]:
        """A program of some instructions, all unless named."""
        chosen = instructions or self.architecture.instructions
        return np.array([self.word(pc, chosen[self.below(len(chosen))]) for pc in range(self.length)], np.uint64)

    def grown(self, engine: Engine, fuel: int) -> NDArray[np.uint64]:
        """A program that seldom traps on this engine, which is left in some state; ``fuel``: instructions that it may run.

        Nothing is run again that has run before: a word that traps has had no effect. Only while a hardware loop is open does
        every try start at the beginning, since a run does not take over the loops of another.
        """
        words: list[int] = []
        self.prepare(engine)
        looping = False
        for pc in range(self.length):
            for _ in range(1 if self.chance(TRAPS) else TRIES):
                word = self.word(pc, self.architecture.instructions[self.below(len(self.architecture.instructions))])
                if looping:
                    self.prepare(engine)
                outcome = engine.run(Program.of([*words, word]), fuel=fuel, start=0 if looping else pc)
                if self._goes_on(outcome, pc):
                    break
            words.append(word)
            looping = bool(outcome.loops)
        return np.array(words, np.uint64)

    def _goes_on(self, outcome: Outcome, pc: int) -> bool:
        """Whether a program whose last word is at ``pc`` ran through or to a place that is still to be written."""
        if outcome.trap is not None:
            return outcome.trap.cause == "pc_out_of_range" and pc < outcome.pc <= self.length
        return outcome.ended == "end"

    def mutant(self, words: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The program with one to three words drawn anew, or a bit of one changed."""
        made, bits = words.copy(), self.architecture.definition.word_bits
        if self.chance(0.25):
            made[self.below(len(made))] ^= np.uint64(1 << self.below(bits))
            return made
        for _ in range(1 + self.below(3)):
            pc = self.below(len(made))
            made[pc] = self.word(pc, self.architecture.instructions[self.below(len(self.architecture.instructions))])
        return made

    def prepare(self, engine: Engine) -> None:
        """Resets an engine and writes the initial contents."""
        engine.reset()
        for image in self.images:
            engine.write(image.space, image.start, image.data)

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return bool(self.rng.random() < probability)

    def below(self, limit: int) -> int:
        """A number from 0 to below a limit."""
        return int(self.rng.integers(max(limit, 1)))

    # Contents

    def image(self, memory: BoundMemory) -> Image:
        """Random contents: registers of integers hold addresses and small numbers, floats are mostly moderate."""
        count = min(memory.size, FILLED)
        kind = pattern_type(memory.dtype)
        if memory.dtype.is_float and not self.chance(0.2):
            with np.errstate(all="ignore"):
                data = self.rng.normal(0, 2, count).astype(np.float32).astype(memory.dtype.numpy)
        elif memory.is_registers and not memory.dtype.is_float:
            most = 8 * memory.dtype.bytes
            values = [self.number(memory) & ((1 << most) - 1) for _ in range(count)]
            self.values[memory.name] = values
            data = np.array(values, kind).view(memory.dtype.numpy)
        else:
            patterns = self.rng.integers(0, 1 << 8 * memory.dtype.bytes, count, np.uint64).astype(kind)
            data = (patterns & kind.type((1 << memory.dtype.bits) - 1)).view(memory.dtype.numpy)
        return Image(memory.name, 0, data)

    def number(self, registers: BoundMemory) -> int:
        """An address of one of the memories that these registers point to, or a small number, or anything."""
        if self.chance(WILD):
            return int(self.rng.integers(0, 1 << 63))
        targets = [m for m in self.architecture.memories.values() if m.pointer == registers.name]
        if not targets or self.chance(0.25):
            return self.below(8) if self.chance(0.5) else 0  # 0 is legal almost everywhere
        memory = targets[self.below(len(targets))]
        near = min(memory.size, FILLED * max(memory.align, 1))
        return self.below(near // memory.align) * memory.align

    # Words

    def word(self, pc: int, instruction: Instruction) -> int:
        """A word of an instruction; bits that nothing uses are random."""
        bits = self.architecture.definition.word_bits
        noise = int(self.rng.integers(0, 1 << 64, dtype=np.uint64)) & ((1 << bits) - 1)
        if self.chance(WILD):
            return noise
        used, word = instruction.mask, instruction.match
        for operand in instruction.operands:
            if operand.field is None:
                continue
            used |= operand.field.mask
            number = self.register(operand) if operand.file else self.immediate(operand, pc)
            word |= operand.field.insert(number & ((1 << operand.field.width) - 1))
        return word | (noise & ~used if self.chance(0.5) else 0)

    def register(self, operand: BoundOperand) -> int:
        """A register number."""
        access = operand.kind
        assert isinstance(access, Access)
        assert operand.field is not None
        if self.chance(WILD):
            return self.below(1 << operand.field.width)
        if access.target.is_registers:
            if access.direction != "in" and self.chance(0.9):
                return operand.count - 1 - self.below(max(operand.count // 4, 1))
            return self.below(operand.count)
        legal = [n for n, value in enumerate(self.values.get(operand.file, [])) if self.is_legal(access, value)]
        return legal[self.below(len(legal))] if legal else self.below(operand.count)

    def is_legal(self, access: Access, address: int) -> bool:
        """Whether a window may start at an address."""
        memory, values = self.architecture.memories[access.target.name], self.architecture.values
        size = 1
        for extent in access.shape:
            size *= evaluate(extent, values)
        dtype = access.dtype or memory.dtype
        bits = dtype.element.bits if isinstance(dtype, MX) else dtype.bits
        units = -(-size * bits // memory.dtype.bits) if memory.dtype.bytes == 1 else size
        align = memory.align if access.align is None else evaluate(access.align, values)
        return address % align == 0 and address + units <= memory.size

    def immediate(self, operand: BoundOperand, pc: int) -> int:
        """The number in a field."""
        kind = operand.kind
        assert isinstance(kind, Immediate)
        if kind.label:
            target = self.below(self.length + 1) if not self.chance(WILD) else self.below(1 << 30)
            number = target - pc if kind.relative else target
        elif self.chance(0.125):
            number = int(self.rng.integers(operand.low, operand.high, endpoint=True))
        else:
            number = min(max(self.below(16) if self.chance(0.5) else 0, operand.low), operand.high)
        return number // kind.scale
