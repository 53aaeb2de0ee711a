"""One synthesiser per session, and small designs that are well-formed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backends.verilog.synthesis import Netlist, Synthesis
from harness.errors import InfraError
from harness.sandbox import Sandbox

DESIGNS = Path(__file__).parent / "designs"
HEADER = """\
module kernel #(parameter N = 4) (
  input wire clk, input wire rst, input wire en, input wire [7:0] a, output {y} [7:0] y
);
"""


@pytest.fixture(scope="session")
def synthesis(sandbox: Sandbox, cache: Path) -> Synthesis:
    made = Synthesis(lambda: sandbox, cache)
    try:
        made.warm()
    except InfraError as error:
        pytest.skip(f"no synthesiser: {error}")
    return made


@pytest.fixture(scope="session")
def design() -> Callable[[str], str]:
    """``design("fifo")``: the text of a well-formed design."""
    return lambda name: (DESIGNS / f"{name}.v").read_text()


@pytest.fixture(scope="session")
def gate(synthesis: Synthesis) -> Callable[..., Netlist]:
    """``gate("assign y = a;", reg=False)``: the netlist of a module with this body; lines count from the body's first, 4."""

    def elaborate(body: str, *, reg: bool = False) -> Netlist:
        return synthesis.netlist(HEADER.format(y="reg" if reg else "wire") + body + "\nendmodule\n", {"N": 4})

    return elaborate
