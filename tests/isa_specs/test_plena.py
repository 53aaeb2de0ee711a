"""The PLENA definition: number formats, encodings and rules that its conformance programs do not reach."""

import numpy as np
import pytest

from backends.isa.bind import load
from backends.isa.engine import Program
from backends.isa.golden.engine import GoldenEngine
from isa_specs.plena.isa import isa

PROFILES = ("SPEC", "HEAD")


@pytest.fixture(scope="module")
def machines():
    return {profile: GoldenEngine(load(isa, profile)) for profile in PROFILES}


@pytest.fixture
def spec(machines):
    machines["SPEC"].reset()
    return machines["SPEC"]


@pytest.fixture
def head(machines):
    machines["HEAD"].reset()
    return machines["HEAD"]


def word(machine, mnemonic, compat=False, **operands):
    """An instruction word; operands that are not named are 0."""
    instruction = next(i for i in machine.architecture.instructions if i.mnemonic == mnemonic)
    encoding = instruction.compat if compat and instruction.compat else instruction.encoding
    assert operands.keys() <= {operand.name for operand in instruction.operands}
    made = sum(field.insert(value) for field, value in encoding.fixed)
    return made + sum(field.insert(operands.get(name, 0)) for name, field in encoding.operands.items())


def run(machine, *program):
    return machine.run(Program.of([word(machine, name, **operands) for name, operands in program]), fuel=1000)


def trap(machine, *program):
    outcome = run(machine, *program)
    assert outcome.ended == "trap"
    return outcome.trap.cause


def gp(machine, number, value):
    machine.write("gp", number, np.array([value], np.uint32))


def vram(machine, address, values):
    machine.write("vram", address, np.asarray(values, np.float32).astype(machine.architecture.memories["vram"].dtype.numpy))


def row(machine, address, count=64):
    return machine.read("vram", address, count).astype(np.float32)


def element(code):
    """An element byte's value, from the text of the format."""
    sign, field, mantissa = -1 if code & 128 else 1, code >> 3 & 15, code & 7
    if field == 15:
        return sign * np.inf if mantissa == 0 else np.nan
    return sign * (mantissa / 8 * 2.0**-7 if field == 0 else (1 + mantissa / 8) * 2.0 ** (field - 7))


@pytest.mark.parametrize("scale", [0, 1, 100, 127, 140, 254, 255])
def test_every_element_byte_is_decoded(spec, scale):
    codes = np.arange(256, dtype=np.uint8)
    spec.write("hbm", 0, codes)
    spec.write("hbm", 256, np.full(32, scale, np.uint8))
    spec.write("scale", 0, np.array([256], np.uint32))
    assert run(spec, ("H_PREFETCH_M", {})).ended == "end"
    factor = 0.0 if scale == 0 else np.inf if scale == 255 else 2.0 ** (scale - 127)
    with np.errstate(invalid="ignore", over="ignore"):
        want = (np.array([element(int(code)) for code in codes]) * factor).astype(np.float32)
    np.testing.assert_array_equal(spec.read("mram", 0, 256), want)


def encoded(x, power, half_away):
    """The element byte of a value in a block with scale 2**power, as the format's rules say."""
    y = abs(x) / 2.0**power
    if y == 0:
        return 0
    exponent = min(max(int(np.floor(np.log2(y + 1e-9))), -7), 7)
    steps = y / 2.0**exponent * 8 if exponent == -7 else (y / 2.0**exponent - 1) * 8
    mantissa = np.floor(steps + 0.5) if half_away else np.rint(np.floor(4 * steps) / 4)
    return (128 if x < 0 else 0) | (exponent + 7) << 3 | int(min(max(mantissa, 0), 7))


@pytest.mark.parametrize("profile", PROFILES)
def test_stored_rows_are_encoded_block_by_block(machines, profile):
    machine = machines[profile]
    machine.reset()
    rng = np.random.default_rng(7)
    dtype = machine.architecture.memories["vram"].dtype.numpy
    values = (rng.normal(size=256) * np.repeat(2.0 ** rng.integers(-20, 20, 32), 8)).astype(np.float32).astype(dtype)
    values[8:16] = 0
    values[16:24] = np.array([1, 1.99, -1.99, 0.007, -0.0078, 1.0625, 1.1875, 1.3125], np.float32).astype(dtype)  # ties
    machine.write("vram", 0, values)
    machine.write("scale", 0, np.array([256], np.uint32))
    assert run(machine, ("H_STORE_V", {})).ended == "end"
    codes, scales = machine.read("hbm", 0, 256).reshape(32, 8), machine.read("hbm", 256, 32)
    for block, found, scale in zip(values.astype(np.float64).reshape(32, 8), codes, scales, strict=True):
        largest = np.abs(block).max()
        power = int(np.floor(np.log2(largest + 1e-9))) if largest else -127
        assert scale == power + 127
        assert found.tolist() == [encoded(x, power, profile == "SPEC") for x in block]


