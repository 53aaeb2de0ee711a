"""Area and clock on a device: plausible, repeatable, and not to be had for nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backends.verilog.synthesis import Ppa, Resources, Synthesis, UnplaceableError, compare, ppa
from backends.verilog.synthesis.area import of_ecp5
from harness.errors import InfraError
from harness.sandbox import Sandbox

Design = Callable[[str], str]
UNREGISTERED = """\
module kernel(input wire clk, input wire [15:0] a, b, c, output wire [31:0] y);
  assign y = a * b + c;
endmodule
"""


def cost(fmax: float = 100.0, luts: int = 1000) -> Ppa:
    return Ppa(luts, 0, 0, 0, 0, fmax, {1: fmax}, 1.0)


@pytest.mark.slow
def test_figures_are_plausible_and_repeat(synthesis: Synthesis, design: Design, sandbox: Sandbox, tmp_path: Path) -> None:
    found = synthesis.ppa(design("accumulate"), {}, seeds=2)
    estimate = synthesis.quick(design("accumulate"), {}).resources
    assert estimate is not None
    assert found.dsps == estimate.dsps == 1
    assert abs(found.ffs - estimate.ffs) <= 2
    assert 0.5 < found.area / estimate.area < 2
    assert 40 < found.fmax_mhz < 250
    assert set(found.seeds) == {1, 2}
    assert found.fmax_mhz == sum(found.seeds.values()) / 2
    again = Synthesis(lambda: sandbox, tmp_path).ppa(design("accumulate"), {}, seeds=1)
    assert again.seeds == {1: found.seeds[1]}
    assert again.area == found.area


@pytest.mark.slow
def test_logic_outside_registers_is_not_free(synthesis: Synthesis) -> None:
    found = synthesis.ppa(UNREGISTERED, {}, seeds=1)
    assert (found.ffs, found.dsps) == (0, 1)
    assert 50 < found.fmax_mhz < 250  # a multiplier and an adder, and not the far higher rate of registers alone


@pytest.mark.slow
def test_what_does_not_fit(synthesis: Synthesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppa, "DEVICE", ("--25k", "--package", "CABGA256"))
    products = " + ".join(f"a[{8 * i} +: 8] * b[{8 * i} +: 8]" for i in range(30))
    text = f"module kernel(input wire clk, input wire [239:0] a, b, output wire [31:0] y);\n  assign y = {products};\nendmodule\n"
    with pytest.raises(UnplaceableError, match=r"the design cannot be placed and routed: .*MULT18X18D") as caught:
        synthesis.ppa(text, {}, seeds=1)
    assert caught.value.hint == "make it smaller"


def test_what_cannot_be_read(synthesis: Synthesis) -> None:
    with pytest.raises(UnplaceableError, match="the synthesiser cannot read this"):
        synthesis.ppa("module kernel(input wire clk);\n  wire w = ;\nendmodule\n", {}, seeds=1)


def test_figures_are_kept(synthesis: Synthesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def measure(*_: Any) -> Ppa:
        measured.append(1)
        return cost()

    monkeypatch.setattr(ppa, "_measure", measure)
    arguments: tuple[Any, ...] = (synthesis._wasm, "text", {"N": 4}, 3, tmp_path / "ppa")
    assert ppa.measure(*arguments, "version 1") == ppa.measure(*arguments, "version 1") == cost()
    assert len(measured) == 1
    ppa.measure(*arguments, "version 2")
    assert len(measured) == 2
    for path in (tmp_path / "ppa").iterdir():
        path.write_text("{}")
    with pytest.raises(InfraError, match=r"is damaged: .*\n  hint: delete it"):
        ppa.measure(*arguments, "version 1")


def test_area_is_the_formula() -> None:
    assert Resources(luts=904, carry=256, ffs=516, dsps=16, brams=1).area == 904 + 2 * 256 + 516 / 2 + 183 * 16 + 18432 / 16
    kinds = {"LUT4": 10, "TRELLIS_DPR16X4": 2, "CCU2C": 3, "TRELLIS_FF": 4, "MULT18X18D": 5, "DP16KD": 6, "PFUMX": 99}
    assert of_ecp5(kinds) == Resources(luts=18, carry=3, ffs=4, dsps=5, brams=6)


def test_comparing() -> None:
    faster = compare(cost(fmax=200.0), 1000, cost(fmax=100.0), 1000)
    assert faster == (2.0, 1.0, 2.0)
    assert compare(cost(luts=500), 1000, cost(luts=1000), 3000) == (3.0, 2.0, 6.0)
    assert compare(cost(luts=1000), 2000, cost(luts=500), 1000) == (0.5, 0.5, 0.25)


@pytest.mark.parametrize(("ratio", "shown"), [(1.04, 1.0), (0.96, 1.0), (1.06, 1.06), (0.94, 0.94)])
def test_small_differences_are_none(ratio: float, shown: float) -> None:
    assert compare(cost(), 1000, cost(), 1000 * ratio).speed == pytest.approx(shown)


def test_every_port_but_the_clock_gets_a_register() -> None:
    module: dict[str, Any] = {
        "ports": {
            "clk": {"direction": "input", "bits": [2]},
            "a": {"direction": "input", "bits": [3, 4]},
            "y": {"direction": "output", "bits": [5, "0"]},
        },
        "netnames": {"all": {"bits": [2, 3, 4, 5]}},
        "cells": {},
    }
    before = copy.deepcopy(module)
    ppa.register_ports(module)
    assert module["ports"]["clk"] == before["ports"]["clk"]
    assert module["ports"]["a"]["bits"] == [6, 7]
    assert module["ports"]["y"]["bits"] == [8, 9]
    wires = [(cell["connections"]["DI"], cell["connections"]["Q"]) for cell in module["cells"].values()]
    assert wires == [([6], [3]), ([7], [4]), ([5], [8]), (["0"], [9])]
    assert all(cell["connections"]["CLK"] == [2] for cell in module["cells"].values())
