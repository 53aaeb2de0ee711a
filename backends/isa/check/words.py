"""Encodings: every word is one instruction or none, and text and words are two forms of the same program."""

from __future__ import annotations

import numpy as np

from backends.isa.architecture import Architecture, Instruction
from backends.isa.assembler import assemble, disassemble
from backends.isa.check.result import Result, result, trying
from backends.isa.generate import Generator

WORDS_EACH = 64
"""Words of each instruction that are taken to text and back."""


def check(architecture: Architecture, seed: int) -> Result:
    """Round trips of random words of every instruction; binding has proved before that no two encodings overlap."""
    rng = np.random.default_rng(seed)
    generator = Generator(architecture, rng, WORDS_EACH)
    problems: list[str] = []
    tried, shared = 0, 0
    for instruction in architecture.instructions:
        with trying(instruction.mnemonic):
            words = generator.words([instruction])
            problems += _round_trip(architecture, instruction, words)
        tried += len(words)
        for word in map(int, words):
            owners = [one.mnemonic for one in architecture.instructions if word & one.mask == one.match]
            shared += len(owners) > 1
            if len(owners) > 1:
                problems.append(f"{word:#x} is {' and '.join(owners)}")
    pairs = len(architecture.instructions) * (len(architecture.instructions) - 1) // 2
    seen = (
        f"{pairs:,} pairs of encodings differ in a fixed bit; {tried:,} words of {len(architecture.instructions)} instructions "
        f"disassembled and assembled again, {shared} of them ambiguous"
    )
    return result("encoding", architecture.machine.profile, seen, problems)


def _round_trip(
    architecture: Architecture, instruction: Instruction, words: np.ndarray[tuple[int], np.dtype[np.uint64]]
) -> list[str]:
    text = disassemble(words.tolist(), architecture)
    assembly = assemble(text, architecture)
    if assembly.program is None:
        first = assembly.diagnostics[0]
        return [f"{instruction.mnemonic}: its disassembly does not assemble: {first.message}: {first.snippet.strip()}"]
    made = assembly.program.words
    if not np.array_equal(made, words):
        at = int(np.flatnonzero(made != words)[0]) if len(made) == len(words) else 0
        return [f"{instruction.mnemonic}: {int(words[at]):#x} is shown as {text.splitlines()[at].strip()!r}, another word"]
    return []
