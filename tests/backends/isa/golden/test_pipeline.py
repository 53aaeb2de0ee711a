"""The rules of pipeline timing, one by one, on Coral: its costs were measured, so that each number here is one of the RTL's."""

import numpy as np
import pytest

from backends.isa.assembler import assemble
from backends.isa.bind import load
from backends.isa.engine import CAUSES, load_images
from backends.isa.golden.engine import GoldenEngine
from isa_specs.coral.isa import isa

END = "\n.word 0x08000073\n"
DATA = "\n.data\n.balign 16\nbuf: .zero 1024\n"


@pytest.fixture(scope="module")
def golden():
    return GoldenEngine(load(isa, timing="rtl"))


@pytest.fixture(scope="module")
def run(golden):
    def run(text, fuel=5000):
        assembly = assemble(f"_start:\n{text}{END}{DATA}", golden.architecture)
        assert assembly.program is not None, assembly.problems
        golden.reset()
        load_images(golden, assembly.program)
        outcome = golden.run(assembly.program, fuel=fuel, trace=fuel)
        assert outcome.stalls.sum() == outcome.cycles
        assert all(busy <= outcome.cycles for busy in outcome.busy.values())
        return outcome

    return run


@pytest.fixture(scope="module")
def issues(run):
    """The cycles in which the instructions of a text issue."""
    return lambda text: run(text).events[:, 1].tolist()


@pytest.fixture(scope="module")
def slope(run):
    """Cycles that one more copy of a line takes, in the steady state."""

    def slope(line, setup=""):
        few, many = (run(setup + "\n" + "\n".join(line.format(k % 8 * 8 % 32) for k in range(n))).cycles for n in (16, 48))
        return (many - few) / 32

    return slope


def setup(width, group, count="zero"):
    return f"la a0, buf\nvsetvli t0, {count}, e{width}, m{group}, ta, ma\n"


def gap(issues, first, second, before=""):
    """Cycles from the issue of one instruction to that of the next, which nothing else delays."""
    text = f"la a0, buf\nli t1, 5\nli t2, 3\n{before}\n.balign 16\nj 1f\n.balign 16\n1: {first}\n{second}"
    found = issues(text)
    return found[-2] - found[-3]


# Fetch


def test_two_instructions_issue_a_cycle_because_a_line_of_four_comes_every_second(issues):
    found = issues("\n".join(f"addi t{k % 4}, t{k % 4}, 1" for k in range(48)))
    assert found[47] == 22  # four in the first cycle


@pytest.mark.parametrize(("padding", "cycles"), [(0, 4), (1, 2), (2, 2)])
def test_a_loop_takes_two_cycles_for_each_line_that_it_touches(issues, padding, cycles):
    nops = "nop\n" * (3 - 1 + padding)  # the loop begins behind li and these, in the first line or the second
    found = issues(f"li t0, 9\n{nops}1: addi t1, t1, 1\naddi t0, t0, -1\nbnez t0, 1b")
    loop = found[-1 - 3 * 4 : -1 : 3]
    assert set(np.diff(loop)) == {cycles}


@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("beq t1, t1, 1f\nnop\n1: nop", 4),  # forward, taken: not foreseen
        ("beq t1, t2, 1f\nnop\n1: nop", 1),  # forward, not taken
        ("j 1f\nnop\nnop\nnop\nnop\n1: nop", 2),  # another line
        ("1: bne t1, t1, 1b\nnop", 1),  # to itself is not backwards
        ("nop\nbne t1, t1, .-4\nnop", 4),  # backward, not taken
    ],
)
def test_jumps_that_are_foreseen_cost_a_fetch_and_others_four_cycles(run, text, distance):
    outcome = run(f"li t1, 1\nli t2, 2\n.balign 16\n{text}")
    events = outcome.events[:, 1].tolist()
    jump = next(k for k, pc in enumerate(outcome.events[:, 0]) if pc >= 4 + text.startswith("nop\nbne"))
    assert events[jump + 1] - events[jump] == distance


def test_returns_are_never_foreseen(issues):
    found = issues("call f\nj 1f\nnop\n.balign 16\nf: ret\n1: nop")
    assert found[3] - found[2] == 4  # auipc, jalr, ret, j


def test_waiting_for_a_target_is_charged_to_fetching(run):
    outcome = run("li t1, 1\nbeq t1, t1, 1f\nnop\nnop\n1: nop")
    assert outcome.stalls[4].tolist() == [1, 0, 0, 0, 0, 3]


# Issue


