"""Kernels that break one rule each, through all runs, and what is said about them.

The "netlist" here is the same text with its parameters filled in: what synthesis does is tested where it is.
"""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from backends.verilog import interface
from backends.verilog.classes import Failure
from backends.verilog.simulate import conductor as conductor_module
from backends.verilog.simulate.driver import Refusal
from backends.verilog.simulate.runs import Budget
from harness.backend import Limits
from harness.errors import InfraError

BUDGET = Budget(600, 300)


@pytest.fixture
def run(conductor):
    def run(workload, source, netlist=None, sets=2, limits=Limits()):
        rng = np.random.default_rng(5)
        batch = [workload.draw(rng) for _ in range(sets)]
        values = interface.contract(workload).parameters
        declared = [name for name in values if re.search(rf"parameter {name} =", source)]
        baked = re.sub(r"parameter (\w+) = \d+", lambda found: f"parameter {found[1]} = {values[found[1]]}", netlist or source)
        designs = [conductor.prepare(workload, "netlist", baked, []), conductor.prepare(workload, "source", source, declared)]
        assert not any(isinstance(design, Refusal) for design in designs), designs
        return batch, conductor.execute(workload, designs[0], designs[1], batch, BUDGET, limits)

    return run


def failure(results):
    assert results[-1].error is not None, "the kernel passed"
    return results[-1].error.failure, results[-1].error.message


def test_a_right_stream_kernel(run, add, kernel):
    batch, results = run(add, kernel("add"), sets=3)
    assert [result.error for result in results] == [None] * 3
    for inputs, result in zip(batch, results, strict=True):
        assert np.array_equal(result.observation.outputs[0]["y"], inputs["a"] + inputs["b"])
        assert result.observation.cycles == 17  # 16 beats and one register stage
        assert result.observation.counters == {
            "first_output": 2.0, "stalled_input_cycles": 0.0, "beats_in": 16.0, "beats_out": 16.0,
        }  # fmt: skip


def test_a_right_memory_kernel(run, copy, kernel):
    batch, results = run(copy, kernel("copy"), sets=2)
    assert [result.error for result in results] == [None] * 2
    for inputs, result in zip(batch, results, strict=True):
        assert np.array_equal(result.observation.outputs[0]["y"], inputs["x"])
        # start, then for each of 4 words: read, 8 cycles until the answer, write; then done.
        assert result.observation.cycles == 1 + 4 * (1 + 8 + 1) + 1
        assert result.observation.counters["reads"] == result.observation.counters["writes"] == 4.0


