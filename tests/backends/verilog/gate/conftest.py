"""The gate in its box, and the part of it that runs there, called directly for texts that the tests wrote themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("pyslang", reason="the source gate needs the rtl extra")

from backends.verilog.gate import SourceGate
from backends.verilog.gate.box.elaborate import Top
from backends.verilog.gate.box.worker import check
from harness.sandbox import Sandbox

Look = Callable[..., dict[str, Any]]
HEADER = "module kernel #(parameter N = 4) (input wire clk, input wire rst, input wire [7:0] d, output wire [7:0] q);\n"


@pytest.fixture(scope="session")
def gate(sandbox: Sandbox) -> SourceGate:
    return SourceGate(lambda: sandbox)


@pytest.fixture(scope="session")
def look() -> Look:
    """``look(text)`` is what the program in the box answers, with any ports allowed unless they are given."""

    def look(text: str, **top: Any) -> dict[str, Any]:
        return check(text, Top(**{"name": "kernel", "ports": None, "parameters": {}, **top}))

    return look


@pytest.fixture(scope="session")
def body(look: Look) -> Look:
    """``body(text)``: the same for the body of a module, which starts in line 2."""
    return lambda text, before="": look(f"{before}{HEADER}{text}\nendmodule\n")
