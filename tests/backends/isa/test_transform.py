"""Twins do what their originals do, in as many cycles, under other names; their manuals tell so."""

import re
from pathlib import Path

import numpy as np
import pytest

from backends.isa.assembler import assemble, disassemble
from backends.isa.assembler.encode import find as find_instruction
from backends.isa.bind import load
from backends.isa.conversion import pattern_type
from backends.isa.engine import Program, load_images
from backends.isa.engines import open_engine
from backends.isa.errors import DefinitionError
from backends.isa.generate import random_program
from backends.isa.golden.engine import GoldenEngine
from backends.isa.manual import programs, render
from backends.isa.registry import find
from backends.isa.transform import recode, rename, reorder, resize, rotate, translate, twin
from harness.errors import UsageError

SCRATCH = str(Path(__file__).parent / "scratch_isa")
FORMS = str(Path(__file__).parent / "native" / "forms_isa")
MANUAL = str(Path(__file__).parent / "manual_isa")
DATA = Path(__file__).parents[2] / "data" / "plena"
ALL = (SCRATCH, FORMS, MANUAL, "tiny", "plena")


def definition(name):
    return find(name).definition


def state(engine):
    """What every memory holds at its start, as patterns."""
    memories = engine.architecture.memories.values()
    return {m.name: engine.read(m.name, 0, min(m.size, 4096)).view(pattern_type(m.dtype)).tolist() for m in memories}


def ran(engine, words, images=()):
    """Everything that a run shows, and the state it leaves."""
    engine.reset()
    for image in images:
        engine.write(image.space, image.start, image.data)
    outcome = engine.run(Program.of(words), fuel=500)
    trap = outcome.trap and (outcome.trap.cause, outcome.trap.pc, outcome.trap.operand, outcome.trap.address, outcome.trap.limit)
    shown = (outcome.ended, outcome.pc, outcome.cycles, outcome.instructions, trap, outcome.counts.tolist())
    return shown, outcome.stalls.tolist(), state(engine)


def legal(architecture, words):
    """The words that are instructions."""
    return [word for word in words.tolist() if find_instruction(architecture, word) is not None]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ALL, ids=lambda name: Path(name).name)
def test_a_translated_program_does_the_same_in_as_many_cycles(name, seed):
    for timing in load(definition(name)).machine.timings:
        original = load(definition(name), timing=timing)
        other = load(twin(definition(name), seed), timing=timing)
        one, two = GoldenEngine(original), GoldenEngine(other)
        rng = np.random.default_rng(seed)
        for _ in range(5):
            words, images = random_program(original, rng, 12)
            kept = legal(original, words)
            made = translate(kept, original, other)
            assert ran(one, kept, images) == ran(two, made, images)
            assert made.tolist() != kept


@pytest.mark.parametrize("name", ["a03_nested_loops", "a11_mm_tile", "a17_softmax", "a22_attention"])
def test_whole_programs_of_a_twin(name, tmp_path):
    words = [int(token, 16) for token in (DATA / name / "words.hex").read_text().split()]
    original, other = (load(made, "HEAD") for made in (definition("plena"), twin(definition("plena"), 5)))
    one, two = (open_engine(architecture, tmp_path) for architecture in (original, other))
    hbm = np.frombuffer((DATA / name / "hbm.bin").read_bytes(), np.uint8) if (DATA / name / "hbm.bin").exists() else None
    found = []
    for engine, program in ((one, words), (two, translate(words, original, other))):
        engine.reset()
        if hbm is not None:
            engine.write("hbm", 0, hbm)
        outcome = engine.run(Program.of(program), fuel=10**6)
        assert outcome.ended == "end"
        found.append((outcome.cycles, outcome.counts.tolist(), state(engine)))
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ALL, ids=lambda name: Path(name).name)
def test_a_twin_has_an_assembler_of_its_own(name, seed):
    original, other = load(definition(name)), load(twin(definition(name), seed))
    words, _ = random_program(original, np.random.default_rng(seed), 40)
    made = translate(legal(original, words), original, other)
    text = disassemble(made.tolist(), other)
    assembly = assemble(text, other)
    assert assembly.program is not None, assembly.diagnostics
    assert assembly.program.words.tolist() == made.tolist()
    assert assemble(text, original).program is None


