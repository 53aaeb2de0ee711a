"""The golden engine on the scratch machine: hand-written expectations."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from backends.isa.bind import load
from backends.isa.engine import CAUSES, LoopState, Program, Trapped
from backends.isa.golden.engine import GoldenEngine
from backends.isa.registry import find
from harness.errors import UsageError

FOLDER = Path(__file__).parents[1] / "scratch_isa"
BF16 = ml_dtypes.bfloat16
OPS = ("", "LI", "ADDI", "DIV", "LIS", "VADD", "VTRI", "SETVL", "MAC", "SUMA", "QUANT", "DEQ", "NIB", "FETCH", "SPILL", "EVEN",
       "LOOP", "END", "BNZ", "HALT", "POKE", "WIDE")  # fmt: skip


def word(name, rd=0, rs1=0, rs2=0, imm=0, imm8=0):
    return OPS.index(name) | rd << 6 | rs1 << 10 | rs2 << 14 | (imm & 0xFFFF) << 16 | (imm8 & 0xFF) << 24


def engine(timing="sequential"):
    return GoldenEngine(load(find(str(FOLDER)), None, timing))


def run(machine, *words, fuel=1000, **options):
    return machine.run(Program.of(list(words)), fuel=fuel, **options)


def mem(machine, start, count):
    return machine.read("mem", start, count).astype(np.float32).tolist()


def row(*values):
    return np.array(values, np.float32).astype(BF16)


def test_registers_wrap_and_the_zero_register_stays():
    machine = engine()
    out = run(machine, word("LI", rd=1, imm=5), word("ADDI", rd=2, rs1=1, imm8=-6), word("LI", rd=0, imm=9))
    assert (out.ended, out.pc, out.instructions, out.cycles) == ("end", 3, 3, 3)
    assert machine.read("x", 0, 3).tolist() == [0, 5, 2**32 - 1]
    machine.reset()
    assert machine.read("x", 0, 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("a", "b", "quotient", "rest"), [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (7, 0, 0, 7), (-(2**31), -1, -(2**31), 0)]
)
def test_division_floors_and_is_total(a, b, quotient, rest):
    machine = engine()
    machine.write("s", 1, np.array([a, b], np.int32))
    run(machine, word("DIV", rd=1, rs1=2))
    assert machine.read("s", 1, 1).tolist() == [quotient]
    assert machine.read("acc", 0, 1).tolist() == [rest]


def test_windows_round_to_their_storage_type_and_may_overlap():
    machine = engine()
    machine.write("mem", 0, row(1, 2, 3, 256))
    machine.write("mem", 4, row(1, 1, 1, 1))
    machine.write("x", 1, np.array([0, 4, 2], np.uint32))
    run(machine, word("VADD", rd=3, rs1=1, rs2=2))
    # 257 is halfway between 256 and 258 in bf16; the window at 2 overlaps both sources, which are read before.
    assert mem(machine, 0, 8) == [1, 2, 2, 3, 4, 256, 1, 1]


def test_elements_beyond_the_length_are_neither_read_nor_written():
    machine = engine()
    machine.write("mem", 60, row(1, 2, 3, 4))
    machine.write("x", 1, np.array([60, 2], np.uint32))
    run(machine, word("SETVL", rs1=2), word("VTRI", rd=1))
    assert mem(machine, 60, 4) == [3, 6, 3, 4]
    machine.write("x", 1, np.array([62], np.uint32))
    assert run(machine, word("VTRI", rd=1)).ended == "end"
    machine.write("vl", 0, np.array([3], np.uint32))
    assert run(machine, word("VTRI", rd=1)).trap == Trapped("mem_out_of_range", 0, "rd", 62, 64)
    machine.write("vl", 0, np.array([0], np.uint32))
    machine.write("x", 1, np.array([2000], np.uint32))
    assert run(machine, word("VTRI", rd=1)).ended == "end"


def test_nan_is_stored_as_the_positive_quiet_one():
    machine = engine()
    machine.write("mem", 0, np.array([0xFFFF, 0x7F81, 0xFF80, 0x8000], np.uint16).view(BF16))
    machine.write("mem", 4, row(0, 0, 0, -0.0))
    machine.write("x", 1, np.array([0, 4, 8], np.uint32))
    run(machine, word("VADD", rd=3, rs1=1, rs2=2))
    assert machine.read("mem", 8, 4).view(np.uint16).tolist() == [0x7FC0, 0x7FC0, 0xFF80, 0x8000]


def test_a_state_store_is_seen_by_the_next_instruction_only():
    machine = engine()
    machine.write("mem", 0, row(1, 2, 3, 4))
    run(machine, word("MAC", rs1=0), word("MAC", rs1=0), word("SUMA", rd=1))
    assert machine.read("f", 1, 1).tolist() == [20]
    assert machine.read("acc", 0, 4).tolist() == [0, 0, 0, 0]


def test_effects_happen_in_program_order_and_the_zero_register_ignores_them():
    machine = engine()
    machine.write("x", 1, np.array([3, 77], np.uint32))
    run(machine, word("POKE", rs1=1, rs2=2))
    assert machine.read("x", 0, 4).tolist() == [0, 3, 77, 77]
    assert machine.read("ram", 3, 2).tolist() == [0, 2]


def test_blocks_share_a_scale_both_ways():
    machine = engine()
    machine.write("mem", 0, row(1, -2, 0.5, 448, 0, 0, 0, 0))
    machine.write("x", 1, np.array([0, 16, 32], np.uint32))
    run(machine, word("QUANT", rd=2, rs1=1, rs2=3), word("LI", rd=4, imm=8), word("DEQ", rd=4, rs1=2, rs2=3))
    # 448 = 1.75 * 2**8 is the greatest e4m3: exponent 0, byte 127. A block of zeros has scale 0.
    assert machine.read("ram", 32, 2).tolist() == [127, 0]
    assert machine.read("ram", 16, 8).tolist() == [0x38, 0xC0, 0x30, 0x7E, 0, 0, 0, 0]
    assert mem(machine, 8, 8) == [1, -2, 0.5, 448, 0, 0, 0, 0]


def test_four_bit_elements_are_packed_the_even_one_low():
    machine = engine()
    machine.write("ram", 0, np.array([1, 0xFE, 100], np.uint8))
    machine.write("ram", 16, np.full(2, 0xAA, np.uint8))
    machine.write("x", 1, np.array([0, 16], np.uint32))
    run(machine, word("NIB", rd=2, rs1=1))
    # 1, -2 and 100 -> 6 (saturated): 2, 0xC, 7; the other half of the last byte is kept.
    assert machine.read("ram", 16, 2).tolist() == [0xC2, 0xA7]


def test_reading_past_the_end_of_a_generous_memory_gives_zeros_and_writing_traps():
    machine = engine()
    machine.write("far", 2**32 - 4, np.array([1, 2, 3, 4], np.uint8))
    machine.write("x", 1, np.array([2**32 - 4, 3], np.uint32))
    run(machine, word("FETCH", rd=0, rs1=1))
    assert machine.read("ram", 0, 4).tolist() == [1, 2, 3, 4]
    assert run(machine, word("FETCH", rd=0, rs1=2)).trap == Trapped("far_misaligned", 0, "rs1", 3, 4)
    assert run(machine, word("SPILL", rd=1)).ended == "end"
    assert machine.read("far", 2**32 - 4, 5).tolist() == [9, 9, 9, 9, 0]


@pytest.mark.parametrize(
    ("words", "trap"),
    [
        ([word("VADD", rd=1)], Trapped("mem_misaligned", 0, "rd", 3, 2)),
        ([word("VADD", rs2=2)], Trapped("mem_out_of_range", 0, "rs2", 62, 64)),
        ([word("LI", rd=3), word("LI", rd=9)], Trapped("register_out_of_range", 1, "rd", 9, 8)),
        ([63], Trapped("invalid_opcode", 0, address=63)),
        ([word("EVEN", rs1=1)], Trapped("odd", 0, "value", 3, 4)),
        ([word("END", rd=1)], Trapped("odd", 0)),
        ([word("POKE", rs1=2)], Trapped("x_out_of_range", 0, "x", 62, 8)),
        ([word("BNZ", rs1=1, imm=-5)], Trapped("pc_out_of_range", -5, address=-5, limit=1)),
        ([word("LOOP", rd=3)] * 3, Trapped("loop_depth", 2, limit=2)),
    ],
)
def test_traps_are_typed_and_leave_no_trace(words, trap):
    machine = engine()
    machine.write("x", 1, np.array([3, 62], np.uint32))
    out = run(machine, *words)
    assert (out.ended, out.trap) == ("trap", trap)
    assert out.pc == trap.pc
    assert out.instructions == out.counts.sum() == (1 if trap.cause == "pc_out_of_range" else trap.pc)
    assert out.cycles == out.stalls.sum()
    assert machine.read("acc", 3, 1).tolist() == [0]


def test_loops_nest_and_end():
    machine = engine()
    words = [word("LOOP", rd=1, imm=2), word("LOOP", rd=2, imm=3), word("ADDI", rd=3, rs1=3, imm8=1), word("END", rd=2),
             word("END", rd=1)]  # fmt: skip
    out = run(machine, *words)
    assert out.counts.tolist() == [1, 2, 6, 6, 2]
    assert machine.read("x", 0, 4).tolist() == [0, 0, 0, 6]
    assert out.loops == ()
    stopped = run(machine, *words, stop=(2, 4))
    assert (stopped.ended, stopped.pc, stopped.counts[2]) == ("stopped", 2, 3)
    assert stopped.loops == (LoopState(1, 1), LoopState(2, 2))


def test_an_iteration_of_a_loop_has_a_limit():
    nothing = word("LI", rd=3)
    assert run(engine(), word("LOOP", rd=1, imm=2), *[nothing] * 9, word("END", rd=1)).ended == "end"
    out = run(engine(), word("LOOP", rd=1, imm=2), *[nothing] * 10, word("END", rd=1))
    assert out.trap == Trapped("loop_limit", 11, limit=10)


def test_branches_halt_and_fuel():
    machine = engine()
    words = [word("LI", rd=1, imm=3), word("ADDI", rd=1, rs1=1, imm8=-1), word("BNZ", rs1=1, imm=-1), word("HALT"),
             word("LI", rd=2, imm=1)]  # fmt: skip
    out = run(machine, *words)
    assert (out.ended, out.pc, out.instructions) == ("end", 4, 8)
    assert run(machine, *words, fuel=4).ended == "fuel"
    assert run(machine, *words, fuel=8).ended == "end"
    assert run(machine, word("BNZ", rs1=0, imm=1)).ended == "end"
    assert run(machine, *words, start=4).instructions == 1


def test_blocking_timing_charges_issue_and_the_unit():
    machine = engine()
    out = run(machine, word("LI", rd=1, imm=4), word("VADD", rs1=1), word("QUANT", rd=1, rs1=0, rs2=1), word("HALT"), trace=3)
    assert out.cycles == 1 + 3 + (2 + 12)
    assert out.stalls.tolist() == [[1, 0, 0, 0, 0, 0], [1, 0, 2, 0, 0, 0], [1, 0, 0, 0, 13, 0], [0] * 6]
    assert out.events.tolist() == [[0, 0, 1], [1, 1, 4], [2, 4, 18]]
    assert out.busy == {"alu": 1, "vec": 3, "mover": 14}


def test_in_order_timing_waits_for_data_units_and_dmas():
    machine = engine("overlapped")
    machine.write("x", 1, np.array([8, 16, 24, 32], np.uint32))
    out = run(
        machine,
        word("DEQ", rd=1, rs1=2, rs2=3),  # t 0, mem 8..15 ready at 11, mover free at 4
        word("VADD", rd=2, rs1=4, rs2=4),  # t 1, mem 16..19 ready at 7
        word("VADD", rd=3, rs1=4, rs2=4),  # t 3, waits 1 for the unit
        word("VADD", rd=3, rs1=2, rs2=4),  # t 9: its target is there at 9 (3 + 6), waits 5 for data
        word("VADD", rd=4, rs1=1, rs2=4),  # t 11: the dma's result at 11; the unit would be free at 11, a cell comes first
        word("HALT"),  # t 12
        trace=9,
    )
    assert out.events[:, 1].tolist() == [0, 1, 3, 9, 11, 12]
    assert out.cycles == 17
    by_cause = dict(zip(CAUSES, out.stalls.T.tolist(), strict=True))
    assert by_cause == {
        "issue": [1, 1, 1, 1, 1, 1], "data": [0, 0, 0, 5, 4, 0], "unit": [0, 0, 1, 0, 0, 0], "memory": [0] * 6,
        "dma": [0, 0, 0, 0, 1, 0], "fetch": [0] * 6,
    }  # fmt: skip


def test_accumulators_are_forwarded_to_their_own_unit_only():
    out = run(engine("overlapped"), word("MAC"), word("MAC"), word("SUMA", rd=1), trace=3)
    # The second MAC waits for its unit alone; the sum on another unit waits for the accumulators, at 2 + 6.
    assert out.events[:, 1].tolist() == [0, 2, 8]
    assert out.stalls.sum() == out.cycles == 9


def test_spaces_are_checked():
    machine = engine()
    with pytest.raises(UsageError, match="x 7 to 9 is not there"):
        machine.read("x", 7, 2)
    with pytest.raises(UsageError, match="float64"):
        machine.write("mem", 0, np.zeros(2))
    with pytest.raises(UsageError, match="did you mean"):
        machine.read("meme", 0, 1)
    with pytest.raises(UsageError, match="start 2"):
        run(machine, word("HALT"), start=2)


def test_wide_arithmetic():
    machine = engine()
    machine.write("x", 1, np.array([2**31 + 5], np.uint32))
    run(machine, word("WIDE", rd=2, rs1=1))
    assert machine.read("x", 2, 1).tolist() == [(2**31 + 5) ** 2 >> 32]
