"""Power (none), performance and area on a real device: ``synth_ecp5``, then nextpnr out of context, for several seeds."""

from __future__ import annotations

import itertools
import json
import os
import re
import statistics
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from backends.verilog.synthesis.area import Resources, of_ecp5
from backends.verilog.synthesis.design import Bit
from backends.verilog.synthesis.messages import of_error
from backends.verilog.synthesis.modules import NEXTPNR
from backends.verilog.synthesis.netlist import chparam, run_yosys, stopped
from backends.verilog.synthesis.rules import Problem
from backends.verilog.synthesis.wasm import Wasm
from harness.errors import InfraError, KernelwrightError
from harness.files import write_atomically
from harness.record import digest

SYNTHESIS_SECONDS = 120
"""Processor time for ``synth_ecp5``."""
PLACEMENT_SECONDS = 200
"""Processor time for one seed of nextpnr."""
TARGET_MHZ = 400
"""More than any design reaches, so that the tools never stop early."""
TIE = 0.05
"""Place and route scatters by this much between seeds: a smaller difference is none."""
DEVICE = ("--85k", "--package", "CABGA756", "--speed", "6")
"""An ECP5 LFE5U-85F: whatever `limits.DesignLimits` allows fits."""
SCRIPT = """\
read_verilog -sv kernel.v
hierarchy -check -top kernel {parameters}
synth_ecp5 -top kernel -json mapped.json
"""


_ERROR = re.compile(r"^ERROR: (.*)$", re.MULTILINE)


class UnplaceableError(KernelwrightError):
    """A design that passes the netlist gate but cannot be synthesised or placed in the time and on the device there are."""


@dataclass(frozen=True)
class Ppa:
    """What a design costs on an ECP5."""

    luts: int
    """LUT4s, those that serve as memory included."""
    carry: int
    """CCU2C: two bits of an adder each."""
    ffs: int
    """Flip-flops."""
    dsps: int
    """18x18 multipliers."""
    brams: int
    """Block memories of 18 kbit."""
    fmax_mhz: float
    """Median of the seeds' clock rates, in MHz."""
    seeds: Mapping[int, float]
    """Clock rate in MHz by nextpnr seed."""
    seconds: float
    """Wall time spent in tools, seeds added up; that of the first time where the result is from the cache."""

    @property
    def area(self) -> float:
        """LUT4 equivalents; see `Resources.area`."""
        return Resources(self.luts, self.carry, self.ffs, self.dsps, self.brams).area

    def time_us(self, cycles: float) -> float:
        """How long so many cycles take at this clock rate, in microseconds."""
        return cycles / self.fmax_mhz


class Comparison(NamedTuple):
    """A design against another; above 1 is better, and exactly 1 is a tie (within `TIE`)."""

    speed: float
    """Time of the other over time of this."""
    area: float
    """Area of the other over area of this."""
    area_delay: float
    """Area-delay product of the other over that of this."""


def compare(one: Ppa, cycles: float, other: Ppa, other_cycles: float) -> Comparison:
    """How ``one``, which takes ``cycles``, stands against ``other``."""
    speed, area = other.time_us(other_cycles) / one.time_us(cycles), other.area / one.area
    return Comparison(_tie(speed), _tie(area), _tie(speed * area))


def measure(wasm: Wasm, text: str, parameters: Mapping[str, int], seeds: int, cache: Path, version: str) -> Ppa:
    """Synthesises, places and routes a kernel that the netlist gate has accepted; UnplaceableError if that fails. The same text,
    tools (``version``) and seeds give the same figures, so they are kept in ``cache``."""
    key = digest(version, SCRIPT, DEVICE, TARGET_MHZ, text, dict(parameters), seeds)
    kept = cache / f"{key[:32]}.json"
    if kept.exists():
        return _load(kept)
    result = _measure(wasm, text, parameters, seeds)
    cache.mkdir(parents=True, exist_ok=True)
    write_atomically(kept, json.dumps(asdict(result)), durable=False)
    return result


