"""Ports and parameters against the contract of a workload, with the message for every way to miss it."""

from __future__ import annotations

import pytest

from tests.backends.verilog.gate.conftest import Look

PORTS = {"clk": ("input", 1), "d": ("input", 8), "q": ("output", 8)}
GOOD = """module kernel #(parameter N = 1, parameter OWN = 7) (input clk, input [N-1:0] d, output [N-1:0] q);
assign q = d;
endmodule
"""


def problems(look: Look, text: str) -> list[tuple[str, str, str]]:
    answer = look(text, ports=PORTS, parameters={"N": 8, "M": 3})
    return [(problem["failure"], problem["message"], problem["hint"]) for problem in answer["problems"]]


def test_parameters_are_set_before_widths_are_compared(look: Look) -> None:
    answer = look(GOOD, ports=PORTS, parameters={"N": 8, "M": 3})
    assert (answer["problems"], sorted(answer["parameters"])) == ([], ["N", "OWN"])


def test_localparams_are_not_parameters(look: Look) -> None:
    text = GOOD.replace("parameter OWN = 7", "localparam M = 2").replace("assign", "localparam P = 3; assign")
    assert look(text, ports=PORTS, parameters={"N": 8, "M": 3})["parameters"] == ["N"]


def test_parameters_in_the_body_count_where_the_header_has_none(look: Look) -> None:
    text = (
        "module kernel (clk, d, q);\nparameter N = 1;\ninput clk; input [N-1:0] d; output [N-1:0] q;\nassign q = d;\nendmodule\n"
    )
    answer = look(text, ports=PORTS, parameters={"N": 8})
    assert (answer["problems"], answer["parameters"]) == ([], ["N"])


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("kernel", "top", "no module 'kernel'; there is 'top'", "call the top module 'kernel'"),
        ("input clk, ", "", "no port 'clk'", "add: input wire clk"),
        ("input clk", "input clk, input extra", "port 'extra' is not one of the interface", "remove it; the ports are clk, d, q"),
        ("[N-1:0] d", "[N:0] d", "port 'd' is input with 9 bits, not input with 8", "write: input wire [7:0] d"),
        ("output [N-1:0] q", "input [N-1:0] q", "port 'q' is input with 8 bits, not output with 8", "write: output wire [7:0] q"),
        ("parameter N", "parameter [2:0] N", "parameter 'N' holds 3'b0 when it is set to 8", "without a range"),
        ("OWN = 7", "OWN", "parameters without a default are not part of the kernel language", "the harness sets"),
    ],
)  # fmt: skip
def test_missed(old: str, new: str, message: str, hint: str, look: Look) -> None:
    assert GOOD.count(old) >= 1
    text = GOOD.replace(old, new, 1).replace("assign q = d;", "")
    failure, said, help_ = problems(look, text)[0]
    assert failure == "port_contract"
    assert message in said
    assert hint in help_


def test_every_missing_port_is_named_at_once(look: Look) -> None:
    found = problems(look, "module kernel (input clk);\nendmodule\n")
    assert [message for _, message, _ in found] == ["no port 'd'", "no port 'q'"]


def test_a_text_without_a_module_says_so(look: Look) -> None:
    assert problems(look, "localparam X = 1;\n")[0][1] == "no module 'kernel'; there is no module at all"


@pytest.mark.parametrize(
    ("port", "message"),
    [
        ("input [7:0] d [0:1]", "array ports are not part of the kernel language"),
        ("inout [7:0] d", "inout ports are not part of the kernel language"),
        ("ref logic [7:0] d", "ref arguments are not part of the kernel language"),
        ("pair_t d", "port 'd' has a struct, union or enum type"),
    ],
)
def test_ports_that_simulators_cannot_connect(port: str, message: str, look: Look) -> None:
    direction = "input " if port.startswith("pair_t") else ""
    types = "typedef struct packed {logic [3:0] a; logic [3:0] b;} pair_t;\n"
    text = f"{types}module kernel (input clk, {direction}{port}, output [7:0] q);\nendmodule\n"
    assert problems(look, text)[0][1] == message
