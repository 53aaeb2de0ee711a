"""Rendering a bench for one workload."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backends.templates import environment
from backends.verilog import interface
from harness.record import digest
from harness.task import Workload

RESET_CYCLES = 8
"""How long ``rst`` is high before a run."""
DRAIN_CYCLES = 32
"""How long a run goes on after the last output, to see that nothing more comes."""


@dataclass(frozen=True)
class Bench:
    """A bench's text; its names are random, so that no kernel can refer to it."""

    top: str
    """Name of the top module."""
    instance: str
    """Name of the kernel's instance in it."""
    key: str
    """Digest of the text without the random names: benches with equal keys do the same."""
    text: str
    """Verilog, for Icarus (which makes its own clock) and Verilator (whose program drives ``clk``)."""


def render(workload: Workload, parameters: Iterable[str], window: tuple[int, int] | None = None) -> Bench:
    """The bench of a workload, whose kernel instance is given the named parameters of its contract. With a ``window`` of cycles
    it also writes all signals of the kernel there to ``wave.vcd``, from which `backends.verilog.wave` makes a waveform."""
    contract = interface.contract(workload)
    top, instance = (f"{kind}_{secrets.token_hex(8)}" for kind in ("bench", "dut"))
    values = ", ".join(f".{name}({contract.parameters[name]})" for name in parameters)
    template = environment("backends.verilog", "simulate").get_template(f"{contract.profile}.sv.j2")
    text = template.render(
        bench=top,
        instance=instance,
        parameters=f" #({values})" if values else "",
        reset_cycles=RESET_CYCLES,
        drain_cycles=DRAIN_CYCLES,
        window=window,
        **_sizes(workload, contract),
    )
    return Bench(top, instance, digest(text.replace(top, "bench").replace(instance, "dut")), text)


def _sizes(workload: Workload, contract: interface.Contract) -> Mapping[str, object]:
    if contract.profile == "stream":
        return {"sw": contract.parameters["SW"], "mw": contract.parameters["MW"]}
    return {
        "aw": interface.ADDRESS_BITS,
        "dw": interface.DATA_BITS,
        "words": interface.memory_words(workload),
        "low": interface.first_output(workload),
        "outputs": [
            (base, base + interface.words_of(workload.outputs[name]))
            for name, base in interface.bases(workload).items()
            if name in workload.outputs
        ],
    }
