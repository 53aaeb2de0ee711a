"""Tiny: a program that uses most of it, on both engines, and its rules."""

import numpy as np
import pytest

from backends.isa.bind import load
from backends.isa.engine import Program
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.engine import NativeEngine
from isa_specs.tiny.isa import isa


@pytest.fixture(scope="module", params=["golden", "native"])
def machine(request, simulators):
    architecture = load(isa)
    if request.param == "golden":
        return GoldenEngine(architecture)
    return NativeEngine(architecture, simulators)


@pytest.fixture(autouse=True)
def reset(machine):
    machine.reset()


def word(machine, mnemonic, **operands):
    instruction = next(i for i in machine.architecture.instructions if i.mnemonic == mnemonic)
    assert operands.keys() <= {operand.name for operand in instruction.operands}
    made = sum(field.insert(value) for field, value in instruction.encoding.fixed)
    return made + sum(field.insert(operands.get(name, 0)) for name, field in instruction.encoding.operands.items())


def run(machine, *program):
    return machine.run(Program.of([word(machine, name, **operands) for name, operands in program]), fuel=10_000)


def write(machine, address, values):
    machine.write("mem", address, np.asarray(values, np.float32))


def addi(rd, imm, rs1=0):
    return ("ADDI", {"rd": rd, "rs1": rs1, "imm": imm})


SETUP = [addi(1, 0), addi(2, 100), addi(3, 19), ("FLW", {"rd": 1, "rs1": 1})]
GREATEST = [("SETVL", {"rd": 4, "rs1": 3}), ("VRMAX", {"rd": 1, "rs1": 1}), ("ADD", {"rd": 1, "rs1": 1, "rs2": 4}),
            ("SUB", {"rd": 3, "rs1": 3, "rs2": 4}), ("BNE", {"rs1": 3, "target": -4})]  # fmt: skip
SUM = [addi(1, 0), addi(3, 19), addi(5, 200), ("SETVL", {"rd": 4, "rs1": 3}), ("VFILL", {"rd": 5, "rs1": 1}),
       ("VSUB", {"rd": 2, "rs1": 1, "rs2": 5}), ("VEXP", {"rd": 2, "rs1": 2}), ("VSUM", {"rd": 2, "rs1": 2}),
       ("ADD", {"rd": 1, "rs1": 1, "rs2": 4}), ("ADD", {"rd": 2, "rs1": 2, "rs2": 4}), ("SUB", {"rd": 3, "rs1": 3, "rs2": 4}),
       ("BNE", {"rs1": 3, "target": -8})]  # fmt: skip
SCALE = [addi(2, 100), addi(3, 19), ("FLW", {"rd": 3, "rs1": 0, "imm": 300}), ("FDIV", {"rd": 3, "rs1": 3, "rs2": 2}),
         ("SETVL", {"rd": 4, "rs1": 3}), ("VFILL", {"rd": 5, "rs1": 3}), ("VMUL", {"rd": 2, "rs1": 2, "rs2": 5}),
         ("ADD", {"rd": 2, "rs1": 2, "rs2": 4}), ("SUB", {"rd": 3, "rs1": 3, "rs2": 4}), ("BNE", {"rs1": 3, "target": -5}),
         ("HALT", {})]  # fmt: skip


def test_softmax_of_a_row_that_fits_no_vector(machine):
    row = np.random.default_rng(1).normal(size=19).astype(np.float32)
    write(machine, 0, row)
    write(machine, 300, [1])
    write(machine, 119, [7])
    outcome = run(machine, *SETUP, *GREATEST, *SUM, *SCALE)
    assert (outcome.ended, outcome.trap) == ("end", None)
    want = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
    np.testing.assert_allclose(machine.read("mem", 100, 19), want, rtol=1e-5)
    assert machine.read("mem", 119, 1)[0] == 7
    assert outcome.stalls.sum() == outcome.cycles


@pytest.mark.parametrize(
    ("mnemonic", "want"),
    [("VADD", [3, 0, 6]), ("VSUB", [-1, -4, 0]), ("VMUL", [2, -4, 9]), ("VDIV", [0.5, -1, 1]), ("VMAX", [2, 2, 3])],
)
def test_vectors_stop_at_the_vector_length(machine, mnemonic, want):
    write(machine, 0, [1, -2, 3, 5])
    write(machine, 16, [2, 2, 3, 5])
    write(machine, 32, [9, 9, 9, 9])
    outcome = run(
        machine, addi(1, 16), addi(2, 32), addi(3, 3), ("SETVL", {"rd": 4, "rs1": 3}), (mnemonic, {"rd": 2, "rs2": 1}),
        ("HALT", {}),
    )  # fmt: skip
    assert outcome.ended == "end"
    assert machine.read("mem", 32, 4).tolist() == [*want, 9]


def test_axpy_gather_and_numbers(machine):
    write(machine, 0, np.arange(64))
    write(machine, 100, [1, 1, 1, 16])
    run(
        machine, addi(1, 2), addi(2, 100), addi(3, 3), addi(4, 8), ("SETVL", {"rd": 5, "rs1": 3}),
        ("FLW", {"rd": 1, "rs1": 0, "imm": 4}), ("VAXPY", {"rd": 2, "rs1": 1, "rs2": 1}), addi(6, 20, 2),
        ("VGATHER", {"rd": 6, "rs1": 1, "rs2": 4}), ("FLW", {"rd": 2, "rs1": 2, "imm": 3}), ("FSQRT", {"rd": 2, "rs1": 2}),
        ("FSUB", {"rd": 3, "rs1": 2, "rs2": 1}), ("FMUL", {"rd": 4, "rs1": 2, "rs2": 2}), ("FADD", {"rd": 5, "rs1": 4, "rs2": 1}),
        ("FSW", {"rd": 5, "rs1": 0, "imm": 200}), ("MUL", {"rd": 7, "rs1": 1, "rs2": 4}), ("HALT", {}),
    )  # fmt: skip
    assert machine.read("mem", 100, 4).tolist() == [9, 13, 17, 16]
    assert machine.read("mem", 120, 3).tolist() == [2, 10, 18]
    assert machine.read("f", 1, 5).tolist() == [4, 4, 0, 16, 20]
    assert machine.read("mem", 200, 1).tolist() == [20]
    assert machine.read("x", 7, 1).tolist() == [16]


def test_the_vector_length_is_at_most_the_lanes(machine):
    run(machine, addi(1, 100), ("SETVL", {"rd": 2, "rs1": 1}), ("HALT", {}))
    assert machine.read("x", 2, 1).tolist() == [16]


def test_faults_are_typed(machine):
    assert run(machine, addi(1, 1)).trap.cause == "pc_out_of_range"
    outcome = run(machine, addi(1, -1), ("FLW", {"rd": 1, "rs1": 1}))
    assert (outcome.trap.cause, outcome.trap.address) == ("mem_out_of_range", 2**32 - 1)
    assert run(machine, addi(1, 3), ("SETVL", {"rd": 2, "rs1": 1}), addi(3, -1), ("VADD", {"rd": 3})).trap.operand == "rd"


def test_it_fits_a_page(machine):
    instructions = machine.architecture.instructions
    assert len(instructions) <= 25
    assert all(i.offered and i.example and i.doc for i in instructions)