STREAM = {
    "valid is not reset": (
        [("if (rst) m_valid <= 1'b0;", "")],
        Failure.x_control, "m_valid is undefined (X or Z) in cycle 1, after reset (run without stalls)",
    ),
    "a lane is never written": (
        [("i < LANES", "i < LANES - 1")],
        Failure.x_data, "output beat 0 (cycle 2) is undefined (X or Z) in y[3] (run without stalls)",
    ),
    "last is undefined": (
        [("m_last <= s_last;", "")],
        Failure.x_control, "m_last is X with output beat 0 (cycle 2) (run without stalls)",
    ),
    "last is always high": (
        [("m_last <= s_last;", "m_last <= 1'b1;")],
        Failure.protocol,
        "m_last is 1 with output beat 0 (cycle 2), which is not the last one (run without stalls)",
    ),
    "last is never high": (
        [("m_last <= s_last;", "m_last <= 1'b0;")],
        Failure.protocol,
        "m_last is 0 with output beat 15 (cycle 17), which is the last one of the problem (run without stalls)",
    ),
    "nothing is ever taken": (
        [("assign s_ready = !m_valid || m_ready;", "assign s_ready = 1'b0;")],
        Failure.max_cycles,
        "no beat moved for a long time before cycle 300: 0 of 16 input beats taken, 0 of 16 output beats given"
        " (run without stalls)",
    ),
    "the last beat is swallowed": (
        [("m_valid <= s_valid;", "m_valid <= s_valid && !s_last;")],
        Failure.short_output,
        "no beat moved for a long time before cycle 316: 16 of 16 input beats taken, 15 of 16 output beats given"
        " (run without stalls)",
    ),
    "the last beat is given twice": (
        [("m_valid <= s_valid;", "m_valid <= s_valid || (m_valid && m_last && m_ready && !twice); twice <= m_valid && m_last;"),
         ("integer i;", "integer i; reg twice;"), ("if (rst) m_valid <= 1'b0;", "if (rst) {m_valid, twice} <= 2'b0;")],
        Failure.protocol, "m_valid is high in cycle 18, after the last of 16 output beats (run without stalls)",
    ),
    "back-pressure is ignored": (
        [("assign s_ready = !m_valid || m_ready;", "assign s_ready = 1'b1;")],
        Failure.protocol, None,
    ),
    "valid falls while it waits": (
        [("if (rst)", "if (m_valid && !m_ready) m_valid <= 1'b0;\n        if (rst)")],
        Failure.protocol, None,
    ),
    "valid waits for ready": (
        [("output reg m_valid", "output wire m_valid"), ("integer i;", "integer i; reg full; assign m_valid = full && m_ready;"),
         ("m_valid <= s_valid;", "full <= s_valid;"), ("if (rst) m_valid", "if (rst) full"),
         ("assign s_ready = !m_valid || m_ready;", "assign s_ready = !full || m_ready;")],
        Failure.max_cycles, None,
    ),
    "idle inputs are compared with X": (
        [("m_last <= s_last;", "m_last <= s_last; if (!s_valid && s_data !== {SW{1'bx}}) spoiled <= 1'b1;"),
         ("+ s_data[32*(LANES+i) +: 32]", "+ s_data[32*(LANES+i) +: 32] + spoiled"), ("integer i;", "integer i; reg spoiled;"),
         ("if (rst) m_valid <= 1'b0;", "if (rst) {m_valid, spoiled} <= 2'b0;")],
        Failure.mismatch, None,
    ),
    "the second problem is another one": (
        [("m_last <= s_last;", "m_last <= s_last; if (s_valid && s_last) again <= 1'b1;"),
         ("+ s_data[32*(LANES+i) +: 32]", "+ s_data[32*(LANES+i) +: 32] + again"), ("integer i;", "integer i; reg again;"),
         ("if (rst) m_valid <= 1'b0;", "if (rst) {m_valid, again} <= 2'b0;")],
        Failure.mismatch, None,
    ),
}  # fmt: skip
LATER = {
    "back-pressure is ignored": r"m_data changed in cycle \d+, while output beat \d+ waited for m_ready "
    r"\(run with random stalls of the outputs\)",
    "valid falls while it waits": r"m_valid fell in cycle \d+, before output beat \d+ was taken "
    r"\(run with random stalls of the outputs\)",
    "valid waits for ready": r"no beat moved .*; m_ready waits for m_valid here, so m_valid must not depend on m_ready \(run .*",
    "idle inputs are compared with X": r"\d+ of 64 elements of y differ, first y\[\d+\] = -?\d+ instead of -?\d+, "
    r"with random values on idle inputs, unlike in the run without",
    "the second problem is another one": r"64 of 64 elements of y differ, first y\[0\] = -?\d+ instead of -?\d+, "
    r"with two problems back to back, unlike in the run without",
}
"""Messages of runs whose stalls are random."""


@pytest.mark.parametrize("name", STREAM)
def test_each_broken_rule_of_the_stream_is_named(run, add, kernel, name):
    changes, expected, message = STREAM[name]
    found, said = failure(run(add, kernel("add", *changes))[1])
    assert found is expected
    if message is None:
        assert re.fullmatch(LATER[name], said), said
    else:
        assert said == message


