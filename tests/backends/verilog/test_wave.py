"""Waveforms from dumps written by hand."""

from __future__ import annotations

import pytest

from backends.verilog import wave

VCD = """\
$timescale 1s $end
$scope module bench_1 $end
$var reg 1 ! clk $end
$var integer 32 " cycle [31:0] $end
$scope module dut_1 $end
$var wire 1 ! clk $end
$var wire 12 # data [11:0] $end
$var reg 1 $ valid $end
$scope module fifo $end
$var reg 100 % wide [99:0] $end
$upscope $end
$upscope $end
$upscope $end
$enddefinitions $end
#10
$dumpvars
1!
b0 "
bx #
0$
bz %
$end
#11
0!
b1 "
#12
1!
b11110100101 #
1$
#13
0!
b10 "
#14
1!
b1x #
#15
0!
b11 "
"""


def test_values_are_those_of_the_middle_of_a_cycle():
    seen = wave.read(VCD, "dut_1")
    assert [signal.name for signal in seen.signals] == ["clk", "data", "valid", "fifo.wide"]
    assert seen.cycles == (1, 2, 3)
    assert seen.values["valid"] == ["0", "1", "1"]
    assert seen.values["data"] == ["x" * 12, "011110100101", "00000000001x"]


def test_the_table():
    seen = wave.read(VCD, "dut_1")
    signals = wave.choose(seen, ["data", "fifo.*", "valid"], [], 40)
    assert wave.render(seen, signals, 1, 3) == (
        "cycle                            1    2    3\n"
        "data[11:0]                     xxx  7a5  00x\n"
        "fifo.wide[99:0]  ~zzzzzzzzzzzzzzzz    .    .\n"
        "valid                            0    1    ."
    )
    assert wave.render(seen, signals[:1], 2, 2) == "cycle         2\ndata[11:0]  7a5"


def test_without_a_wish_the_ports_come_first():
    seen = wave.read(VCD, "dut_1")
    assert [signal.name for signal in wave.choose(seen, [], ["valid"], 40)] == ["valid", "data"]
    assert [signal.name for signal in wave.choose(seen, [], ["valid"], 1)] == ["valid"]


def test_a_wish_that_nothing_matches():
    with pytest.raises(ValueError, match=r"no signal matches 'nix\*'; there is clk, data, valid, fifo.wide"):
        wave.choose(wave.read(VCD, "dut_1"), ["nix*"], [], 40)


def test_a_dump_of_something_else():
    with pytest.raises(ValueError, match="the dump has no clock and no cycle counter"):
        wave.read(VCD.replace("cycle", "other"), "dut_1")
