"""The golden engine against the native one: state, cycles, counts and traps, on edges of every operand and on random programs.

Both are made from the same bodies by different means: one is CPython running the functions, the other C that was generated from
their checked form. What both are wrong about together, only expectations from elsewhere can tell.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backends.isa.architecture import Architecture, Instruction
from backends.isa.check.cases import Case, cases
from backends.isa.check.result import MOST, Result, result, trying
from backends.isa.differential import Difference, compare
from backends.isa.engine import Engine, Image, Outcome
from backends.isa.engines import open_engine
from backends.isa.generate import Generator
from backends.isa.golden.engine import GoldenEngine
from backends.isa.manual import facts
from harness.errors import InfraError

LENGTH = 24
"""Words of a random program."""
FUEL = 64
"""Instructions that it may run."""
TRIES = 400
"""Programs that lead up to an instruction which does not complete alone."""


def check(architecture: Architecture, cache: Path, seconds: float, seed: int, every_edge: bool = False) -> Iterator[Result]:
    """The comparison, and what its runs say about timing. InfraError where C that was made of the definition does not compile."""
    from backends.isa.native.build import find_compiler  # as in `open_engine`

    machine = f"{architecture.machine.profile}, {architecture.machine.timing.name}"
    try:
        native = open_engine(architecture, cache, "native")
    except InfraError as error:
        if find_compiler() is not None:
            raise
        yield Result("agreement", machine, "skipped", f"{error.message}; {error.hint}")
        return
    campaign = Campaign(architecture, native, np.random.default_rng(seed))
    campaign.spend(seconds, every_edge)
    yield result("agreement", machine, campaign.seen(), campaign.problems)
    yield result("timing", machine, campaign.timing_seen(), campaign.timing_problems)


class Campaign:
    """Programs run on both engines, and what was seen of each instruction."""

    def __init__(self, architecture: Architecture, native: Engine, rng: np.random.Generator) -> None:
        self._architecture, self._rng = architecture, rng
        self._golden, self._native = GoldenEngine(architecture), native
        self.problems: list[str] = []
        self.timing_problems: list[str] = []
        self._completed: Counter[str] = Counter()
        self._traps: Counter[str] = Counter()
        self._edges = self._all_edges = self._programs = self._instructions = 0

    def spend(self, seconds: float, every_edge: bool = False) -> None:
        """Edges first: all of them, or in a fair share of the time for each instruction, but one of each operand at least; then
        what never completed; then random programs until the time is up, which all edges do not shorten."""
        instructions = self._architecture.instructions
        ends = time.monotonic() + seconds
        for number, instruction in enumerate(instructions):
            share = (ends - time.monotonic()) / 2 / (len(instructions) - number)
            self._run_edges(instruction, inf if every_edge else time.monotonic() + share)
        if every_edge:
            ends = time.monotonic() + seconds
        for instruction in instructions:
            if not self._completed[instruction.mnemonic]:
                self._lead_up_to(instruction)
        self._run("no instruction", np.array([self._no_instruction()], np.uint64), [])
        while time.monotonic() < ends and len(self.problems) < MOST:
            generator = Generator(self._architecture, self._rng, LENGTH)
            for _ in range(8):
                self._programs += 1
                self._run("random program", generator.words(), generator.images)

    def seen(self) -> str:
        """What was tried."""
        least = min((self._completed[i.mnemonic], i.mnemonic) for i in self._architecture.instructions)
        never = [i.mnemonic for i in self._architecture.instructions if not self._completed[i.mnemonic]]
        rest = f"never completed: {', '.join(never)}" if never else f"each completed, {least[1]} least often, {least[0]} times"
        raised = {cause for i in self._architecture.instructions for cause in facts.traps(i, self._architecture)}
        spare = any(
            o.file and o.field and o.count < 1 << o.field.width for i in self._architecture.instructions for o in i.operands
        )
        raised |= {cause for cause in facts.ANYWHERE if spare or cause != "register_out_of_range"}
        possible = [cause for cause in self._architecture.traps if cause in raised]
        untried = [cause for cause in possible if not self._traps[cause]]
        causes = f"{len(possible) - len(untried)} of {len(possible)} causes of traps"
        return (
            f"{self._edges:,} of {self._all_edges:,} edges of operands of {len(self._architecture.instructions)} instructions, "
            f"{self._programs:,} random programs; {rest}; {causes}" + (f", not {', '.join(untried)}" if untried else "")
        )

    def timing_seen(self) -> str:
        """What the same runs say about cycles."""
        return (
            f"{self._edges + self._programs:,} runs of {self._instructions:,} instructions: stalls add up to cycles, and no unit "
            "worked longer than the run took"
        )

    def _no_instruction(self) -> int:
        """A word that is no instruction, or any word where every word is one."""
        most = (1 << self._architecture.definition.word_bits) - 1
        words = map(int, self._rng.integers(0, most, 1000, np.uint64, endpoint=True))
        known = [(i.mask, i.match) for i in self._architecture.instructions]
        return next((word for word in words if all(word & mask != match for mask, match in known)), 0)

    def _run_edges(self, instruction: Instruction, until: float) -> None:
        with trying(instruction.mnemonic):
            made = list(cases(self._architecture, instruction, self._rng))
        self._all_edges += len(made)
        drawn = [made[at] for at in self._rng.permutation(len(made))]
        first = list({case.operand: case for case in drawn}.values())
        for number, case in enumerate([*first, *(case for case in drawn if not any(case is one for one in first))]):
            if number >= len(first) and time.monotonic() > until:
                return
            self._edges += 1
            self._run(f"{instruction.mnemonic}, {case.operand}: {case.what}", case.words, case.images)

    def _lead_up_to(self, instruction: Instruction) -> None:
        """Some instructions complete only after another on the same register, such as the end of a loop after its start."""
        for lead, case in islice(self._leads(instruction), TRIES):
            self._programs += 1
            self._run(f"{lead.mnemonic} and {instruction.mnemonic}", case.words, case.images)
            if self._completed[instruction.mnemonic]:
                return

    def _leads(self, instruction: Instruction) -> Iterator[tuple[Instruction, Case]]:
        while True:
            for lead in self._architecture.instructions:
                generator = Generator(self._architecture, self._rng, 2)
                first, last = generator.word(0, lead), generator.word(1, instruction)
                for operand in lead.operands:
                    same = next((o for o in instruction.operands if o.name == operand.name and o.file == operand.file), None)
                    if same is not None and operand.field is not None and same.field is not None:
                        last = last & ~same.field.mask | same.field.insert(operand.field.extract(first))
                yield lead, Case("", "", np.array([first, last], np.uint64), generator.images)

    def _run(self, what: str, words: NDArray[np.uint64], images: Sequence[Image]) -> None:
        with trying(what):
            found = compare(self._golden, self._native, words, images, fuel=FUEL)
        if found.found and len(self.problems) < MOST:
            text = " ".join(f"{int(word):#x}" for word in words[:LENGTH])
            self.problems.append(f"{what}: golden and native differ: {'; '.join(found.found[:3])}; words {text}")
        self._count(found, words)

    def _count(self, found: Difference, words: NDArray[np.uint64]) -> None:
        outcome = found.first
        self._instructions += outcome.instructions
        if outcome.trap is not None:
            self._traps[outcome.trap.cause] += 1
        for pc in np.flatnonzero(outcome.counts):
            word = int(words[pc])
            # A word that is no instruction counts where a handler has taken its place.
            for owner in (i for i in self._architecture.instructions if word & i.mask == i.match):
                self._completed[owner.mnemonic] += int(outcome.counts[pc])
        self.timing_problems += [problem for problem in _impossible(outcome) if len(self.timing_problems) < MOST]


def _impossible(outcome: Outcome) -> Iterator[str]:
    """What no machine can do in the cycles of a run."""
    for unit, busy in outcome.busy.items():
        if busy > outcome.cycles:
            yield f"unit {unit} was busy for {busy} of {outcome.cycles} cycles"
    if outcome.stalls.sum() != outcome.cycles:
        yield f"cycles by cause add up to {outcome.stalls.sum()}, not to {outcome.cycles}"
    if (outcome.stalls < 0).any():
        yield "a cause has negative cycles"