def test_profiles_round_ties_differently(machines):
    found = {}
    for profile, machine in machines.items():
        machine.reset()
        vram(machine, 0, [1.0625, 1.1875, 1.9921875, -1.0625] + [0] * 60)
        machine.write("scale", 0, np.array([64], np.uint32))
        run(machine, ("H_STORE_V", {}))
        found[profile] = machine.read("hbm", 0, 4).tolist()
    assert found == {"SPEC": [0x39, 0x3A, 0x3F, 0xB9], "HEAD": [0x38, 0x3A, 0x3F, 0xB8]}


def test_scale_bytes_end_with_their_block_of_64(spec):
    spec.write("hbm", 0, np.full(256, 0x38, np.uint8))
    spec.write("hbm", 256 + 60, np.full(64, 127, np.uint8))
    spec.write("scale", 0, np.array([256 + 60], np.uint32))
    run(spec, ("H_PREFETCH_V", {}))
    assert row(spec, 0).tolist() == [1.0] * 32 + [0.0] * 32  # scale bytes 316 to 319; 320 lies in the next block
    assert row(spec, 64).tolist() == [1.0] * 64


def test_unaligned_rows_touch_one_block_more(spec):
    gp(spec, 1, 8)
    cycles = [run(spec, ("H_PREFETCH_V", {"rs1": register})).cycles for register in (0, 1)]
    assert cycles == [17 + -(-22 * 8 // 25), 17 + -(-22 * 12 // 25)]


def test_rows_past_the_end_of_vector_sram_are_dropped(spec):
    last = 1023 * 64
    gp(spec, 1, last)
    spec.write("hbm", 0, np.full(64, 0x38, np.uint8))
    spec.write("hbm", 256, np.full(32, 127, np.uint8))
    spec.write("scale", 0, np.array([256], np.uint32))
    assert run(spec, ("H_PREFETCH_V", {"rd": 1})).ended == "end"
    assert row(spec, last).tolist() == [1.0] * 64
    assert row(spec, 0).tolist() == [0.0] * 64


@pytest.mark.parametrize(
    ("mnemonic", "operands", "normal", "compat"),
    [
        ("M_BMM_WO", {"rd": 5, "imm": 64}, 0x05 | 5 << 6 | 64 << 14, 0x05 | 5 << 6 | 64 << 10),
        ("M_MV_WO", {"rd": 5, "imm": 64}, 0x0B | 5 << 6 | 64 << 14, 0x0B | 5 << 6 | 64 << 10),
        ("M_BMV_WO", {"rd": 5, "imm": 64}, 0x0C | 5 << 6 | 64 << 14, 0x0C | 5 << 6 | 64 << 10),
        ("M_MM_WO", {"rd": 5, "rs1": 2, "imm": 64}, 0x06 | 5 << 6 | 2 << 10 | 64 << 14, 0x06 | 5 << 6 | 2 << 10 | 64 << 14),
        ("V_EXP_V", {"rd": 1, "rs1": 2, "rmask": 1}, 0x13 | 1 << 6 | 2 << 10 | 1 << 18, 0x13 | 1 << 6 | 2 << 10 | 1 << 14),
        ("V_RECI_V", {"rd": 1, "rs1": 2, "rmask": 1}, 0x14 | 1 << 6 | 2 << 10 | 1 << 18, 0x14 | 1 << 6 | 2 << 10 | 1 << 14),
        ("V_RED_MAX", {"rd": 1, "rs1": 2, "rmask": 1}, 0x16 | 1 << 6 | 2 << 10 | 1 << 18, 0x16 | 1 << 6 | 2 << 10 | 1 << 14),
        ("V_RED_SUM", {"rd": 1, "rs1": 2, "rmask": 1}, 0x15 | 1 << 6 | 2 << 10 | 1 << 18, 0x15 | 1 << 6 | 2 << 10),
        ("V_SUB_VF", {"rd": 1, "rs1": 2, "rs2": 3, "rmask": 1, "rorder": 1},
         0x10 | 1 << 6 | 2 << 10 | 3 << 14 | 1 << 18 | 1 << 22, 0x10 | 1 << 6 | 2 << 10 | 3 << 14 | 1 << 18 | 1 << 22),
        ("H_STORE_V", {"rd": 1, "rs1": 2, "rs2": 3, "rstride": 1, "precision": 1},
         0x2A | 1 << 6 | 2 << 10 | 3 << 14 | 1 << 18 | 1 << 22, 0x2A | 1 << 6 | 2 << 10 | 3 << 14 | 1 << 18 | 1 << 22),
        ("C_LOOP_START", {"rd": 1, "imm": (1 << 22) - 1}, 0x2F | 1 << 6 | 0x3FFFFF << 10, 0x2F | 1 << 6 | 0x3FFFFF << 10),
    ],
)  # fmt: skip
def test_encodings_and_those_of_the_original_toolchain(spec, mnemonic, operands, normal, compat):
    assert word(spec, mnemonic, **operands) == normal
    assert word(spec, mnemonic, compat=True, **operands) == compat


def test_opcodes_are_those_of_the_published_table(machines):
    opcodes = {profile: {i.mnemonic: i.match for i in m.architecture.instructions} for profile, m in machines.items()}
    assert {i.mask for m in machines.values() for i in m.architecture.instructions} == {0x3F}
    assert sorted(opcodes["SPEC"].values()) == list(range(1, 0x32))
    assert sorted(opcodes["HEAD"].values()) == [*range(1, 0x31), 0x32, 0x34, 0x35, 0x36, 0x37]
    assert (opcodes["SPEC"]["C_BREAK"], opcodes["HEAD"]["C_BREAK"]) == (0x31, 0x34)
    shared = opcodes["SPEC"].keys() - {"C_BREAK"}
    assert {name: opcodes["SPEC"][name] for name in shared} == {name: opcodes["HEAD"][name] for name in shared}


def test_masked_reductions_are_refused(head):
    assert trap(head, ("V_RED_SUM", {"rd": 1, "rmask": 1})) == "masked_reduction"
    assert trap(head, ("V_RED_MAX", {"rd": 1, "rmask": 1})) == "masked_reduction"


@pytest.mark.parametrize("mnemonic", ["M_BMM", "M_BTMM"])
def test_batched_products_refuse_another_rd(head, mnemonic):
    outcome = head.run(Program.of([word(head, mnemonic) | 1 << 6]), fuel=10)
    assert outcome.trap.cause == "bmm_rd_nonzero"


@pytest.mark.parametrize(
    ("mnemonic", "offset", "cause"),
    [
        ("M_MM", 2, "matrix_offset"), ("M_MM", 64, "matrix_offset"), ("M_MV", 64, "matrix_offset"), ("M_MV", 3, "matrix_offset"),
        ("M_TMV", 4, "mram_misaligned"), ("M_BMM", 8, "head_offset"), ("M_BMM", 64, "head_offset"),
        ("M_BMM", 256, "mram_misaligned"), ("M_BMV", 256, "mram_misaligned"), ("M_BTMM", 64, "head_offset"),
        ("M_BTMV", 8, "head_offset"), ("M_MM", 4 * 4096, "mram_out_of_range"), ("M_MV", 4 * 4096, "mram_out_of_range"),
    ],
)  # fmt: skip
def test_offsets_into_tiles(spec, mnemonic, offset, cause):
    gp(spec, 1, offset)
    assert trap(spec, (mnemonic, {"rs1": 1})) == cause


def test_columns_of_write_backs(spec):
    gp(spec, 1, 66)
    assert trap(spec, ("M_MM_WO", {"rd": 1})) == "writeback_column"
    assert trap(spec, ("M_MV_WO", {"rd": 1, "imm": 1})) == "writeback_column"
    assert trap(spec, ("M_BMV_WO", {"rd": 1})) == "vram_misaligned"


def test_write_back_rows_are_spaced_by_a_register_and_keep_other_lanes(spec):
    vram(spec, 0, np.full(64 * 16, 9))
    spec.write("m_acc", 0, np.arange(16, dtype=np.float32))
    gp(spec, 1, 8)
    gp(spec, 2, 3)
    assert run(spec, ("M_MM_WO", {"rd": 1, "rs1": 2})).ended == "end"
    for i in range(4):
        assert row(spec, i * 3 * 64)[6:14].tolist() == [9, 9, *range(4 * i, 4 * i + 4), 9, 9]
    assert row(spec, 64).tolist() == [9] * 64
    assert spec.read("m_acc", 0, 16).tolist() == [0.0] * 16


@pytest.mark.parametrize(("profile", "divisor"), [("SPEC", 1), ("HEAD", 4)])
@pytest.mark.parametrize("mnemonic", ["M_BMM", "M_BTMM", "M_BMV", "M_BTMV"])
def test_batched_products_are_what_numpy_makes_of_them(machines, profile, divisor, mnemonic):
    machine = machines[profile]
    machine.reset()
    rng = np.random.default_rng(3)
    rows, tile = rng.integers(-4, 5, (64, 64)), rng.integers(-4, 5, (64, 64))
    vram(machine, 0, rows.ravel())
    machine.write("mram", 0, tile.astype(np.float32).ravel())
    gp(machine, 1, 16)
    assert run(machine, (mnemonic, {"rs1": 1})).ended == "end"
    heads = rows.reshape(64, 4, 16).swapaxes(0, 1) if "BT" in mnemonic else rows.reshape(64, 16, 4).transpose(2, 0, 1)
    want = heads @ (tile[:, 16:32].T if "BT" in mnemonic else tile[16:32]) / divisor
    found = (
        machine.read("hm_acc", 0, 4 * 64 * 64).reshape(4, 64, 64)
        if mnemonic.endswith("MM")
        else machine.read("hv_acc", 0, 4 * 64).reshape(4, 64)
    )
    np.testing.assert_array_equal(found, want if mnemonic.endswith("MM") else want[:, 0])


def test_exponentials_are_clamped_in_one_profile_only(machines):
    found = {}
    for profile, machine in machines.items():
        machine.reset()
        vram(machine, 0, [100, -np.inf, np.nan] + [0] * 61)
        gp(machine, 1, 64)
        run(machine, ("V_EXP_V", {"rd": 1}))
        found[profile] = row(machine, 64)
    assert found["SPEC"][:2].tolist() == [np.inf, 0]
    assert found["HEAD"][0] == pytest.approx(np.exp(88), rel=2**-8)
    assert 5e-39 < found["HEAD"][1] < 7e-39
    assert all(np.isnan(values[2]) and values[3] == 1 for values in found.values())


def test_masked_exponentials_leave_the_clamped_input_in_other_heads(head):
    vram(head, 0, np.full(64, 100))
    head.write("v_mask", 0, np.array([2], np.uint32))
    gp(head, 1, 64)
    run(head, ("V_EXP_V", {"rd": 1, "rmask": 1}))
    assert row(head, 64)[:16].tolist() == [88] * 16
    assert row(head, 64)[16] > 1e38


def test_sums_are_made_by_eight_adders_and_rounded_once(spec):
    values = np.random.default_rng(5).normal(size=64).astype(np.float32)
    vram(spec, 0, values)
    spec.write("f", 1, np.array([0.25], np.float16))
    assert run(spec, ("V_RED_SUM", {"rd": 1})).cycles == 8
    sums = np.add.accumulate(row(spec, 0).reshape(8, 8))[-1]
    assert spec.read("f", 1, 1)[0] == np.float16(np.float32(0.25) + np.add.accumulate(sums)[-1])


def test_the_greatest_lane_is_found_wherever_it_is_beside_nan(spec):
    for lane in range(64):
        values = np.full(64, -3.0)
        values[[(lane + 1) % 64, (lane + 8) % 64]] = np.nan
        values[lane] = 5
        vram(spec, 0, values)
        spec.write("f", 1, np.array([-7], np.float16))
        run(spec, ("V_RED_MAX", {"rd": 1}))
        assert spec.read("f", 1, 1)[0] == 5
    vram(spec, 0, np.full(64, np.nan))
    run(spec, ("V_RED_MAX", {"rd": 1}))
    assert spec.read("f", 1, 1)[0] == 5


def test_results_for_f0_cost_nothing(spec):
    assert (
        run(spec, ("V_RED_SUM", {}), ("V_RED_MAX", {}), ("S_ADD_FP", {}), ("S_SQRT_FP", {}), ("S_ADD_FP", {"rd": 1})).cycles == 1
    )


@pytest.mark.parametrize(("distance", "first"), [(0, 0), (3, 3), (63, 63), (64, 64), (2**32 - 1, 64)])
def test_shifts_go_to_higher_lanes(head, distance, first):
    vram(head, 0, np.arange(1, 65))
    gp(head, 1, 64)
    gp(head, 2, distance)
    run(head, ("V_SHFT_V", {"rd": 1, "rs2": 2}))
    assert row(head, 64).tolist() == [0] * first + list(range(1, 65 - first))


def test_topk_sorts_ignores_nan_and_splits_ties_by_index(head):
    logits = np.zeros(128)
    logits[[100, 3, 7]], logits[5] = [4, 2, 2], np.nan
    vram(head, 0, logits)
    gp(head, 1, 8)
    gp(head, 2, 16)
    assert run(head, ("V_TOPK", {"rd": 1, "rs2": 2, "policy": 1})).cycles == 512
    assert head.read("int_sram", 16, 8).tolist() == [100, 3, 7, 0, 1, 2, 4, 6]
    weights = np.exp(np.array([4, 2, 2, 0, 0, 0, 0, 0]) - 4.0)
    np.testing.assert_allclose(head.read("fp_sram", 8, 8).astype(float), weights / weights.sum(), rtol=2**-7)
    assert trap(head, ("V_TOPK", {"policy": 2})) == "topk_policy"


def test_topk_without_a_finite_sum_gives_no_weight(head):
    vram(head, 0, [np.inf, 1, 2, 3] + [0] * 60)
    gp(head, 1, 8)
    run(head, ("V_TOPK", {"rd": 1, "rs2": 1, "policy": 0}))
    assert head.read("fp_sram", 8, 4).astype(float).tolist() == [0] * 4
    assert head.read("int_sram", 8, 4).tolist() == [0, 3, 2, 1]


def test_break_closes_the_innermost_loop_and_clears_its_register(head):
    outcome = run(head, ("C_LOOP_START", {"rd": 1, "imm": 3}), ("C_LOOP_START", {"rd": 2, "imm": 3}), ("C_BREAK", {}))
    assert (outcome.ended, [loop.register for loop in outcome.loops]) == ("end", [1])
    assert head.read("gp", 1, 2).tolist() == [3, 0]
    assert trap(head, ("C_BREAK", {})) == "break_outside_loop"


def test_a_body_that_changes_its_register_changes_the_number_of_iterations(head):
    outcome = run(
        head, ("C_LOOP_START", {"rd": 1, "imm": 9}), ("S_ADDI_INT", {"rd": 2, "rs1": 2, "imm": 1}),
        ("S_SUB_INT", {"rd": 1, "rs1": 1, "rs2": 2}), ("C_LOOP_END", {"rd": 1}),
    )  # fmt: skip
    assert outcome.counts.tolist() == [1, 3, 3, 3]  # at the loop end the register reads 8, 5 and 1
    assert head.read("gp", 1, 2).tolist() == [0, 3]


def test_the_end_of_an_outer_loop_finds_it_under_open_inner_ones(head):
    outcome = run(
        head, ("C_LOOP_START", {"rd": 1, "imm": 1}), ("C_LOOP_START", {"rd": 2, "imm": 5}), ("C_LOOP_END", {"rd": 1})
    )  # fmt: skip
    assert [loop.register for loop in outcome.loops] == [2]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("timing", ["sequential", "overlapped"])
def test_every_instruction_is_documented_and_has_an_example(profile, timing):
    architecture = load(isa, profile, timing)
    for instruction in architecture.instructions:
        assert instruction.doc.split("\n")[0].endswith((".", "f2 to f1.")), instruction.key
        assert instruction.example or not instruction.offered, instruction.key
    assert [i.key for i in architecture.instructions if not i.offered] == ["c_break"]


def test_messages_name_the_file_that_an_instruction_stands_in():
    ops = {op.key: op.where for op in isa.definition.ops}
    assert ops["m_mm"].startswith("matrix.py:")
    assert ops["h_store_v"].startswith("transfer.py:")
