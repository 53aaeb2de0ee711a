"""Coral's manual: what its programs say about themselves is true, and its worked examples compute what they claim."""

import re

import numpy as np
import pytest

from backends.isa.architecture import Architecture
from backends.isa.assembler import assemble
from backends.isa.bind import load
from backends.isa.engine import Outcome, Program, load_images
from backends.isa.golden.engine import GoldenEngine
from backends.isa.manual import programs, render
from harness.backend import Manual
from isa_specs.coral.isa import isa

CLAIM = re.compile(r"#.*?\b([a-z]+\d+) = (-?[\w.]+(?: -?\w+)*)")
"""A comment that says what a register holds in the end: ``# a0 = -3``, ``# v8 = 1 2 3 4``."""


@pytest.fixture(scope="module", params=["small", "large"])
def machine(request: pytest.FixtureRequest) -> Architecture:
    return load(isa, request.param)


@pytest.fixture(scope="module")
def engine(machine: Architecture) -> GoldenEngine:
    return GoldenEngine(machine)


@pytest.fixture(scope="module")
def manual(machine: Architecture) -> Manual:
    return render(machine)


def run(engine: GoldenEngine, source: str, **tensors: np.ndarray) -> tuple[Outcome, Program]:
    """A program from reset, with arrays at its symbols."""
    assembly = assemble(source, engine.architecture)
    assert assembly.program is not None, (source, assembly.diagnostics)
    engine.reset()
    load_images(engine, assembly.program)
    for name, values in tensors.items():
        engine.write("mem", assembly.program.symbols[name], values.view(np.uint8).ravel())
    return engine.run(assembly.program, fuel=200_000), assembly.program


def holds(engine: GoldenEngine, register: str, claimed: list[str]) -> bool:
    """Whether a register holds what is claimed; a vector, at one of the widths of elements."""
    dialect = engine.architecture.definition.dialect
    assert dialect is not None
    file, number = dialect.registers.get(register, (register[0], int(re.sub(r"\D", "", register))))
    if file == "x":
        return bool(engine.read("x", number, 1)[0] == int(claimed[0], 0) % 2**32)
    if file == "f":
        return bool(engine.read("f", number, 1).astype(np.uint32).view(np.float32)[0] == np.float32(claimed[0]))
    content = engine.read("v", 16 * number, min(32, 512 - 16 * number)).astype(np.uint8).tobytes()
    wanted = [int(value, 0) for value in claimed]
    return any(content.startswith(b"".join((v % 256**n).to_bytes(n, "little") for v in wanted)) for n in (1, 2, 4))


def test_what_comments_say_about_registers_is_so(manual: Manual, engine: GoldenEngine) -> None:
    checked = 0
    for section in manual.sections:
        for source in programs(section):
            run(engine, source)
            for line in source.splitlines():
                if found := CLAIM.search(line):
                    assert holds(engine, found[1], found[2].split()), (section.name, line)
                    checked += 1
    assert checked > 250


def test_every_instruction_is_on_a_page_and_most_are_in_its_program(manual: Manual, machine: Architecture) -> None:
    shown = 0
    for instruction in machine.instructions:
        page = manual.find(instruction.mnemonic)
        assert page is not None
        assert len(programs(page)) == 1, (page.name, instruction.mnemonic)
        shown += instruction.mnemonic in "".join(programs(page)).split()
    assert shown > 250


def test_the_manual_fits_into_a_prompt(manual: Manual) -> None:
    assert len(manual.text) < 300_000


@pytest.mark.parametrize(("place", "instructions"), [(0, 17590), (1, 1367), (2, 496)])
def test_the_worked_example_multiplies_matrices(manual: Manual, engine: GoldenEngine, place: int, instructions: int) -> None:
    page = manual.find("worked-example")
    assert page is not None
    rng = np.random.default_rng(5)
    left, right = rng.integers(-128, 128, (8, 16), np.int8), rng.integers(-128, 128, (16, 16), np.int8)
    outcome, program = run(engine, programs(page)[place], left=left, right=right)
    assert outcome.ended == "end"
    found = engine.read("mem", program.symbols["product"], 8 * 16 * 4).astype(np.uint8).view(np.int32).reshape(8, 16)
    np.testing.assert_array_equal(found, left.astype(np.int32) @ right)
    assert outcome.instructions == instructions
    assert f"| {instructions:,} |" in page.text


@pytest.mark.parametrize("argument", [0.0, 1.0, -1.0, 0.3, 10.5, -20.25, 80.0, -80.0])
def test_the_exponential_is_as_exact_as_it_says(manual: Manual, engine: GoldenEngine, argument: float) -> None:
    page = manual.find("floats")
    assert page is not None
    assert "relative error below 3e-6" in page.text
    (source,) = programs(page)
    run(engine, source, argument=np.array([argument], np.float32))
    found = engine.read("f", 11, 1).astype(np.uint32).view(np.float32)[0]
    assert found == pytest.approx(np.exp(np.float64(argument)), rel=3e-6)
