"""What a machine with byte addresses, vector registers and exceptions needs: both engines, and by hand."""

from pathlib import Path

import numpy as np
import pytest

from backends.isa.assembler import assemble, disassemble
from backends.isa.bind import bind, load
from backends.isa.cli.files import parse_dump
from backends.isa.define import Isa
from backends.isa.definition import Region
from backends.isa.dtypes import u8, u32
from backends.isa.engine import load_images
from backends.isa.errors import DefinitionError
from backends.isa.golden.engine import GoldenEngine
from backends.isa.machine import load_machine
from backends.isa.native.build import find_compiler
from backends.isa.native.engine import NativeEngine
from backends.isa.registry import find
from backends.isa.view import show_registers
from harness.errors import UsageError

FOLDER = Path(__file__).with_name("bytes_isa")


@pytest.fixture(scope="module")
def machine():
    return load(find(str(FOLDER)))


@pytest.fixture(scope="module", params=["golden", "native"])
def engine(request, machine, tmp_path_factory):
    if request.param == "golden":
        return GoldenEngine(machine)
    if find_compiler() is None:
        pytest.skip("no C compiler")
    return NativeEngine(machine, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def run(engine, machine):
    """Runs a text from reset; the outcome."""

    def run(text, fuel=1000, **options):
        assembly = assemble(text, machine)
        assert assembly.program is not None, assembly.problems
        engine.reset()
        load_images(engine, assembly.program)
        return engine.run(assembly.program, fuel=fuel, **options)

    return run


def registers(engine, *numbers):
    values = engine.read("x", 0, 16)
    return [int(values[n]) for n in numbers]


def test_loads_take_one_to_four_bytes_from_any_address(run, engine):
    run("la x1, data\nl1 x2, 3(x1)\nl2 x3, 2(x1)\nl3 x4, 1(x1)\nl4 x5, 1(x1)\nstop\n.data\ndata: .byte 1, 2, 3, 0x84, 5")
    assert registers(engine, 2, 3, 4, 5) == [0xFFFFFF84, 0xFFFF8403, 0x840302, 0x05840302]


def test_stores_write_as_many_bytes_as_a_register_says(run, engine):
    run("li x1, 64\nli x2, 0x12345678\nli x3, 1\nsn x2, x3, 0(x1)\nli x3, 2\nsn x2, x3, 8(x1)\nli x3, 3\nsn x2, x3, 17(x1)\nstop")
    stored = engine.read("mem", 64, 24).tolist()
    assert stored[:4] == [0x78, 0x56, 0, 0]
    assert stored[8:12] == [0x78, 0x56, 0x34, 0]
    assert stored[17:22] == [0x78, 0x56, 0x34, 0x12, 0]


@pytest.mark.parametrize(
    ("line", "cause", "address"),
    [
        ("l4 x2, 61(x0)", "mem_load_fault", 61),  # from one region into the next
        ("l1 x2, 192(x0)", "mem_load_fault", 192),
        ("l4 x2, 2045(x0)", "mem_load_fault", 2045),
        ("l4 x2, 2061(x0)", "mem_load_fault", 2061),
        ("addi x1, x0, -1\nl1 x2, 0(x1)", "mem_load_fault", 0xFFFFFFFF),
        ("sn x2, x0, 0(x0)", "mem_store_fault", 0),
        ("sn x2, x0, 192(x0)", "mem_store_fault", 192),
    ],
)
def test_what_no_region_has_is_a_fault(run, line, cause, address):
    outcome = run(line + "\nstop")
    assert outcome.ended == "trap"
    assert (outcome.trap.cause, outcome.trap.address, outcome.trap.limit) == (cause, address, None)


def test_readable_says_what_a_load_would_do(run, engine):
    run("have x1, 60(x0)\nhave x2, 61(x0)\nhave x3, 64(x0)\nhave x4, 2060(x0)\nhave x5, 2061(x0)\nstop")
    assert registers(engine, 1, 2, 3, 4, 5) == [1, 0, 1, 1, 0]


def test_procedures_become_part_of_the_body_and_may_trap(run, engine):
    run("li x1, 20\nquarter x2, x1\nstop")
    assert registers(engine, 2) == [5]
    assert engine.read("where", 0, 1)[0] == 10
    outcome = run("li x1, 22\nquarter x2, x1\nstop")
    assert (outcome.trap.cause, outcome.trap.operand, outcome.trap.address) == ("odd", "number", 11)


def test_families_share_a_body_and_lanes_see_the_state_before(run, engine):
    text = "li x1, {}\nvplus v0, v1, x1\nvtimes v1, v0, x1\nvtimes v1, v1, x1, twice\nvtimes2 x2, v1\nvtimes2 x3, v0\nstop"
    run(text.format(3))
    assert registers(engine, 3) == [0x06060606]
    first = 6 * 9
    assert registers(engine, 2) == [(first + 2 * first * 9) % 256 * 0x01010101]


def test_the_handler_takes_the_place_of_what_traps(run, engine):
    run(
        "la x1, handler / 4\nhandle x1\n l1 x2, 200(x0)\nli x3, 7\nquarter x4, x3\n.word 0x7f\nstop\n"
        "handler: sum x9, x9, 1\nback x8"
    )
    assert registers(engine, 3, 4, 9, 8) == [7, 0, 3, 2 * 256 + 0x7F]


def test_handled_exceptions_count_as_instructions_and_cost_what_the_instruction_would(run):
    outcome = run("la x1, handler / 4\nhandle x1\nl1 x2, 200(x0)\n.word 0x7f\nstop\nhandler: back x8")
    assert (outcome.ended, outcome.instructions, outcome.cycles) == ("end", 3 + 1 + 1 + 1 + 2, 2 * 7)
    assert outcome.counts.tolist() == [1, 1, 1, 1, 1, 1, 2]


def test_an_exception_without_handler_is_the_fault_that_it_is(run):
    outcome = run("l1 x2, 200(x0)")
    assert (outcome.trap.cause, outcome.trap.address, outcome.instructions) == ("mem_load_fault", 200, 0)


def test_exceptions_that_lead_nowhere_end_for_want_of_fuel(run):
    outcome = run("addi x1, x0, 50\nhandle x1\n.word 0x7f", fuel=40)
    assert (outcome.ended, outcome.instructions) == ("fuel", 40)


def test_texts_disassemble_to_texts_that_assemble_alike(machine):
    text = "addi x1, x0, -5\nl4 x2, 8(x1)\nsn x2, x1, 0(x1)\nbne x1, x0, .+8\nvplus v0, v1, x2, twice\nvplus v0, v1, x2\nstop"
    program = assemble(text + "\n.word 0x7f", machine).program
    again = disassemble(program.words, machine)
    assert "l4 x2, 8(x1)" in again
    assert "vplus v0, v1, x2, twice" in again
    assert assemble(again, machine).program.words.tolist() == program.words.tolist()


def error(**declared):
    isa = Isa("t", title="t")
    x = isa.registers("x", u32, 4)
    isa.memory("mem", u8, 64, pointer=x, **declared)
    isa.op("stop", isa.format("F", op=(0, 6))(op=1), unit="core", timing="core")(_stop)
    with pytest.raises(DefinitionError) as raised:
        bind(isa.definition, load_machine(FOLDER / "machine.toml"))
    return str(raised.value)


def _stop():
    """Nothing."""


def test_a_region_lies_in_its_memory():
    assert "region 'r' of 'mem': 60 to 70" in error(regions=[Region("r", 60, 10)])


def test_images_of_a_program_are_its_bytes(machine):
    program = assemble("stop\n.data\n.byte 1\n.bss\n.space 3\n", machine).program
    assert [(image.space, image.start, len(image.data)) for image in program.images] == [
        ("mem", 0, 4),
        ("mem", 64, 1),
        ("mem", 80, 3),
    ]
    assert program.images[1].data.dtype == np.uint8


def test_a_dump_may_name_symbols(machine):
    symbols = {"first": 64, "last": 72}
    dump = parse_dump(machine, "first..last=out.bin", symbols)
    assert (dump.memory.name, dump.start, dump.end, dump.path.name) == ("mem", 64, 72, "out.bin")
    with pytest.raises(UsageError, match="unknown symbol 'lats'"):
        parse_dump(machine, "first..lats=out.bin", symbols)


def test_programs_start_where_the_entry_symbol_is(run, engine):
    run("li x1, 5\n_start: li x2, 6\nstop")
    assert registers(engine, 1, 2) == [0, 6]


def test_vector_registers_are_shown_as_lanes(run, engine, machine):
    run("li x1, 1\nvplus v2, v1, x1\nstop")
    assert "v2 = 2 2 2 2" in show_registers(engine, machine)