def _measure(wasm: Wasm, text: str, parameters: Mapping[str, int], seeds: int) -> Ppa:
    script = SCRIPT.format(parameters=chparam(parameters))
    done = run_yosys(wasm, text, script, collect=("mapped.json",), seconds=SYNTHESIS_SECONDS)
    if problem := stopped(done, SYNTHESIS_SECONDS):
        raise _failed(problem)
    if done.returncode or "mapped.json" not in done.files:
        raise _failed(of_error(done.stderr.decode("utf-8", "replace")))
    mapped = json.loads(done.files["mapped.json"])
    module = mapped["modules"]["kernel"]
    used = of_ecp5(Counter(cell["type"] for cell in module["cells"].values()))
    register_ports(module)
    registered = json.dumps(mapped).encode()
    with ThreadPoolExecutor(min(seeds, os.cpu_count() or 1)) as pool:
        placed = list(pool.map(lambda seed: _place(wasm, registered, seed), range(1, seeds + 1)))
    rates = {seed: rate for seed, (rate, _) in enumerate(placed, 1)}
    seconds = done.seconds + sum(took for _, took in placed)
    return Ppa(**asdict(used), fmax_mhz=statistics.median(rates.values()), seeds=rates, seconds=seconds)


def register_ports(module: dict[str, Any]) -> None:
    """Puts a flip-flop at each port of a mapped module but the clock. Nextpnr measures paths between registers only, so logic
    in front of the first register or behind the last would be free. They are not counted in the area."""
    clock = module["ports"]["clk"]["bits"][0]
    bits = [bit for net in module["netnames"].values() for bit in net["bits"] if isinstance(bit, int)]
    fresh = itertools.count(max(bits, default=1) + 1)
    for name, port in module["ports"].items():
        if name == "clk":
            continue
        is_input, outside = port["direction"] == "input", []
        for index, inside in enumerate(port["bits"]):
            outer = next(fresh)
            outside.append(outer)
            data, state = (outer, inside) if is_input else (inside, outer)
            module["cells"][f"port${name}${index}"] = _flip_flop(clock, data, state)
        module["netnames"][f"port${name}"] = {"hide_name": 0, "bits": outside, "attributes": {}}
        port["bits"] = outside


def _flip_flop(clock: Bit, data: Bit, state: Bit) -> dict[str, Any]:
    """A cell as yosys writes it: always enabled, never reset."""
    inputs: dict[str, Bit] = {"CE": "1", "CLK": clock, "DI": data, "LSR": "0"}
    return {
        "hide_name": 0,
        "type": "TRELLIS_FF",
        "parameters": {
            "CEMUX": "CE",
            "CLKMUX": "CLK",
            "GSR": "DISABLED",
            "LSRMUX": "LSR",
            "REGSET": "RESET",
            "SRMODE": "LSR_OVER_CE",
        },
        "attributes": {},
        "port_directions": {**dict.fromkeys(inputs, "input"), "Q": "output"},
        "connections": {**{port: [bit] for port, bit in inputs.items()}, "Q": [state]},
    }


def _place(wasm: Wasm, mapped: bytes, seed: int) -> tuple[float, float]:
    """Clock rate in MHz and wall seconds."""
    arguments = [*DEVICE, "--json", "mapped.json", "--out-of-context", "--freq", str(TARGET_MHZ), "--timing-allow-fail"]
    arguments += ["--report", "report.json", "--seed", str(seed), "--quiet"]
    files = {"mapped.json": mapped}
    done = wasm.run(NEXTPNR, arguments, files=files, collect=("report.json",), seconds=PLACEMENT_SECONDS)
    if problem := stopped(done, PLACEMENT_SECONDS):
        raise _failed(problem)
    rates = [clock["achieved"] for clock in json.loads(done.files.get("report.json", b'{"fmax": {}}'))["fmax"].values()]
    if done.returncode or not rates:
        found = _ERROR.search(done.stderr.decode("utf-8", "replace"))
        reason = found[1] if found else f"nextpnr exits with {done.returncode}"
        raise UnplaceableError(f"the design cannot be placed and routed: {reason[:300]}", "make it smaller")
    return float(min(rates)), done.seconds


def _failed(problem: Problem) -> UnplaceableError:
    return UnplaceableError(problem.message, problem.hint)


def _load(path: Path) -> Ppa:
    try:
        kept = json.loads(path.read_text())
        return Ppa(**{**kept, "seeds": {int(seed): rate for seed, rate in kept["seeds"].items()}})
    except (KeyError, TypeError, ValueError) as error:
        raise InfraError(f"{path} is damaged: {error}", "delete it") from error


def _tie(ratio: float) -> float:
    return 1.0 if 1 / (1 + TIE) < ratio < 1 + TIE else ratio
