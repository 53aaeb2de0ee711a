"""The manual of every registered instruction set: complete, and every program in it assembles and runs to its end."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends.isa.architecture import Architecture
from backends.isa.assembler import assemble
from backends.isa.bind import load
from backends.isa.engine import load_images
from backends.isa.golden.engine import GoldenEngine
from backends.isa.manual import programs, render
from backends.isa.manual.chapters import offered
from backends.isa.registry import find, open_architecture, registered
from backends.plena.mx import decode, encode
from harness.backend import ManualSection

FUEL = 200_000


def _machines() -> list[Architecture]:
    """Every registered instruction set on every profile and timing of its machine."""
    found = []
    for name in sorted(registered()):
        machine = open_architecture(name).machine
        found += [open_architecture(name, p, t) for p in machine.profiles for t in machine.timings]
    return found


MACHINES = _machines()
each_machine = pytest.mark.parametrize(
    "architecture", MACHINES, ids=lambda a: f"{a.name}-{a.machine.profile}-{a.machine.timing.name}"
)


def run(source: str, architecture: Architecture) -> GoldenEngine:
    """The machine after a program of the manual. A part of a program may run off its end where that traps."""
    assembly = assemble(source, architecture)
    assert assembly.program is not None, (source, assembly.diagnostics)
    engine = GoldenEngine(architecture)
    engine.reset()
    load_images(engine, assembly.program)
    outcome = engine.run(assembly.program, fuel=FUEL)
    ran_out = outcome.trap is not None and outcome.trap.cause == "pc_out_of_range" and outcome.pc == len(assembly.program.words)
    assert outcome.ended == "end" or (architecture.definition.ends == "trap" and ran_out), (source, outcome.trap)
    return engine


def sections(architecture: Architecture) -> dict[str, ManualSection]:
    return {section.name: section for section in render(architecture).sections}


@each_machine
def test_every_offered_instruction_has_a_page_with_an_example(architecture: Architecture) -> None:
    manual = render(architecture)
    pages = {section.name: section for section in manual.sections}
    members: dict[str, set[str]] = {}
    for instruction in offered(architecture):
        page = manual.find(instruction.mnemonic)
        assert page is not None
        members.setdefault(page.name, set()).add(instruction.mnemonic)
        assert f"`{instruction.mnemonic}" in pages["instructions"].text
        written = re.findall(r"\w+", " ".join(instruction.syntax))
        for operand in instruction.operands:
            assert operand.name not in written or f"| `{operand.name}`" in page.text
    for name, mnemonics in members.items():
        (example,) = programs(pages[name])
        assert mnemonics & set(example.split())
        assert len(mnemonics) == 1 or name not in mnemonics
    assert len(offered(architecture)) >= 20


@each_machine
def test_every_program_of_the_manual_assembles_and_runs_to_its_end(architecture: Architecture) -> None:
    shown = [source for section in render(architecture).sections for source in programs(section)]
    assert len(shown) > 20
    for source in shown:
        run(source, architecture)


@each_machine
def test_keys_and_unknown_names_are_not_shown(architecture: Architecture) -> None:
    """A chapter writes keys; what is shown is what the assembler reads."""
    mnemonics = {i.mnemonic for i in architecture.instructions}
    hidden = {i.key for i in architecture.instructions} - mnemonics
    for section in render(architecture).sections:
        assert not [key for key in hidden if f"`{key}`" in section.text or f"`{key} " in section.text], section.name


@pytest.mark.parametrize("name", sorted(registered()))
def test_the_manual_of_a_twin_shows_no_mnemonic_of_the_original(name: str) -> None:
    definition = find(name).definition
    if definition.dialect is not None:
        pytest.skip("a dialect's chapters and pseudo-instructions are written in its own mnemonics")
    ops = tuple(replace(op, mnemonic=f"q{op.mnemonic.lower()}") for op in definition.ops)
    twin = load(replace(definition, ops=ops))
    for section in render(twin).sections:
        words = set(re.findall(r"\w+", f"{section.title} {section.text}"))
        assert not words & {op.mnemonic for op in definition.ops}, section.name


def test_the_chapters_of_the_small_machine_are_one_page() -> None:
    text = sections(open_architecture("tiny"))["overview"].text
    assert len(text.split()) < 700
    assert list((Path(open_architecture("tiny").definition.folder) / "manual").glob("*.j2")) != []


def test_the_first_program_of_the_small_machine_is_a_relu() -> None:
    architecture = open_architecture("tiny")
    source = programs(sections(architecture)["overview"])[0]
    values = np.random.default_rng(3).normal(size=100).astype(np.float32)
    data = f".data mem, 0\n.float {', '.join(map(str, values.tolist()))}\n.text\n"
    engine = run(data + source, architecture)
    np.testing.assert_array_equal(engine.read("mem", 200, 100), np.maximum(values, 0))


@pytest.mark.parametrize("profile", ["SPEC", "HEAD"])
def test_the_worked_example_of_the_accelerator_agrees_with_numpy(profile: str) -> None:
    architecture = open_architecture("plena", profile)
    row, tile = architecture.values["VLEN"], architecture.values["MLEN"]
    assert isinstance(row, int)
    assert isinstance(tile, int)
    rng = np.random.default_rng(7)
    a, b = (encode(rng.normal(size=shape)) for shape in ((4, tile), (tile, tile)))
    (source,) = programs(sections(architecture)["worked-example"])
    assembly = assemble(source, architecture)
    assert assembly.program is not None
    engine = GoldenEngine(architecture)
    engine.reset()
    for start, (elements, scales) in ((0, a), (8 * row, b)):
        engine.write("hbm", start, np.concatenate([elements, scales]))
    load_images(engine, assembly.program)
    assert engine.run(assembly.program, fuel=FUEL).ended == "end"
    scores = decode(*a).reshape(4, tile).astype(np.float64) @ decode(*b).reshape(tile, tile)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    found = engine.read("vram", 4 * row, 4 * row).astype(np.float64).reshape(4, row)
    # Scores are rounded to bf16: their error, at most half a unit of 8 bits, becomes a factor of each weight.
    error = 2.0**-8 * np.abs(scores).max()
    np.testing.assert_allclose(found, weights / weights.sum(axis=1, keepdims=True), rtol=2 * error, atol=1e-3)
    assert found.sum(axis=1) == pytest.approx(np.ones(4), abs=0.02)
    assert found.max() > 0.3