MEMORY = {
    "the state is not reset": (
        [("state <= IDLE;\n            done", "done")],
        Failure.x_control, "req_valid is undefined (X or Z) in cycle 1, after reset (run without stalls)",
    ),
    "the address is undefined": (
        [("index <= 0;", "")], Failure.x_control, "req_addr is undefined (X or Z) in cycle 2, after reset (run without stalls)",
    ),
    "the data are undefined": (
        [("data <= rsp_rdata;", "")],
        Failure.x_data, "a write to word 16 in cycle 11 carries undefined bits (X or Z) (run without stalls)",
    ),
    "an input is written": (
        [("? BASE_Y : BASE_X", "? BASE_X : BASE_X")],
        Failure.protocol, "a write to word 8 in cycle 11, which belongs to no output (run without stalls)",
    ),
    "a word too many": (
        [("(N + 7) / 8", "(N + 7) / 8 + 1")],
        Failure.protocol, "a write to word 20 in cycle 51, which belongs to no output (run without stalls)",
    ),
    "done comes with the last write": (
        [("output reg done", "output wire done"), ("done <= index == WORDS - 1;", ""), ("done <= 1'b0;\n        case", "case"),
         ("state <= IDLE;\n            done <= 1'b0;", "state <= IDLE;"),
         ("assign req_we", "assign done = state == WRITE && index == WORDS - 1 && req_ready;\n    assign req_we")],
        Failure.protocol,
        "done is high in cycle 41 together with a request; it comes after the last one was accepted (run without stalls)",
    ),
    "done stays": (
        [("done <= 1'b0;\n        case", "case")],
        Failure.protocol,
        "done is high in cycle 43, although no problem is running; it is high for one cycle, once a problem (run without stalls)",
    ),
    "done never comes": (
        [("done <= index == WORDS - 1;", "")],
        Failure.max_cycles, "no request and no done for a long time before cycle 341 of problem 0: 4 reads and 4 writes accepted"
        " (run without stalls)",
    ),
    "reads go on after the end": (
        [("state <= index == WORDS - 1 ? IDLE : READ;", "state <= READ;")],
        Failure.protocol, None,
    ),
    "a request is not held": (
        [("READ: if (req_ready) state <= WAIT;", "READ: state <= WAIT;")],
        Failure.protocol, None,
    ),
    "the latency is taken for granted": (
        [("WAIT: if (rsp_valid) begin", "WAIT: if (count == 7) begin"), ("reg [1:0] state;", "reg [1:0] state; reg [2:0] count;"),
         ("done <= 1'b0;\n        case", "done <= 1'b0; count <= state == WAIT ? count + 1 : 0;\n        case")],
        Failure.x_data, None,
    ),
}  # fmt: skip
MEMORY_LATER = {
    "reads go on after the end": r"done is high in cycle 42 together with a request; .*",
    "a request is not held": r"req_valid fell in cycle \d+ before the request was accepted .* "
    r"\(run with req_ready low at random\)",
    "the latency is taken for granted": r"a write to word \d+ in cycle \d+ carries undefined bits \(X or Z\) "
    r"\(run with answers after 4 to 40 cycles\)",
}


@pytest.mark.parametrize("name", MEMORY)
def test_each_broken_rule_of_the_memory_is_named(run, copy, kernel, name):
    changes, expected, message = MEMORY[name]
    found, said = failure(run(copy, kernel("copy", *changes))[1])
    assert found is expected, said
    if message is None:
        assert re.fullmatch(MEMORY_LATER[name], said), said
    else:
        assert said == message


def test_outputs_must_not_come_before_the_inputs_were_taken(run, add):
    source = """
module kernel #(parameter N = 64) (input wire clk, input wire rst, input wire s_valid, output wire s_ready,
    input wire [255:0] s_data, input wire s_last, output wire m_valid, input wire m_ready, output wire [127:0] m_data,
    output wire m_last);
    reg [7:0] count;
    assign s_ready = 1'b0;
    assign m_valid = count < N / 4;
    assign m_last = count == N / 4 - 1;
    assign m_data = 0;
    always @(posedge clk) if (rst) count <= 0; else if (m_valid && m_ready) count <= count + 1;
endmodule
"""
    found, said = failure(run(add, source)[1])
    assert found is Failure.protocol
    assert said.startswith("the last output beat was given before the last input beat was taken: 0 of 16 input beats taken")


def test_a_netlist_that_behaves_differently_is_a_class_of_its_own(run, add, kernel):
    late = kernel("add", ("m_valid <= s_valid;", "m_valid <= s_valid && s_data[0] !== 1'bx;"), ("s_data[32*i +: 32] +", "1 +"))
    found, said = failure(run(add, kernel("add"), netlist=late)[1])
    assert found is Failure.synth_mismatch
    assert re.fullmatch(r"output beat 0 \(cycle 2\) is [0-9a-f]+ from the source, but [0-9a-f]+ from its netlist", said)