@pytest.mark.parametrize("name", [MANUAL, "tiny", "plena"], ids=lambda name: Path(name).name)
def test_the_manual_of_a_twin_has_its_names_and_its_programs_run(name):
    original, other = load(definition(name)), load(twin(definition(name), 1))
    pages = {section.name: section for section in render(other).sections}
    shown = {i.key: i.mnemonic for i in other.instructions if i.offered}
    assert pages.keys() >= set(shown.values())
    old = re.compile(r"\b(" + "|".join(re.escape(i.mnemonic) for i in original.instructions) + r")\b")
    engine = GoldenEngine(other)
    for section in pages.values():
        for program in programs(section):
            assembly = assemble(program, other)
            assert assembly.program is not None, (section.name, program, assembly.diagnostics)
            assert not old.findall(re.sub(r"[;#].*|//.*", "", program)), section.name
        if section.name in shown.values():
            assert section.text.startswith(f"```text\n{section.name}")
    key, mnemonic = next((key, m) for key, m in shown.items() if programs(pages[m]))
    program = assemble(programs(pages[mnemonic])[0], other).program
    engine.reset()
    load_images(engine, program)
    outcome = engine.run(program, fuel=10_000)
    assert outcome.trap is None or outcome.trap.cause == "pc_out_of_range", key


def test_a_twin_is_the_same_for_the_same_seed_and_another_for_another():
    made = [twin(definition("tiny"), seed) for seed in (1, 1, 2)]
    names = [[op.mnemonic for op in one.ops] for one in made]
    assert names[0] == names[1] != names[2]
    assert load(made[0]).digest == load(made[1]).digest
    assert len({load(definition("tiny")).digest, *(load(one).digest for one in made)}) == 3


def test_sizes_change_with_their_costs_and_the_manual():
    wide = load(resize(definition("plena"), {"VRAM_ROWS": 2048, "SCALAR": "bf16"}))
    assert wide.memories["vram"].size == 2048 * 64
    assert wide.memories["f"].dtype.name == "bf16"
    assert "131072" in next(s.text for s in render(wide).sections if s.name == "machine")
    halved = load(resize(definition("plena"), {"MLEN": 32, "VLEN": 32, "HEADS": 2}))
    assert halved.machine.timing.costs["m_mm"].latency.cycles() == 32
    both = resize(resize(definition("plena"), {"MLEN": 32}), {"VLEN": 32})
    assert both.overrides == {"MLEN": 32, "VLEN": 32}


def test_what_is_asked_for_outranks_a_twin():
    made = resize(definition("tiny"), {"LANES": 8})
    assert load(made).values["LANES"] == 8
    assert load(made, overrides={"LANES": 4}).values["LANES"] == 4


def test_single_changes():
    tiny = definition("tiny")
    add = next(op for op in tiny.ops if op.key == "add")
    assert next(op.mnemonic for op in rename(tiny, {"add": "plus"}).ops if op.key == "add") == "plus"
    assert next(op.syntax for op in reorder(tiny, {"add": (2, 0, 1)}).ops if op.key == "add") == (
        add.syntax[2], *add.syntax[:2],
    )  # fmt: skip
    original, moved = load(tiny), load(rotate(tiny, 5))
    mask = original.instructions[0].mask
    assert moved.instructions[0].mask == (mask << 5 | mask >> 27) & 0xFFFFFFFF
    assert rotate(rotate(tiny, 5), 27).ops[0].encoding.format.fields.keys() == tiny.ops[0].encoding.format.fields.keys()
    table = [*range(1, 64), 0]
    assert [i.match for i in load(recode(tiny, {"opcode": table})).instructions] == [i.match + 1 for i in original.instructions]


def test_a_field_that_goes_around_the_end_of_the_word_keeps_its_values():
    original = load(definition("tiny"))
    for bits in range(1, 32):
        moved = load(rotate(definition("tiny"), bits))
        for one, other in zip(original.instructions, moved.instructions, strict=True):
            for name, field in one.encoding.operands.items():
                value = 0x2A5F3 & ((1 << field.width) - 1)
                assert other.encoding.operands[name].extract(other.encoding.operands[name].insert(value)) == value
                assert other.encoding.operands[name].width == field.width


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda d: rename(d, {"ad": "plus"}), UsageError, "unknown instruction 'ad' in tiny"),
        (lambda d: rename(d, {"add": "Same", "sub": "same"}), DefinitionError, "add and sub are both called 'same'"),
        (lambda d: reorder(d, {"add": (0, 1, 1)}), DefinitionError, r"order \[0, 1, 1\] of add"),
        (lambda d: recode(d, {"opcode": [0, 0]}), DefinitionError, "the table of field 'opcode' is no permutation"),
        (lambda d: resize(d, {"LANE": 4}), UsageError, "unknown parameter 'LANE' in tiny"),
    ],
)
def test_what_cannot_be_a_twin_is_refused(change, error, message):
    with pytest.raises(error, match=message):
        change(definition("tiny"))


def test_words_that_are_no_instructions_are_not_translated():
    original, other = load(definition("tiny")), load(twin(definition("tiny"), 1))
    with pytest.raises(UsageError, match="word 0x3f at 1 is no instruction of both"):
        translate([int(original.instructions[0].match), 0x3F], original, other)
