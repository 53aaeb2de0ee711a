"""Yosys and nextpnr for a kernel: the netlist gate, a quick estimate, and area and clock on a real device.

Open first: this file for what it offers; ``wasm.py`` for how the tools run; ``netlist.py`` and ``rules.py`` for the gate. Texts
are those that the source gate has passed, with the kernel's own line numbers; parameters are those that the kernel declares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from backends.verilog.synthesis import netlist as netlists
from backends.verilog.synthesis import ppa as ppas
from backends.verilog.synthesis import quick as quicks
from backends.verilog.synthesis.area import Resources
from backends.verilog.synthesis.limits import LIMITS, DesignLimits
from backends.verilog.synthesis.modules import APPLICATIONS, Application, compiled
from backends.verilog.synthesis.netlist import Netlist, NetlistStats
from backends.verilog.synthesis.path import LongestPath
from backends.verilog.synthesis.ppa import TIE, Comparison, Ppa, UnplaceableError, compare
from backends.verilog.synthesis.quick import Quick
from backends.verilog.synthesis.wasm import Wasm
from harness.errors import InfraError
from harness.record import digest
from harness.sandbox import Sandbox

__all__ = [
    "LIMITS", "TIE", "Comparison", "DesignLimits", "LongestPath", "Netlist", "NetlistStats", "Ppa", "Quick", "Resources",
    "Synthesis", "UnplaceableError", "compare",
]  # fmt: skip


class Synthesis:
    """The synthesiser of one session. Every method raises InfraError where a tool is missing or broken."""

    def __init__(self, sandbox: Callable[[], Sandbox], cache: Path) -> None:
        self._cache = cache
        self._wasm = Wasm(sandbox, cache)

    def netlist(self, text: str, parameters: Mapping[str, int], limits: DesignLimits = LIMITS) -> Netlist:
        """The word-level netlist of a kernel, or why it is refused."""
        return netlists.elaborate(self._wasm, text, parameters, limits)

    def quick(self, text: str, parameters: Mapping[str, int]) -> Quick:
        """Area and longest path of an accepted kernel, estimated in a few seconds at most for a kernel of usual size."""
        return quicks.estimate(self._wasm, text, parameters)

    def ppa(self, text: str, parameters: Mapping[str, int], seeds: int = 3) -> Ppa:
        """Area and clock of an accepted kernel on an ECP5: half a minute and more, then cached. UnplaceableError if it fails."""
        return ppas.measure(self._wasm, text, parameters, seeds, self._cache / "ppa", self.digest)

    def warm(self) -> None:
        """Compiles the tools if that has not been done, so that the first kernel need not wait."""
        for application in APPLICATIONS:
            compiled(application, self._cache)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides a result: versions of the tools, our scripts and rules. Also where a tool is missing."""
        here = Path(__file__).parent
        ours = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(here.glob("*.[cp]*")) if path.is_file()
        }
        return digest({application.distribution: _version(application) for application in APPLICATIONS}, ours)


def _version(application: Application) -> str:
    try:
        return application.version
    except InfraError:
        return "missing"