@pytest.mark.parametrize(
    ("first", "second", "cycles"),
    [
        ("addi t3, t1, 1", "addi t4, t3, 1", 1),
        ("mul t3, t1, t2", "addi t4, t3, 1", 2),
        ("mul t3, t1, t2", "mul t4, t1, t2", 1),  # there is one multiplier
        ("lw t3, 0(a0)", "addi t4, t3, 1", 4),
        ("lw t3, 0(a0)", "sw t3, 4(a0)", 5),  # store data and addresses are read early
        ("addi t3, a0, 4", "lw t4, 0(t3)", 2),
        ("lw t3, 13(a0)", "addi t4, t3, 1", 5),  # across a line
        ("div t3, t1, t2", "addi t4, t3, 1", 6),  # 5 has 3 bits
        ("div t3, t1, zero", "addi t4, t3, 1", 34),
        ("div t3, t1, t2", "div t4, t1, t2", 7),
        ("fadd.s ft0, ft1, ft2", "fadd.s ft3, ft0, ft2", 2),
        ("fadd.s ft0, ft1, ft2", "fadd.s ft3, ft1, ft2", 2),  # it is not pipelined
        ("fadd.s ft0, ft1, ft2", "fsw ft0, 0(a0)", 2),
        ("flw ft0, 0(a0)", "fadd.s ft3, ft0, ft2", 5),
        ("addi t3, t1, 1", "addi t3, t2, 1", 1),  # nothing is renamed
        ("add t4, t3, t2", "addi t3, t2, 1", 0),  # a later write does not wait for a read
        ("nop", "fadd.s ft0, ft1, ft2", 1),  # only as the first
        ("fadd.s ft0, ft1, ft2", "nop", 0),
        ("nop", "csrr t3, vlenb", 2),  # waits for what is before it to retire
        ("csrr t3, vlenb", "nop", 1),
        ("vsetvli t3, zero, e8, m1, ta, ma", "addi t4, t3, 1", 1),
        ("vsetvli t3, zero, e8, m1, ta, ma", "vle8.v v1, (a0)", 2),
        ("vsetvli t3, zero, e8, m1, ta, ma", "vadd.vv v1, v2, v3", 0),
    ],
)
def test_distances_between_two_instructions(issues, first, second, cycles):
    assert gap(issues, first, second, "vsetvli t0, zero, e8, m1, ta, ma") == cycles


@pytest.mark.parametrize(
    ("numbers", "cycles"),
    [((1.0, 2.0), 5), ((1.0, 3.0), 18), ((3.0, 2.0), 6), ((9.0, 8.0), 7), ((1.0, 0.0), 2), ((2.25, None), 6), ((2.0, None), 18)],
)
def test_float_division_takes_the_digits_of_the_result(issues, numbers, cycles):
    bits = [int(np.float32(1 if number is None else number).view(np.uint32)) for number in numbers]
    setup = f"li t3, {bits[0]:#x}\nfmv.w.x ft1, t3\nli t3, {bits[1]:#x}\nfmv.w.x ft2, t3\nnop\nnop"
    operation = "fsqrt.s ft0, ft1" if numbers[1] is None else "fdiv.s ft0, ft1, ft2"
    assert gap(issues, operation, "fsw ft0, 0(a0)", setup) == cycles


def test_seven_instructions_issue_behind_a_long_one(issues):
    found = issues(setup(32, 8) + "li t3, 1\nvle32.v v8, (a0)\n" + "nop\n" * 12)
    assert sum(cycle <= found[4] + 10 for cycle in found[5:]) == 7


def test_waiting_is_charged_to_its_cause(run):
    outcome = run("la a0, buf\nlw t1, 0(a0)\naddi t2, t1, 1\nmul t3, t2, t2\naddi t4, t3, 1")
    by_cause = [dict(zip(CAUSES, row, strict=True)) for row in outcome.stalls.tolist()]
    assert by_cause[3]["memory"] == 3
    assert by_cause[5]["data"] == 1


def test_the_end_is_charged_to_what_is_finished_last(run):
    outcome = run("la a0, buf\nlw t1, 0(a0)\nebreak")
    assert outcome.trap is not None
    assert outcome.stalls[2, CAUSES.index("memory")] > 0


def test_a_handled_exception_costs_what_a_jump_that_was_not_foreseen_costs(run):
    outcome = run("la t0, h\ncsrw mtvec, t0\nnop\n.balign 16\n.word 0\nnop\n.balign 16\nh: nop")
    issued = dict(outcome.events[:, :2].tolist())
    assert issued[8] - issued[4] == 4


# Memory


