"""The native engine does what the golden one does: results, traps, counts, cycles, stalls, events, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from backends.isa.generate import random_program


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(engines, agree, seed):
    golden, _ = engines
    rng = np.random.default_rng(seed)
    for _ in range(5):
        words, images = random_program(golden.architecture, rng, int(rng.integers(1, 40)))
        agree(words, images)


@pytest.mark.parametrize("seed", range(10))
def test_breakpoints_and_traces(engines, agree, seed):
    golden, _ = engines
    rng = np.random.default_rng(1000 + seed)
    words, images = random_program(golden.architecture, rng, 20)
    agree(words, images, trace=15)
    agree(words, images, stop=(int(rng.integers(20)), int(rng.integers(1, 4))), trace=1000)
    agree(words, images, start=int(rng.integers(21)), fuel=int(rng.integers(30)))


def test_every_instruction_completes_somewhere(engines, agree):
    golden, _ = engines
    rng = np.random.default_rng(7)
    completed = set()
    for instruction in golden.architecture.instructions:
        for _ in range(60):
            words, images = random_program(golden.architecture, rng, 3, [instruction])
            if agree(words, images).counts[0]:
                completed.add(instruction.key)
    assert completed == {instruction.key for instruction in golden.architecture.instructions} - {"end"}  # needs an open loop
