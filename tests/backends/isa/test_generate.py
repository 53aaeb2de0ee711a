"""Random programs: the same for the same seed, words that are mostly legal, and programs that run long before they trap."""

from pathlib import Path

import numpy as np
import pytest

from backends.isa.assembler.encode import find as find_instruction
from backends.isa.bind import load
from backends.isa.differential import compare
from backends.isa.engine import Program
from backends.isa.engines import open_engine
from backends.isa.generate import Generator, random_program
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.build import find_compiler
from backends.isa.native.engine import NativeEngine
from backends.isa.registry import find

SCRATCH = str(Path(__file__).parent / "scratch_isa")
LENGTH = 16
FUEL = 400


def generator(architecture, seed, length=LENGTH):
    return Generator(architecture, np.random.default_rng(seed), length)


def test_a_seed_is_a_program():
    architecture = load(find(SCRATCH))
    made = [random_program(architecture, np.random.default_rng(seed), LENGTH) for seed in (1, 1, 2)]
    assert made[0][0].tolist() == made[1][0].tolist() != made[2][0].tolist()
    assert [image.data.tobytes() for image in made[0][1]] == [image.data.tobytes() for image in made[1][1]]


def test_most_words_are_instructions_and_some_are_not():
    architecture = load(find(SCRATCH))
    words = np.concatenate([generator(architecture, seed).words() for seed in range(60)])
    known = [find_instruction(architecture, int(word)) for word in words]
    share = np.mean([instruction is not None for instruction in known])
    assert 0.95 < share < 1
    assert {i.key for i in known if i} == {i.key for i in architecture.instructions}


@pytest.mark.parametrize("name", [SCRATCH, "tiny"], ids=lambda name: Path(name).name)
def test_a_grown_program_seldom_traps_and_reaches_its_end(name):
    architecture = load(find(name))
    engine = GoldenEngine(architecture)
    ends, plain, grown = [], [], []
    for seed in range(20):
        made = generator(architecture, seed)
        for reached, words in ((plain, made.words()), (grown, made.grown(engine, FUEL))):
            made.prepare(engine)
            outcome = engine.run(Program.of(words), fuel=FUEL)
            reached.append(np.count_nonzero(outcome.counts))
        ran_out = outcome.trap is not None and outcome.trap.cause == "pc_out_of_range"
        ends.append(outcome.ended == "end" or ran_out)
    assert sum(ends) >= 14
    assert sum(grown) > 1.2 * sum(plain)


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
@pytest.mark.parametrize("profile", ["SPEC", "HEAD"])
def test_grown_programs_of_a_large_machine_run_nearly_whole(profile, tmp_path):
    engine = open_engine(load(find("plena"), profile), tmp_path, "native")
    reached, completed = [], set()
    for seed in range(300):
        made = generator(engine.architecture, seed, 24)
        words = made.grown(engine, FUEL)
        made.prepare(engine)
        outcome = engine.run(Program.of(words), fuel=FUEL)
        reached.append(np.count_nonzero(outcome.counts))
        completed |= {find_instruction(engine.architecture, int(words[pc])).key for pc in np.flatnonzero(outcome.counts)}
    assert np.mean(reached) > 18
    assert completed == {instruction.key for instruction in engine.architecture.instructions}


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
@pytest.mark.parametrize(("name", "timing"), [("plena", "sequential"), ("plena", "overlapped"), ("tiny", None)])
def test_the_engines_agree_on_grown_programs_and_their_mutants(name, timing, tmp_path):
    architecture = load(find(name), timing=timing)
    native, golden = NativeEngine(architecture, tmp_path), GoldenEngine(architecture)
    for seed in range(4):
        made = generator(architecture, seed, 12)
        words = made.grown(native, FUEL)
        for program in (words, made.mutant(words), made.mutant(words)):
            assert compare(golden, native, program, made.images, fuel=FUEL, trace=5).found == ()


def test_a_mutant_differs_in_a_few_words():
    architecture = load(find(SCRATCH))
    made = generator(architecture, 3)
    words = made.words()
    changed = [int(np.count_nonzero(made.mutant(words) != words)) for _ in range(200)]
    assert 0 < np.mean(changed) <= max(changed) <= 3
    assert len(words) == LENGTH