@pytest.mark.parametrize(
    ("line", "width", "group", "count", "cycles"),
    [
        ("lw t1, 0(a0)", 32, 1, "zero", 4), ("lw t1, 14(a0)", 32, 1, "zero", 5), ("sw t1, 0(a0)", 32, 1, "zero", 2),
        *(("vle32.v v{}, (a0)", 32, group, "zero", cycles) for group, cycles in ((1, 5), (2, 9), (4, 17), (8, 33))),
        *(("vse32.v v{}, (a0)", 32, group, "zero", cycles) for group, cycles in ((1, 4), (2, 7), (4, 13), (8, 25))),
        ("vle8.v v{}, (a0)", 8, 8, "zero", 33),  # whatever the width
        *(("vle8.v v{}, (a1)", 8, group, "zero", cycles) for group, cycles in ((1, 6), (2, 11), (4, 21))),  # unaligned
        ("vlse8.v v{}, (a0), t2", 8, 1, "zero", 20), ("vlse8.v v{}, (a0), zero", 8, 1, "zero", 5),
        ("vlseg8e8.v v{}, (a0)", 8, 1, "zero", 89), ("vsseg4e8.v v{}, (a0)", 8, 1, "zero", 25),
        ("vl2re8.v v{}, (a0)", 8, 1, "zero", 9), ("vlm.v v{}, (a0)", 8, 1, "zero", 5),
        *(("vle8.v v{}, (a0)", 8, 4, count, cycles) for count, cycles in (("t3", 15), ("t2", 5))),  # 40 and 16 of 64 elements
        ("vsse8.v v{}, (a0), zero", 8, 1, "zero", 19),  # one byte, one by one
    ],
)  # fmt: skip
def test_the_slot_takes_a_cycle_for_each_line(slope, line, width, group, count, cycles):
    assert slope(line, setup(width, group, count).replace("la", "li t2, 16\nli t3, 40\nla a1, buf + 1\nla", 1)) == cycles


def test_elements_that_are_masked_off_need_no_line(slope):
    masked = setup(8, 1) + "li t2, 16\nli t3, 3\nvmv.v.i v0, 0\nvmv.s.x v0, t3\n"
    assert slope("vlse8.v v8, (a0), t2, v0.t", masked) == 1 + 3 + 2


def test_an_older_instruction_of_the_same_address_lets_a_younger_one_retire(issues):
    load, after = "vle32.v v8, (a0)\n", "csrr t1, vlenb"
    loop = issues(setup(32, 8) + f"li t3, 2\n1: {load}addi t3, t3, -1\nbnez t3, 1b\n{after}")
    apart = issues(setup(32, 8) + f"li t3, 2\n{load}addi t3, t3, -1\n{load}addi t3, t3, -1\n{after}")
    assert apart[-2] - loop[-2] > 25  # about a load of 33 cycles


# Uops


@pytest.mark.parametrize(
    ("line", "width", "group", "cycles"),
    [
        *(("vadd.vv v{}, v8, v16", 32, group, cycles) for group, cycles in ((1, 0.75), (2, 1), (4, 2), (8, 4))),
        *(("vmul.vv v{}, v8, v16", 32, group, cycles) for group, cycles in ((1, 0.875), (2, 1), (4, 2), (8, 4))),
        ("vwmul.vv v{}, v8, v10", 8, 2, 2), ("vnsrl.wi v{}, v8, 1", 8, 2, 2), ("vmseq.vv v{}, v8, v16", 8, 4, 4),
        ("vredsum.vs v{}, v8, v16", 32, 4, 4), ("vwredsum.vs v{}, v8, v16", 8, 4, 8), ("vslidedown.vi v{}, v8, 1", 8, 4, 7),
    ],
)  # fmt: skip
def test_uops_of_a_class_share_its_ports(slope, line, width, group, cycles):
    assert slope(line.replace("v10", "v12").replace("{}", "24"), setup(width, group)) == pytest.approx(cycles, abs=0.07)


@pytest.mark.parametrize(
    ("line", "group", "cycles"),
    [
        ("vadd.vv v8, v8, v16", 1, 2), ("vadd.vv v8, v8, v16", 8, 4), ("vmul.vv v8, v8, v16", 1, 3),
        ("vmacc.vv v8, v16, v24", 4, 3), ("vredsum.vs v8, v16, v8", 2, 3), ("vslidedown.vi v8, v8, 1", 1, 3),
    ],
)  # fmt: skip
def test_registers_are_handed_on_one_by_one(slope, line, group, cycles):
    assert slope(line, setup(32, group)) == cycles


@pytest.mark.parametrize(("line", "cycles"), [("vmv.x.s t3, v8", 5), ("vfirst.m t3, v8", 5), ("vcpop.m t3, v8", 6)])
def test_results_in_scalar_registers_come_when_the_uop_has_retired(issues, line, cycles):
    assert gap(issues, line, "addi t4, t3, 1", "vsetvli t0, zero, e8, m1, ta, ma") == cycles


def test_a_divider_that_had_the_operands_is_done_at_once(slope):
    numbers = setup(32, 1) + "li t1, 1000000000\nvmv.v.x v8, t1\nvmv.v.i v16, 7\nvmv.v.i v17, 6\n"
    assert slope("vdiv.vv v24, v8, v16", numbers) == 2
    again = "vdiv.vv v24, v8, v16\nvdiv.vv v24, v8, v17"
    assert slope(again, numbers) == 2 * (1 + 1 + 10)  # 30 bits, three a cycle