def test_outputs_that_nobody_writes_are_no_disagreement_of_source_and_netlist(run, copy, kernel):
    _, results = run(copy, kernel("copy", ("assign req_wstrb = 8'hff;", "assign req_wstrb = 8'h00;")), sets=3)
    assert [result.error is None for result in results] == [True, True, False]
    assert failure(results)[0] is Failure.mismatch  # under stalls, where the junk is other junk


def test_a_wrong_kernel_is_shown_its_outputs_before_its_manners(run, add, kernel):
    _, results = run(add, kernel("add", ("assign s_ready = !m_valid || m_ready;", "assign s_ready = 1'b1;")), sets=3)
    assert [result.error is None for result in results] == [True, True, False]


def test_a_simulation_that_spins_is_stopped(run, add, kernel, conductor, monkeypatch):
    monkeypatch.setattr(conductor_module, "ALONE", 1)
    monkeypatch.setitem(conductor.__dict__, "verilator", None)
    spins = kernel("add", ("integer i;", "integer i; wire spin; assign spin = m_valid === 1'b1 ? ~spin : 1'b0;"))
    found, said = failure(run(add, spins, limits=Limits(wall_s=1.0))[1])
    assert found is Failure.cpu_timeout
    assert re.fullmatch(r"(in the synthesized netlist: )?the simulation was stopped after \d+ s of CPU time", said)


def test_verilator_gives_the_same_outputs_in_the_same_cycles(run, add, copy, kernel, conductor, monkeypatch):
    if conductor.verilator is None:
        pytest.skip("verilator is not installed")
    used, run_all = [], conductor_module.run_all

    def recorded(sandbox, simulator, *rest):
        used.append(simulator.name)
        return run_all(sandbox, simulator, *rest)

    monkeypatch.setattr(conductor_module, "run_all", recorded)
    for workload, name in ((add, "add"), (copy, "copy")):
        used.clear()
        _, slow = run(workload, kernel(name))
        assert used == ["icarus"] * 4
        used.clear()
        with monkeypatch.context() as patched:
            patched.setattr(conductor.verilator, "cost", lambda bench, design: 0.0)
            _, fast = run(workload, kernel(name))
        assert used == ["icarus"] * 2 + ["verilator"] * 2
        assert [result.observation.moments for result in fast] == [result.observation.moments for result in slow]


def test_a_long_first_run_is_cut_off_and_finished_by_verilator(run, add, kernel, conductor, monkeypatch):
    if conductor.verilator is None:
        pytest.skip("verilator is not installed")
    monkeypatch.setattr(conductor_module, "_CPU_SIGNALS", {0})  # every run on Icarus looks as if it had been killed
    monkeypatch.setattr(conductor_module, "_check_ended", lambda ran: None)
    _, results = run(add, kernel("add"))
    assert [result.error for result in results] == [None, None]
    assert results[0].observation.cycles == 17


def test_a_run_that_is_missing_is_never_a_pass(run, add, kernel, monkeypatch):
    run_all = conductor_module.run_all
    monkeypatch.setattr(conductor_module, "run_all", lambda *arguments: run_all(*arguments)[:3])
    with pytest.raises(InfraError, match=r"a box ended after 3 of 6 simulations of the netlist"):
        run(add, kernel("add"))


def test_robustness_is_seeded_anew_each_time(run, add, kernel):
    fussy = kernel("add", ("assign s_ready = !m_valid || m_ready;", "assign s_ready = 1'b1;"))
    messages: set[str] = set()
    for _ in range(20):  # of one run in three the stalls begin at the first beat, as in the one before
        messages.add(failure(run(add, fussy)[1])[1])
        if len(messages) > 1:
            return
    pytest.fail(f"20 runs failed alike: {messages}")


def test_without_verilator_that_is_said_once(sandbox, cache, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    fresh = conductor_module.Conductor(lambda: sandbox, cache)
    assert (fresh.verilator, fresh.verilator) == (None, None)
    assert capsys.readouterr().err == (
        "verilog: no Verilator here, so long simulations run on Icarus and take minutes (apt-get install verilator g++)\n"
    )
